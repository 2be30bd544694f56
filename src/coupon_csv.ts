/**
 * Which coupons does a CSV file hold? Its first line names the columns: `name`, and any other field that a coupon can be
 * made with; an empty cell is a field that is not there, and `amount` is then 1.
 */
import { type CsvLine, readLines } from "./csv_lines.ts";
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
  let columns: readonly string[] | undefined;
  for await (const { lines, bytes } of readLines(file, LINE_MAX)) {
    const part: CouponPart = { coupons: [], bad: [], bytes };
    for (const { line, fields } of lines) {
      if (fields === "too_long") part.bad.push({ line, why: `longer than ${LINE_MAX} characters` });
      else if (columns === undefined) columns = columnsOf(fields);
      else if (fields === "ill_formed") part.bad.push({ line, why: "not well-formed CSV" });
      else addCoupon(part, line, fields, columns);
    }
    yield part;
  }
  if (columns === undefined) throw new BadHeader("the file is empty");
}

function addCoupon(part: CouponPart, line: number, fields: readonly string[], columns: readonly string[]): void {
  try {
    part.coupons.push({ line, ...couponOf(fields, columns) });
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    part.bad.push({ line, why: error.message });
  }
}

function columnsOf(fields: CsvLine["fields"]): string[] {
  const columns = typeof fields === "string" ? [] : fields.map((field) => field.trim().toLowerCase());
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
