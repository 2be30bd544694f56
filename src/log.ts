/** How do we log? JSON lines, or pretty ones on a terminal; on standard error, so that output stays for people. */
import { configure, getAnsiColorFormatter, getLogger, jsonLinesFormatter, type Logger } from "@logtape/logtape";
import type { Config } from "./config.ts";

/** Sets logging up. */
export async function openLog(
  level: Config["logLevel"],
  terminal: boolean = Deno.stderr.isTerminal(),
): Promise<Logger> {
  const formatter = terminal ? getAnsiColorFormatter({ timestamp: "time" }) : jsonLinesFormatter;
  const encoder = new TextEncoder();
  await configure({
    sinks: { out: (record) => Deno.stderr.writeSync(encoder.encode(String(formatter(record)).trimEnd() + "\n")) },
    loggers: [
      { category: ["doorbuster"], lowestLevel: level, sinks: ["out"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["out"] },
    ],
    reset: true,
  });
  return getLogger(["doorbuster"]);
}
