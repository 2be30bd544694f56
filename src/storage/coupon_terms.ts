/** How are the terms of a coupon stored in its row, and read from it? */
import { type KindTerms, MONEY_FIELDS, MONEY_TERMS } from "../domain/coupon_terms.ts";
import type { CouponView } from "../domain/coupon.ts";
import { normalizeTitle } from "../domain/name_key.ts";
import { ms, type Row } from "./sql.ts";

/** Each column that has terms, with its value from `terms`, a jsonb of domain terms. */
const COLUMNS: Readonly<Record<string, string>> = {
  amount: "(terms ->> 'amount')::integer",
  remaining: "(terms ->> 'amount')::integer",
  starts_at: "to_timestamp((terms ->> 'startsAt')::bigint / 1000::float8)",
  ends_at: "to_timestamp((terms ->> 'endsAt')::bigint / 1000::float8)",
  kind: "coalesce(terms ->> 'kind', 'plain')",
  segment: "terms ->> 'segment'",
  segment_key: "terms ->> 'segmentKey'",
  ...Object.fromEntries(MONEY_TERMS.map((name) => [MONEY_FIELDS[name], `(terms ->> '${name}')::numeric`])),
};

/** The terms as they are stored, with the key of their segment if they have one. */
export function storedTerms<T extends { readonly segment?: string | null }>(terms: T): T | T & { segmentKey: string } {
  const { segment } = terms;
  return segment === null || segment === undefined ? terms : { ...terms, segmentKey: normalizeTitle(segment)! };
}

export const TERMS_COLUMNS: string = Object.keys(COLUMNS).join(", ");

/** The values of the columns, each under its column's name. */
export const TERMS_VALUES: string = Object.entries(COLUMNS).map(([name, value]) => `${value} ${name}`).join(", ");

/** Columns that say nothing of the terms: `remaining` goes with the claims, and segments are compared by their keys. */
const NOT_COMPARED = ["remaining", "segment"];

/** Whether the terms of two rows by these names are the same. */
export function sameTerms(one: string, other: string): string {
  const columns = Object.keys(COLUMNS).filter((name) => !NOT_COMPARED.includes(name));
  return columns.map((name) => `${one}.${name} is not distinct from ${other}.${name}`).join(" and ");
}

/** The columns of a coupon's kind, money as text. @param of the coupon's alias with its point, or nothing */
export function kindColumns(of: string): string {
  const money = Object.values(MONEY_FIELDS).map((column) => `${of}${column}::text`);
  return [`${of}kind`, `${of}segment`, ...money].join();
}

/** The terms in those columns. @param place of the first of them */
export function kindTermsIn(row: Row, place: number): KindTerms {
  const terms: Record<string, unknown> = { kind: row[place], segment: row[place + 1] };
  for (let money = 0; money < MONEY_TERMS.length; money++) terms[MONEY_TERMS[money]!] = row[place + 2 + money];
  return terms as unknown as KindTerms;
}

/** The columns of a coupon. @param of as in {@linkcode kindColumns} */
export function couponColumns(of: string): string {
  const times = ["starts_at", "ends_at", "created_at", "updated_at"].map((column) => ms(of + column));
  return [`${of}name`, `${of}amount`, `${of}remaining`, `${of}paused`, ...times, kindColumns(of)].join(", ");
}

/** The number of those columns. */
export const COUPON_COLUMNS: number = 10 + MONEY_TERMS.length;

/** The coupon in those columns. @param place of the first of them */
export function couponIn(row: Row, place: number): CouponView {
  const [name, amount, remaining, paused, startsAt, endsAt, createdAt, updatedAt] = row.slice(place, place + 8);
  const terms = kindTermsIn(row, place + 8);
  return { name, amount, remaining, paused, startsAt, endsAt, createdAt, updatedAt, ...terms } as CouponView;
}
