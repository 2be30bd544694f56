/**
 * Which fields does each line of a CSV file have? Quoted as RFC 4180 has it, but no field holds a line break, so each line
 * is read alone: a quote that is never closed spoils its own line.
 */
import { parse } from "csv-parse/sync";

/** A line that is not blank. */
export interface CsvLine {
  /** From 1; blank lines are counted too. */
  readonly line: number;
  /** What it holds; or why it holds no fields. */
  readonly fields: readonly string[] | "too_long" | "ill_formed";
}

/** Some lines, in their order. */
export interface CsvLines {
  readonly lines: readonly CsvLine[];
  /** Bytes of the file that were read so far. */
  readonly bytes: number;
}

/**
 * Reads a file, some lines at a time; ill-formed bytes become U+FFFD.
 *
 * @param lineMax longest line, in UTF-16 units
 * @throws whatever reading the stream does
 */
export async function* readLines(
  file: ReadableStream<Uint8Array<ArrayBuffer>>,
  lineMax: number,
): AsyncGenerator<CsvLines, void> {
  const decoder = new TextDecoder();
  let count = 0;
  let rest = "";
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.byteLength;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!.slice(0, lineMax + 1); // a line without end takes no memory
    yield { lines: linesOf(lines, count, lineMax), bytes };
    count += lines.length;
  }
  rest += decoder.decode();
  if (rest !== "") yield { lines: linesOf([rest], count, lineMax), bytes };
}

/** @param before lines of the file before these */
function linesOf(raw: readonly string[], before: number, lineMax: number): CsvLine[] {
  const texts = raw.map((text) => text.endsWith("\r") ? text.slice(0, -1) : text);
  const isRead = (text: string) => text.length <= lineMax && text.trim() !== "";
  const records = recordsOf(texts.filter(isRead)).values();
  const lines: CsvLine[] = [];
  for (const [index, text] of texts.entries()) {
    const line = before + index + 1;
    if (isRead(text)) lines.push({ line, fields: records.next().value ?? "ill_formed" });
    else if (text.length > lineMax) lines.push({ line, fields: "too_long" });
  }
  return lines;
}

/** Each line's fields; undefined for a line that is no record of its own. */
function recordsOf(lines: readonly string[]): (string[] | undefined)[] {
  if (lines.length === 0) return [];
  try {
    const records: string[][] = parse(lines.join("\n"), { record_delimiter: "\n", relax_column_count: true });
    if (records.length === lines.length) return records;
  } catch { // Some line is to blame.
  }
  if (lines.length === 1) return [undefined];
  const middle = lines.length >> 1;
  return [...recordsOf(lines.slice(0, middle)), ...recordsOf(lines.slice(middle))];
}
