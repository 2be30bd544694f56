/** How does Postgres tell of coupons' kinds and of claims what the rules tell? Parts of statements, each in one place. */
import { type KindTerms, MONEY_FIELDS, MONEY_TERMS } from "../domain/coupon_terms.ts";
import { ms, type Row } from "./sql.ts";

/** A coupon's terms of its kind, money as text. @param of the coupon's alias with its point, or nothing */
export function kindColumns(of: string): string {
  const money = Object.values(MONEY_FIELDS).map((column) => `${of}${column}::text`);
  return [`${of}kind`, `${of}segment`, ...money].join();
}

/** How many those are. */
export const KIND_COLUMNS: number = 2 + MONEY_TERMS.length;

/** The terms that those columns tell. @param place of the first of them */
export function kindTermsIn(row: Row, place: number): KindTerms {
  const terms: Record<string, unknown> = { kind: row[place], segment: row[place + 1] };
  for (let money = 0; money < MONEY_TERMS.length; money++) terms[MONEY_TERMS[money]!] = row[place + 2 + money];
  return terms as unknown as KindTerms;
}

/** The content of a claim's command, as `contentOfClaim` tells it. @param k has the claim's columns */
export function claimContentOf(k: string): string {
  return `case when ${k}.keyed and ${k}.details ? 'orderAmount'
    then 'order ' || (${k}.details ->> 'orderAmount') || ' ' || ${k}.user_id else 'claim ' || ${k}.user_id end`;
}

/** The answer to a claim, as it was told. @param k has the claim's columns @param name the coupon's */
export function claimAnswerOf(k: string, name: string): string {
  return `jsonb_build_object(
    'kind', 'claimed', 'claimId', ${k}.claim_id, 'userId', ${k}.user_id, 'couponName', ${name}, 'remaining', ${k}.remaining,
    'claimedAt', ${ms(`${k}.claimed_at`)}
  ) || case when ${k}.details is null then '{}' else jsonb_build_object('details', ${k}.details) end`;
}
