/** How do we log? JSON lines, or pretty ones on a terminal; on standard error, so that output stays for people. */
import {
  configure,
  getAnsiColorFormatter,
  getLogger,
  jsonLinesFormatter,
  type Logger,
  type LogRecord,
  type TextFormatter,
} from "@logtape/logtape";
import type { Config } from "../config/config.ts";
import { maskedIn } from "../config/masked.ts";

/** A record without the secrets of URLs: what is told of may come from a driver, which names what it was given. */
function maskedRecord(record: LogRecord): LogRecord {
  const { message, properties } = maskedIn({ message: record.message, properties: record.properties }) as LogRecord;
  return { ...record, message, properties };
}

/** A record whose message is one text: the words in it are not quoted, so that a URL is one. */
function withBareMessage(record: LogRecord): LogRecord {
  const parts = record.message.map((part) => typeof part === "string" ? part : Deno.inspect(part));
  return { ...record, message: [parts.join("")] };
}

/** Writes a record as one line: coloured for a terminal, else as JSON. */
export function formatterOf(terminal: boolean): TextFormatter {
  if (!terminal) return (record) => jsonLinesFormatter(withBareMessage(maskedRecord(record)));
  const format = getAnsiColorFormatter({ timestamp: "time", value: "bare" });
  return (record) => format(maskedRecord(record));
}

/** Sets logging up. */
export async function openLog(
  level: Config["logLevel"],
  terminal: boolean = Deno.stderr.isTerminal(),
): Promise<Logger> {
  const format = formatterOf(terminal);
  const encoder = new TextEncoder();
  const lineOf = (record: LogRecord) => String(format(record)).trimEnd() + "\n";
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
