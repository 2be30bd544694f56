/** How do we log? JSON lines, or pretty ones on a terminal; on standard error, so that output stays for people. */
import {
  configure,
  getAnsiColorFormatter,
  getLogger,
  jsonLinesFormatter,
  type Logger,
  type LogRecord,
} from "@logtape/logtape";
import type { Config } from "./config.ts";
import { maskedIn } from "./masked.ts";

/** A record without the secrets of URLs: what is told of may come from a driver, which names what it was given. */
function maskedRecord(record: LogRecord): LogRecord {
  const { message, properties } = maskedIn({ message: record.message, properties: record.properties }) as LogRecord;
  return { ...record, message, properties };
}

/** Sets logging up. */
export async function openLog(
  level: Config["logLevel"],
  terminal: boolean = Deno.stderr.isTerminal(),
): Promise<Logger> {
  const formatter = terminal ? getAnsiColorFormatter({ timestamp: "time" }) : jsonLinesFormatter;
  const encoder = new TextEncoder();
  const lineOf = (record: LogRecord) => String(formatter(maskedRecord(record))).trimEnd() + "\n";
  await configure({
    sinks: { out: (record) => Deno.stderr.writeSync(encoder.encode(lineOf(record))) },
    loggers: [
      { category: ["doorbuster"], lowestLevel: level, sinks: ["out"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["out"] },
    ],
    reset: true,
  });
  return getLogger(["doorbuster"]);
}
