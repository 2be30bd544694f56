/**
 * What is an amount of money, exactly? A decimal text with two places, "7.50": it is never a floating-point number, and
 * every reckoning with it is in this file, by a library of exact decimals.
 */
import Big from "big.js";

/** An amount, 0 to {@linkcode MONEY_MAX}: a decimal text with just two places, without leading zeros. */
export type Money = string;

/** The greatest amount: what Postgres's numeric(15,2) holds. */
export const MONEY_MAX: Money = "9999999999999.99";

const AMOUNT = /^(?:0|[1-9]\d{0,12})(?:\.\d{1,2})?$/;
const MONEY = /^(?:0|[1-9]\d{0,12})\.\d{2}$/;

/**
 * The amount that a text or a JSON number tells.
 *
 * @param value a decimal text such as "7.5", or a number whose shortest form is one
 * @returns undefined where it tells none: below 0, above {@linkcode MONEY_MAX}, with more than two places, with an
 * exponent, a sign, leading zeros or blanks
 */
export function moneyOf(value: unknown): Money | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && AMOUNT.test(text) ? new Big(text).toFixed(2) : undefined;
}

/** Whether a value is an amount in its one form. */
export function isMoney(value: unknown): value is Money {
  return typeof value === "string" && MONEY.test(value);
}

/** Below 0 where the first amount is the smaller one, 0 where they are equal, else above 0. */
export function compareMoney(one: Money, other: Money): number {
  return new Big(one).cmp(other);
}

/** The smaller of two amounts. */
export function lesserOf(one: Money, other: Money): Money {
  return compareMoney(one, other) <= 0 ? one : other;
}

/** What is left of an amount after a part of it. @throws RangeError where the part is the greater one */
export function lessOf(amount: Money, part: Money): Money {
  if (compareMoney(part, amount) > 0) throw new RangeError(`Cannot take more than there is: ${part} of ${amount}`);
  return new Big(amount).minus(part).toFixed(2);
}

/**
 * So many percent of an amount, rounded to cents; what lies halfway goes to the even cent.
 *
 * @param percent 0 to 100, in the form of an amount
 */
export function percentageOf(amount: Money, percent: Money): Money {
  return new Big(amount).times(percent).times("0.01").round(2, Big.roundHalfEven).toFixed(2);
}
