/** Are a coupon's kind and what belongs to it what is allowed? Checks by hand, beside those of `checks.ts`. */
import {
  COUPON_KINDS,
  type CouponKindName,
  isMoneyTerm,
  isWhole,
  type KindChanges,
  type KindTerms,
  MONEY_TERMS,
  PLAIN,
} from "../domain/coupon_terms.ts";
import { type Money, MONEY_MAX, moneyOf } from "../domain/money.ts";
import { isSegment } from "../domain/text.ts";
import { BadRequest } from "./problem.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The field of each amount. */
export const MONEY_FIELDS = {
  percentOff: "percent_off",
  amountOff: "amount_off",
  maxDiscount: "max_discount",
  minOrder: "min_order",
  credit: "credit",
} as const satisfies Record<typeof MONEY_TERMS[number], string>;

/** What may be edited of them. */
export const KIND_FIELDS: readonly string[] = ["segment", ...Object.values(MONEY_FIELDS)];

const KIND_RULES: Readonly<Record<CouponKindName, string>> = {
  plain:
    "a plain coupon has no percent_off, amount_off, max_discount, min_order or credit; its kind says what it gives",
  discount: "a discount has either percent_off or amount_off, may have max_discount and min_order, and has no credit",
  charge: "a charge has a credit, and no percent_off, amount_off, max_discount or min_order",
};

function invalid(detail: string): BadRequest {
  return new BadRequest("invalid_request", detail);
}

/** An amount of money. @throws BadRequest */
export function moneyFor(value: unknown, field: string): Money {
  const money = moneyOf(value);
  if (money !== undefined) return money;
  throw invalid(`${field} must be an amount such as "49.99", with up to two places, from 0 to ${MONEY_MAX}`);
}

function moneyTermFor(name: typeof MONEY_TERMS[number], value: unknown): Money | null {
  if (value === null) return null;
  const field = MONEY_FIELDS[name];
  const money = moneyFor(value, field);
  if (isMoneyTerm(name, money)) return money;
  throw invalid(`${field} must be above 0${name === "percentOff" ? " and up to 100" : ""}`);
}

function segmentFor(value: unknown): string | null {
  if (value === null || isSegment(value)) return value;
  throw invalid("segment must be a text of 1 to 255 characters, not blank, without control characters");
}

/** Those of the terms that a body has; null clears one. @throws BadRequest */
export function kindChangesOf(fields: Fields): KindChanges {
  const changes: { -readonly [Name in keyof KindChanges]: KindChanges[Name] } = {};
  if (fields["segment"] !== undefined) changes.segment = segmentFor(fields["segment"]);
  for (const name of MONEY_TERMS) {
    const value = fields[MONEY_FIELDS[name]];
    if (value !== undefined) changes[name] = moneyTermFor(name, value);
  }
  return changes;
}

/** The terms of a new coupon's kind; none where the body has none. @throws BadRequest */
export function kindTermsFor(fields: Fields): Partial<KindTerms> {
  const { kind = "plain" } = fields;
  const known = COUPON_KINDS.find((name) => name === kind);
  if (known === undefined) throw invalid(`kind must be one of ${COUPON_KINDS.join(", ")}`);
  const terms = { ...kindChangesOf(fields), ...known !== "plain" && { kind: known } };
  if (!isWhole({ ...PLAIN, ...terms })) throw invalid(KIND_RULES[known]);
  return terms;
}
