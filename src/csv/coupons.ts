/**
 * Which coupons does a CSV file hold? Its first line names the columns: `name`, and any other field that a coupon can be
 * made with; an empty cell is a field that is not there, and `amount` is then 1. A bulk job's `codes.csv` is such a file.
 */
import { columnNames, type CsvFormat, type CsvPart, Header } from "./header.ts";
import { type CsvLine, readLines } from "./lines.ts";
import type { NamedCoupon } from "../domain/coupon.ts";
import { quoted } from "../domain/quoted.ts";
import { CreateBody } from "../contract/bodies.ts";
import { checked, CREATE_FIELDS, termsOf } from "../contract/checks.ts";
import { invalid, InvalidRequest } from "../contract/invalid.ts";
import { roundedHint, SeenLines } from "./seen_lines.ts";

/** Longest record, in UTF-16 units. */
export const LINE_MAX = 8_192;
const NUMBER = /^-?\d{1,20}(\.\d{1,20})?$/;

/** A line's coupon. */
export interface CouponLine extends NamedCoupon {
  /** From 1. */
  readonly line: number;
}

/** What some lines hold. Of duplicates the first one counts. */
export interface CouponPart extends CsvPart {
  /** Each name once. */
  readonly coupons: CouponLine[];
}

/** Reads a file, some lines at a time. @throws BadHeader, BadFile; whatever reading the stream does */
export async function* readCoupons(
  file: ReadableStream<Uint8Array<ArrayBuffer>>,
  format: CsvFormat = {},
): AsyncGenerator<CouponPart, void> {
  const must = `name the columns: name, and any others of ${[...CREATE_FIELDS].join(", ")}, each once`;
  const header = new Header(format, couponColumns, must);
  const seen = new SeenLines();
  for await (const { lines, bytes } of readLines(file, LINE_MAX, format.delimiter)) {
    const part: CouponPart = { coupons: [], bad: [], duplicates: [], bytes };
    for (const line of lines) {
      if (header.columns !== undefined || header.takes(line, () => undefined)) {
        addCoupon(part, line, header.columns!, seen);
      }
    }
    yield part;
  }
  if (header.columns === undefined) throw header.empty();
}

function addCoupon(part: CouponPart, { line, fields }: CsvLine, columns: readonly string[], seen: SeenLines): void {
  try {
    const coupon = couponOf(fields, columns);
    const first = seen.before(coupon.fold, line);
    if (first === undefined) return void part.coupons.push({ line, ...coupon });
    const { name } = coupon.terms;
    const why = `is a duplicate within the file: line ${first} already names ${quoted(name)}${roundedHint(name)}`;
    part.duplicates.push({ line, why });
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    part.bad.push({ line, why: error.message });
  }
}

/** The columns that a record names; undefined where it is no header. */
export function couponColumns(fields: readonly string[]): string[] | undefined {
  const columns = columnNames(fields);
  const areKnown = columns.every((column) => CREATE_FIELDS.has(column));
  return columns.includes("name") && areKnown && new Set(columns).size === columns.length ? columns : undefined;
}

/** @throws InvalidRequest as POST of the same coupon is told */
function couponOf(fields: CsvLine["fields"], columns: readonly string[]): NamedCoupon {
  if (fields === "too_long") throw invalid(`longer than ${LINE_MAX} characters`);
  if (fields === "ill_formed") throw invalid("not well-formed CSV");
  if (fields.length !== columns.length) {
    throw invalid(`${fields.length} fields, but the first line has ${columns.length}`);
  }
  const cells = columns.map((column, place) => [column, valueOf(column, fields[place]!)] as const);
  return termsOf(checked(CreateBody, { amount: 1, ...Object.fromEntries(cells.filter(([, value]) => value !== "")) }));
}

function valueOf(column: string, text: string): string | number {
  return column === "amount" && NUMBER.test(text) ? Number(text) : text; // money is a text
}
