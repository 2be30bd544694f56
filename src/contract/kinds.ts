/** Which values of kinds, money and segments come in requests and answers? */
import * as z from "zod";
import {
  COUPON_KINDS,
  type CouponKindName,
  DETAIL_FIELDS,
  isMoneyTerm,
  isWhole,
  KIND_MONEY,
  type KindChanges,
  type KindTerms,
  MONEY_FIELDS,
  MONEY_TERMS,
  type MoneyTerm,
  PLAIN,
} from "../domain/coupon_terms.ts";
import { EXPIRY_MAX_S } from "../domain/membership.ts";
import { type Money, MONEY_MAX, moneyOf } from "../domain/money.ts";
import { isSegment, shownTitle } from "../domain/name_key.ts";
import { textBy } from "./values.ts";
import { invalid } from "./invalid.ts";

/** What is said of a value that is no amount of money. */
export const MONEY_RULE = `must be an amount such as "49.99", with up to two places, from 0 to ${MONEY_MAX}`;

/** An amount of money, as it is sent. @param must what is said of a value that is not fit */
function moneyBy(must: string, isFit: (money: Money | undefined) => boolean): z.ZodType<string | number> {
  return z.union([
    z.string().meta({ pattern: "^(?:0|[1-9]\\d{0,12})(?:\\.\\d{1,2})?$" }),
    z.number().meta({ minimum: 0, maximum: Number(MONEY_MAX) }),
  ], must)
    .refine((value) => isFit(moneyOf(value)), must)
    .meta({
      description:
        `An amount, 0 to ${MONEY_MAX}: a decimal text, or a number whose shortest form is one, with at most ` +
        "two places.",
      examples: ["49.99"],
    });
}

/** An amount of money, as it is sent. */
export const moneySent = moneyBy(MONEY_RULE, (money) => money !== undefined);

/** An amount of money, as it is answered. */
export const money = z.string().meta({
  description: "An amount: a decimal text with two places.",
  pattern: "^(?:0|[1-9]\\d{0,12})\\.\\d{2}$",
  examples: ["49.99"],
});

const MONEY_NOTES: Readonly<Record<MoneyTerm, string>> = {
  percentOff:
    "For a discount without `amount_off`: the percentage of the order, above 0 and up to 100. The discount is rounded to cents, " +
    "half to even.",
  amountOff: "For a discount without `percent_off`: the amount, limited by the amount of the order.",
  maxDiscount: "For a discount: its maximum.",
  minOrder: "For a discount: the minimum `order_amount`.",
  credit: "For a charge: the amount that a claim adds to the user's wallet.",
};

function moneyTermSent(name: MoneyTerm): z.ZodType<string | number | null | undefined> {
  const must = name === "percentOff"
    ? 'must be a percentage such as "12.5", with up to two places, above 0 and up to 100'
    : `must be an amount such as "49.99", with up to two places, above 0 and up to ${MONEY_MAX}`;
  const term = moneyBy(must, (money) => isMoneyTerm(name, money));
  return z.nullable(term).meta({ description: MONEY_NOTES[name] + " Null for none." }).optional();
}

function moneyTermShown(name: MoneyTerm): z.ZodType {
  return money.meta({ description: MONEY_NOTES[name] }).optional();
}

function fieldsBy<T extends z.ZodType>(fieldOf: (name: MoneyTerm) => T): Record<MoneyField, T> {
  const entries = Object.entries(MONEY_FIELDS) as [MoneyTerm, MoneyField][];
  return Object.fromEntries(entries.map(([name, field]) => [field, fieldOf(name)])) as Record<MoneyField, T>;
}

/** What a coupon may be, as it is sent. */
export const kindSent = z.enum(COUPON_KINDS, `must be one of ${COUPON_KINDS.join(", ")}`)
  .meta({ description: "What a claim gives in addition to its unit; cannot be changed later.", default: "plain" })
  .optional();

/** A segment's title. */
export const segment = textBy(
  isSegment,
  "must be a text of 1 to 255 characters, not blank, without control characters",
  {
    description:
      "A segment's title: 1 to 255 characters, not blank, no control characters; compared as coupon names are, and shown as it was " +
      "first sent.",
    minLength: 1,
    examples: ["gold"],
  },
);

/** What may be edited of a kind, and of whom a coupon is for. */
export const kindFieldsSent = {
  segment: z.nullable(segment).meta({ description: "Only live members of this segment may claim; null for anyone." })
    .optional(),
  ...fieldsBy(moneyTermSent),
};

/** A coupon's kind with what is set of it, as it is answered. */
export const kindFieldsShown = {
  kind: z.enum(COUPON_KINDS).meta({ description: "What a claim gives in addition to its unit." }),
  segment: segment.meta({ description: "Only live members of this segment may claim; absent if anyone may." })
    .optional(),
  ...fieldsBy(moneyTermShown),
};

const DETAIL_NOTES: Readonly<Record<keyof typeof DETAIL_FIELDS, string>> = {
  discountAmount: "For a discount with an `order_amount`.",
  finalAmount: "The amount of the order after the discount.",
  credit: "For a charge: the amount that was added to the user's wallet in the same commit.",
};

/** What a claim came to beside its unit, as it is answered. */
export const detailsShown: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries(DETAIL_NOTES).map(([name, description]) => [
    DETAIL_FIELDS[name as keyof typeof DETAIL_FIELDS],
    money.meta({ description }).optional(),
  ]),
);

const EXPIRY_RULE = `must be a whole number of seconds since 1970, at most ${EXPIRY_MAX_S}`;

/** When a membership ends. */
export const expiry = z.int(EXPIRY_RULE).min(0, EXPIRY_RULE).max(EXPIRY_MAX_S, EXPIRY_RULE).meta({
  description: "When the membership expires, in seconds since 1970.",
  examples: [4_102_444_800],
});

type MoneyField = typeof MONEY_FIELDS[MoneyTerm];

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

/** The field that alone makes terms be none of this kind: one too many, or the one that is missing. */
function soleFault(kind: CouponKindName, fields: KindFields): MoneyField | undefined {
  const own = KIND_MONEY[kind].map((name) => MONEY_FIELDS[name]);
  const given = Object.values(MONEY_FIELDS).filter((field) => fields[field] !== undefined && fields[field] !== null);
  const alien = given.filter((field) => !own.includes(field));
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
