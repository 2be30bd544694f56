/**
 * Which coupons does a CSV file hold? Its first line names the columns: `name`, and any other field that a coupon can be
 * made with; an empty cell is a field that is not there, and `amount` is then 1. No field holds a line break, so each line
 * is read alone: a quote that is never closed spoils its own line.
 */
import { parse } from "csv-parse/sync";
import { CREATE_FIELDS, termsOf } from "./http/checks.ts";
import { BadRequest } from "./http/problem.ts";
import type { NamedCoupon } from "./storage/coupon_import.ts";

/** Longest line, in UTF-16 units. */
export const LINE_MAX = 8_192;
const NUMBER = /^-?\d{1,20}(\.\d{1,20})?$/;

/** The file's first line does not name the columns. */
export class BadHeader extends Error {
  override readonly name = "BadHeader";
}

/** A line's coupon. */
export interface CouponLine extends NamedCoupon {
  /** From 1. */
  readonly line: number;
}

/** What some lines hold. */
export interface CouponPart {
  readonly coupons: CouponLine[];
  /** Lines that hold none, and why. */
  readonly bad: { readonly line: number; readonly why: string }[];
  /** Bytes of the file that were read so far. */
  readonly bytes: number;
}

/** Reads a file, some lines at a time. @throws BadHeader, or whatever reading the stream does */
export async function* readCoupons(file: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<CouponPart, void> {
  const decoder = new TextDecoder(); // ill-formed bytes become U+FFFD, which no name holds
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
  yield { ...reader.read(rest === "" ? [] : [rest]), bytes };
  reader.mustHaveHeader();
}

/** Reads lines, which it numbers. */
class LineReader {
  #line = 0;
  #columns: readonly string[] | undefined;

  read(lines: readonly string[]): Omit<CouponPart, "bytes"> {
    const part: Omit<CouponPart, "bytes"> = { coupons: [], bad: [] };
    const numbered: { line: number; text: string }[] = [];
    for (const raw of lines) {
      const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      this.#line++;
      if (text.length > LINE_MAX) part.bad.push({ line: this.#line, why: `longer than ${LINE_MAX} characters` });
      else if (text.trim() !== "") numbered.push({ line: this.#line, text });
    }
    const records = recordsOf(numbered.map(({ text }) => text));
    for (const [index, { line }] of numbered.entries()) {
      if (this.#columns === undefined) this.#columns = columnsOf(records[index]);
      else this.#add(part, line, records[index], this.#columns);
    }
    return part;
  }

  mustHaveHeader(): void {
    if (this.#columns === undefined) throw new BadHeader("the file is empty");
  }

  #add(part: Omit<CouponPart, "bytes">, line: number, fields: string[] | undefined, columns: readonly string[]): void {
    try {
      if (fields === undefined) throw new BadRequest("invalid_request", "not well-formed CSV");
      part.coupons.push({ line, ...couponOf(fields, columns) });
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      part.bad.push({ line, why: error.message });
    }
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

function columnsOf(fields: readonly string[] | undefined): string[] {
  const columns = (fields ?? []).map((field) => field.trim().toLowerCase());
  const unknown = columns.filter((column) => !CREATE_FIELDS.has(column));
  if (columns.includes("name") && unknown.length === 0 && new Set(columns).size === columns.length) return columns;
  throw new BadHeader(
    `the first line must name the columns: name, and others of ${[...CREATE_FIELDS].join(", ")}, each once`,
  );
}

/** @throws BadRequest as POST of the same coupon is told */
function couponOf(fields: readonly string[], columns: readonly string[]): NamedCoupon {
  if (fields.length !== columns.length) {
    throw new BadRequest("invalid_request", `${fields.length} fields where the first line has ${columns.length}`);
  }
  const cells = columns.map((column, place) => [column, valueOf(column, fields[place]!)] as const);
  return termsOf({ amount: 1, ...Object.fromEntries(cells.filter(([, value]) => value !== "")) });
}

function valueOf(column: string, text: string): string | number {
  return column === "amount" && NUMBER.test(text) ? Number(text) : text; // money is a text
}
