/** What does a coupon give beside its unit, and to whom? Its kind, what belongs to it, and what a claim comes to. */
import { compareMoney, isMoney, lesserOf, lessOf, type Money, percentageOf } from "./money.ts";

/** What a coupon can be. */
export const COUPON_KINDS = ["plain", "discount", "charge"] as const;

/** One of {@linkcode COUPON_KINDS}. */
export type CouponKindName = typeof COUPON_KINDS[number];

/** What a coupon gives, and to whom; null is none. */
export interface KindTerms {
  /** Fixed when the coupon is made. */
  readonly kind: CouponKindName;
  /** Whose members alone may claim. */
  readonly segment: string | null;
  /** Of a discount, unless it has an `amountOff`: above 0 and up to 100, in the form of money. */
  readonly percentOff: Money | null;
  /** Of a discount, unless it has a `percentOff`. */
  readonly amountOff: Money | null;
  /** Of a discount: it is never more. */
  readonly maxDiscount: Money | null;
  /** Of a discount: the least order that it is for. */
  readonly minOrder: Money | null;
  /** Of a charge: what a claim adds to its user's wallet. */
  readonly credit: Money | null;
}

/** Nothing, and for everyone. */
export const PLAIN: KindTerms = {
  kind: "plain",
  segment: null,
  percentOff: null,
  amountOff: null,
  maxDiscount: null,
  minOrder: null,
  credit: null,
};

/** An edit of them: what is absent stays, null clears. A coupon's kind is never another. */
export type KindChanges = Partial<Omit<KindTerms, "kind">>;

/** The names of the amounts among them. */
export const MONEY_TERMS = ["percentOff", "amountOff", "maxDiscount", "minOrder", "credit"] as const;

/** What a claim came to; stored with it, since the coupon may be edited later. */
export interface ClaimDetails {
  /** Of a discount; of another kind only where a key binds it. */
  readonly orderAmount?: Money;
  /** Of a discount on a known order. */
  readonly discountAmount?: Money;
  /** What is left of that order to be paid. */
  readonly finalAmount?: Money;
  /** Of a charge. */
  readonly credit?: Money;
}

/** That a user belongs to a segment: read by whoever asks, as an actor cannot. */
export interface ClaimMembership {
  readonly segment: string;
  /** First millisecond since the epoch at which it is over; 0 where the user is no member. */
  readonly until: number;
}

/** The kind's terms alone. */
export function kindTermsOf(terms: KindTerms): KindTerms {
  const { kind, segment, percentOff, amountOff, maxDiscount, minOrder, credit } = terms;
  return { kind, segment, percentOff, amountOff, maxDiscount, minOrder, credit };
}

/** Whether a value can be such a term: an amount above 0, of a percentage up to 100. */
export function isMoneyTerm(name: typeof MONEY_TERMS[number], value: unknown): value is Money {
  return isMoney(value) && value !== "0.00" && (name !== "percentOff" || compareMoney(value, "100.00") <= 0);
}

/** Whether a coupon of its kind can have these terms, each of which is well-formed: all that it needs and no others. */
export function isWhole({ kind, percentOff, amountOff, maxDiscount, minOrder, credit }: KindTerms): boolean {
  const isDiscount = percentOff !== null || amountOff !== null || maxDiscount !== null || minOrder !== null;
  switch (kind) {
    case "plain":
      return !isDiscount && credit === null;
    case "discount":
      return (percentOff === null) !== (amountOff === null) && credit === null;
    case "charge":
      return !isDiscount && credit !== null;
  }
}

/**
 * The discount on an order: so many percent of it, rounded to cents, half to the even cent, or the fixed amount; then no
 * more than `maxDiscount`, and no more than the order. 15 % of 99.99 is 14.9985, so 15.00.
 */
export function discountOf({ percentOff, amountOff, maxDiscount }: KindTerms, orderAmount: Money): Money {
  const whole = percentOff === null ? amountOff ?? "0.00" : percentageOf(orderAmount, percentOff);
  return lesserOf(maxDiscount === null ? whole : lesserOf(whole, maxDiscount), orderAmount);
}

/** Whether an order, which may be unknown, is too small for a coupon. */
export function isBelowMinimum({ minOrder }: KindTerms, orderAmount: Money | undefined): boolean {
  return minOrder !== null && (orderAmount === undefined || compareMoney(orderAmount, minOrder) < 0);
}

/**
 * What a claim comes to.
 *
 * @param keyed whether the order is part of what a key binds, and so to be known again
 * @returns undefined where there is nothing beside the unit to be stored or told
 */
export function detailsOf(terms: KindTerms, orderAmount: Money | undefined, keyed: boolean): ClaimDetails | undefined {
  const bound = keyed && orderAmount !== undefined ? { orderAmount } : undefined;
  switch (terms.kind) {
    case "plain":
      return bound;
    case "charge":
      return { ...bound, credit: terms.credit! };
    case "discount": {
      if (orderAmount === undefined) return undefined;
      const discountAmount = discountOf(terms, orderAmount);
      return { orderAmount, discountAmount, finalAmount: lessOf(orderAmount, discountAmount) };
    }
  }
}
