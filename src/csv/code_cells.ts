/** How does a coupon of a bulk job stand in `codes.csv`? By the fields that it could be made with, as an import reads them. */
import type { CouponTerms } from "../domain/coupon.ts";
import { type KindTerms, MONEY_FIELDS, MONEY_TERMS, PLAIN } from "../domain/coupon_terms.ts";
import { showTime } from "../contract/values.ts";

/** A line of the file. */
export type CodeCells = readonly (string | number)[];

/** What the cells are made of. */
type Terms = Omit<CouponTerms, "name"> & Partial<KindTerms>;

const timeCell = (ms: number | null) => ms === null ? "" : showTime(ms);

/** Each column with its cell; an empty one where an import would take the same for granted. */
const CELLS = {
  amount: ({ amount }: Terms) => amount === 1 ? "" : amount,
  starts_at: ({ startsAt }: Terms) => timeCell(startsAt),
  ends_at: ({ endsAt }: Terms) => timeCell(endsAt),
  kind: ({ kind = PLAIN.kind }: Terms) => kind === PLAIN.kind ? "" : kind,
  segment: ({ segment }: Terms) => segment ?? "",
  ...Object.fromEntries(MONEY_TERMS.map((name) => [MONEY_FIELDS[name], (terms: Terms) => terms[name] ?? ""])),
} as Readonly<Record<string, (terms: Terms) => string | number>>;

/** A column of the file. */
export type CodeColumn = string;

/**
 * The columns of a job's file: the name, and what its coupons have.
 *
 * @param terms of all of them; undefined where they may differ
 */
export function codeColumns(terms: Terms | undefined): readonly CodeColumn[] {
  const columns = Object.keys(CELLS);
  return ["name", ...terms === undefined ? columns : columns.filter((column) => CELLS[column]!(terms) !== "")];
}

/** A coupon's cells, by these columns. */
export function codeCells(coupon: CouponTerms, columns: readonly CodeColumn[]): CodeCells {
  return columns.map((column) => column === "name" ? coupon.name : CELLS[column]!(coupon));
}
