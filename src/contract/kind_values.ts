/** Which values of kinds, money and segments come in requests and answers? */
import * as z from "zod";
import { COUPON_KINDS, isMoneyTerm, type MONEY_TERMS } from "../domain/coupon_terms.ts";
import { EXPIRY_MAX_S } from "../domain/membership.ts";
import { type Money, MONEY_MAX, moneyOf } from "../domain/money.ts";
import { isSegment } from "../domain/name_key.ts";
import { MONEY_FIELDS, MONEY_RULE } from "./kind_checks.ts";
import { textBy } from "./values.ts";

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

const MONEY_NOTES: Readonly<Record<typeof MONEY_TERMS[number], string>> = {
  percentOff:
    "Of a discount, unless it has `amount_off`: so many percent of the order, above 0 and up to 100; rounded " +
    "to cents, half to the even cent.",
  amountOff: "Of a discount, unless it has `percent_off`: so much, but never more than the order.",
  maxDiscount: "Of a discount: it is never more.",
  minOrder: "Of a discount: the least `order_amount` that it is for.",
  credit: "Of a charge: what a claim adds to its user's wallet.",
};

function moneyTermSent(name: typeof MONEY_TERMS[number]): z.ZodType<string | number | null | undefined> {
  const must = name === "percentOff"
    ? 'must be a percentage such as "12.5", with up to two places, above 0 and up to 100'
    : `must be an amount such as "49.99", with up to two places, above 0 and up to ${MONEY_MAX}`;
  const term = moneyBy(must, (money) => isMoneyTerm(name, money));
  return z.nullable(term).meta({ description: MONEY_NOTES[name] + " Null: none." }).optional();
}

function moneyTermShown(name: typeof MONEY_TERMS[number]): z.ZodType {
  return money.meta({ description: MONEY_NOTES[name] }).optional();
}

type MoneyField = typeof MONEY_FIELDS[keyof typeof MONEY_FIELDS];

function fieldsBy<T extends z.ZodType>(fieldOf: (name: typeof MONEY_TERMS[number]) => T): Record<MoneyField, T> {
  const entries = Object.entries(MONEY_FIELDS) as [typeof MONEY_TERMS[number], MoneyField][];
  return Object.fromEntries(entries.map(([name, field]) => [field, fieldOf(name)])) as Record<MoneyField, T>;
}

/** What a coupon may be, as it is sent. */
export const kindSent = z.enum(COUPON_KINDS, `must be one of ${COUPON_KINDS.join(", ")}`)
  .meta({ description: "What a claim gives beside its unit; fixed when the coupon is made.", default: "plain" })
  .optional();

/** A segment's title. */
export const segment = textBy(
  isSegment,
  "must be a text of 1 to 255 characters, not blank, without control characters",
  {
    description: "A segment's title: 1 to 255 characters, not blank, no control characters; compared as coupon names " +
      "are, and shown as it was first sent.",
    minLength: 1,
    examples: ["gold"],
  },
);

/** What may be edited of a kind, and of whom a coupon is for. */
export const kindFieldsSent = {
  segment: z.nullable(segment).meta({ description: "Whose live members alone may claim. Null: anyone may." })
    .optional(),
  ...fieldsBy(moneyTermSent),
};

/** A coupon's kind with what is set of it, as it is answered. */
export const kindFieldsShown = {
  kind: z.enum(COUPON_KINDS).meta({ description: "What a claim gives beside its unit." }),
  segment: segment.meta({ description: "Whose live members alone may claim; absent: anyone may." }).optional(),
  ...fieldsBy(moneyTermShown),
};

/** What a claim came to beside its unit, as it is answered. */
export const detailsShown = {
  discount_amount: money.meta({ description: "Of a discount on a known order." }).optional(),
  final_amount: money.meta({ description: "What is left of that order to be paid." }).optional(),
  credit: money.meta({ description: "Of a charge: what the user's wallet got, in the same commit." }).optional(),
};

const EXPIRY_RULE = `must be a whole number of seconds since 1970, at most ${EXPIRY_MAX_S}`;

/** When a membership ends. */
export const expiry = z.int(EXPIRY_RULE).min(0, EXPIRY_RULE).max(EXPIRY_MAX_S, EXPIRY_RULE).meta({
  description: "Until when, in seconds since 1970: the membership is live while now is before it.",
  examples: [4_102_444_800],
});
