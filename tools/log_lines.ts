/** How does a node's line of JSON read on a terminal? */

const COLOUR: Readonly<Record<string, number>> = { DEBUG: 2, INFO: 32, WARN: 33, ERROR: 31, FATAL: 31 };

/** The time, the level in its colour, and the message; a line that is not a record of a log stays as it is. */
export function shownLine(line: string): string {
  let record: { readonly "@timestamp"?: unknown; readonly level?: unknown; readonly message?: unknown } | null;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  const { "@timestamp": at, level, message } = record ?? {};
  if (typeof at !== "string" || typeof level !== "string" || typeof message !== "string") return line;
  return `${at.slice(11, 23)} \x1b[${COLOUR[level] ?? 0}m${level.padEnd(5)}\x1b[0m ${message}`;
}
