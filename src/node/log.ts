/** Logging: JSON lines, or readable lines on a terminal, on standard error. */
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

/** A record without secrets of URLs, which may come from errors of drivers. */
function maskedRecord(record: LogRecord): LogRecord {
  const { message, properties } = maskedIn({ message: record.message, properties: record.properties }) as LogRecord;
  return { ...record, message, properties };
}

/** A record with its message as one text, so that values in it are not quoted. */
function withBareMessage(record: LogRecord): LogRecord {
  const parts = record.message.map((part) => typeof part === "string" ? part : Deno.inspect(part));
  return { ...record, message: [parts.join("")] };
}

/** Writes a record as one line: coloured on a terminal, otherwise JSON. */
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
