/**
 * Which memberships does a CSV file hold? `ID,segment,expiredSegment` a line, with a header or without, quoted as RFC
 * 4180 has it. An id holds no line break, so each line is read alone: a quote that is never closed spoils its own line.
 */
import { parse } from "csv-parse/sync";
import { EXPIRY_MAX_S, isExpiry, type Membership } from "./domain/membership.ts";
import { isSegment, isUserId } from "./domain/text.ts";

/** Longest line, in UTF-16 units: twice what two ids of nothing but quotes take. */
export const LINE_MAX = 4_096;
/** The columns, in their order where there is no header. */
const COLUMNS = ["id", "segment", "expiredsegment"];

/** A line that holds no membership. */
export interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

/** What some lines hold. */
export interface CsvPart {
  readonly memberships: Membership[];
  readonly bad: BadLine[];
  /** Bytes of the file that were read so far. */
  readonly bytes: number;
}

/** Reads a file, some lines at a time. @throws whatever reading the stream does */
export async function* readMemberships(file: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<CsvPart, void> {
  const decoder = new TextDecoder(); // ill-formed bytes become U+FFFD, which no id holds
  const reader = new LineReader();
  let rest = "";
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.byteLength;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!.slice(0, LINE_MAX + 1); // a line without end takes no memory
    yield { ...reader.read(lines), bytes };
  }
  rest += decoder.decode();
  if (rest !== "") yield { ...reader.read([rest]), bytes };
}

/** Reads lines, which it numbers. */
class LineReader {
  #line = 0;
  #columns: readonly string[] | undefined;

  read(lines: readonly string[]): { memberships: Membership[]; bad: BadLine[] } {
    const memberships: Membership[] = [];
    const bad: BadLine[] = [];
    const numbered: { line: number; text: string }[] = [];
    for (const raw of lines) {
      const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      this.#line++;
      if (text.length > LINE_MAX) bad.push({ line: this.#line, why: `is longer than ${LINE_MAX} characters` });
      else if (text.trim() !== "") numbered.push({ line: this.#line, text });
    }
    const records = recordsOf(numbered.map(({ text }) => text));
    for (const [index, { line }] of numbered.entries()) {
      const fields = records[index];
      if (this.#columns === undefined) {
        this.#columns = headerOf(fields) ?? COLUMNS;
        if (this.#columns !== COLUMNS) continue;
      }
      const found = fields === undefined ? "is not well-formed CSV" : membershipOf(fields, this.#columns);
      if (typeof found === "string") bad.push({ line, why: found });
      else memberships.push(found);
    }
    return { memberships, bad: bad.sort((a, b) => a.line - b.line) };
  }
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

/** The columns that a first record names, in lower case; undefined where it is no header. */
function headerOf(fields: readonly string[] | undefined): string[] | undefined {
  const names = fields?.map((field) => field.trim().toLowerCase());
  return names?.length === COLUMNS.length && COLUMNS.every((column) => names.includes(column)) ? names : undefined;
}

/** The membership of a record, or what is wrong with it. */
function membershipOf(fields: readonly string[], columns: readonly string[]): Membership | string {
  if (fields.length !== COLUMNS.length) return `has ${fields.length} fields, not ${COLUMNS.length}`;
  const [userId, segment, expiry] = COLUMNS.map((column) => fields[columns.indexOf(column)]!);
  if (!isUserId(userId)) return "has an ID that is none: 1 to 255 characters, not blank, no control characters";
  if (!isSegment(segment)) return "has a segment that is none: 1 to 255 characters, not blank, no control characters";
  const expiresAt = /^\d{1,12}$/.test(expiry!) ? Number(expiry) : NaN;
  if (!isExpiry(expiresAt)) return `has an expiredSegment that is no whole number from 0 to ${EXPIRY_MAX_S}`;
  return { userId, segment, expiresAt };
}
