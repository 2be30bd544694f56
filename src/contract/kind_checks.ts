/** Are a coupon's kind and what belongs to it what is allowed? Their values are checked beside those of `checks.ts`. */
import {
  type CouponKindName,
  isWhole,
  type KindChanges,
  type KindTerms,
  MONEY_TERMS,
  PLAIN,
} from "../domain/coupon_terms.ts";
import { MONEY_MAX, moneyOf } from "../domain/money.ts";
import { shownTitle } from "../domain/name_key.ts";
import { invalid } from "./invalid.ts";

/** The field of each amount. */
export const MONEY_FIELDS = {
  percentOff: "percent_off",
  amountOff: "amount_off",
  maxDiscount: "max_discount",
  minOrder: "min_order",
  credit: "credit",
} as const satisfies Record<typeof MONEY_TERMS[number], string>;

/** What is said of a value that is no amount of money. */
export const MONEY_RULE = `must be an amount such as "49.99", with up to two places, from 0 to ${MONEY_MAX}`;

type MoneyField = typeof MONEY_FIELDS[keyof typeof MONEY_FIELDS];

/** What a body says of a kind, each value checked. */
export interface KindFields extends Partial<Readonly<Record<MoneyField, string | number | null | undefined>>> {
  readonly kind?: CouponKindName | undefined;
  readonly segment?: string | null | undefined;
}

const KIND_RULES: Readonly<Record<CouponKindName, string>> = {
  plain:
    "a plain coupon has no percent_off, amount_off, max_discount, min_order or credit; its kind says what it gives",
  discount: "a discount has either percent_off or amount_off, may have max_discount and min_order, and has no credit",
  charge: "a charge has a credit, and no percent_off, amount_off, max_discount or min_order",
};

/** Those of the terms that a body has; null clears one. */
export function kindChangesOf(fields: KindFields): KindChanges {
  const changes: { -readonly [Name in keyof KindChanges]: KindChanges[Name] } = {};
  if (fields.segment !== undefined) changes.segment = fields.segment === null ? null : shownTitle(fields.segment);
  for (const name of MONEY_TERMS) {
    const value = fields[MONEY_FIELDS[name]];
    if (value !== undefined) changes[name] = value === null ? null : moneyOf(value)!;
  }
  return changes;
}

const KIND_FIELDS: Readonly<Record<CouponKindName, readonly MoneyField[]>> = {
  plain: [],
  discount: ["percent_off", "amount_off", "max_discount", "min_order"],
  charge: ["credit"],
};

/** The field that alone makes terms be none of this kind: one too many, or the one that is missing. */
function soleFault(kind: CouponKindName, fields: KindFields): MoneyField | undefined {
  const given = Object.values(MONEY_FIELDS).filter((field) => fields[field] !== undefined && fields[field] !== null);
  const alien = given.filter((field) => !KIND_FIELDS[kind].includes(field));
  if (alien.length > 0) return alien.length === 1 ? alien[0] : undefined;
  return kind === "charge" ? "credit" : undefined;
}

/** The terms of a new coupon's kind; none where the body has none. @throws InvalidRequest where they do not go together */
export function kindTermsFor(fields: KindFields): Partial<KindTerms> {
  const { kind = "plain" } = fields;
  const terms = { ...kindChangesOf(fields), ...kind !== "plain" && { kind } };
  if (!isWhole({ ...PLAIN, ...terms })) throw invalid(KIND_RULES[kind], soleFault(kind, fields));
  return terms;
}
