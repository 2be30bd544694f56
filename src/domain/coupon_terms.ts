/** What does a coupon give beside its unit, and to whom? Its kind, what belongs to it, and what a claim comes to. */
import { compareMoney, isMoney, lesserOf, lessOf, type Money, percentageOf } from "./money.ts";

/** What a coupon can be. */
export const COUPON_KINDS = ["plain", "discount", "charge"] as const;

/** One of {@linkcode COUPON_KINDS}. */
export type CouponKindName = typeof COUPON_KINDS[number];

/** The amounts among the terms, each with its name in requests, answers, files and the database. New ones come last. */
export const MONEY_FIELDS = {
  /** Of a discount, unless it has an `amountOff`: above 0 and up to 100, in the form of money. */
  percentOff: "percent_off",
  /** Of a discount, unless it has a `percentOff`. */
  amountOff: "amount_off",
  /** The most that a discount comes to. */
  maxDiscount: "max_discount",
  /** The least order that a discount is for. */
  minOrder: "min_order",
  /** Of a charge: what a claim adds to its user's wallet. */
  credit: "credit",
} as const;

/** The name of an amount among the terms. */
export type MoneyTerm = keyof typeof MONEY_FIELDS;

/** The names of the amounts among the terms. */
export const MONEY_TERMS = Object.keys(MONEY_FIELDS) as readonly MoneyTerm[];

/** The amounts that a coupon of each kind may have. */
export const KIND_MONEY: Readonly<Record<CouponKindName, readonly MoneyTerm[]>> = {
  plain: [],
  discount: ["percentOff", "amountOff", "maxDiscount", "minOrder"],
  charge: ["credit"],
};

/** What a coupon gives, and to whom; null is none. */
export interface KindTerms extends Readonly<Record<MoneyTerm, Money | null>> {
  /** Fixed when the coupon is made. */
  readonly kind: CouponKindName;
  /** Whose members alone may claim. */
  readonly segment: string | null;
}

/** Nothing, and for everyone. */
export const PLAIN: KindTerms = kindTermsOf({ kind: "plain" });

/** An edit of them: what is absent stays, null clears. A coupon's kind is never another. */
export type KindChanges = Partial<Omit<KindTerms, "kind">>;

/** The fields of claims' details, each with its name in answers. */
export const DETAIL_FIELDS = {
  discountAmount: "discount_amount",
  finalAmount: "final_amount",
  credit: "credit",
} as const;

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

/** The kind's terms alone, in a fixed order; those that are missing are none. */
export function kindTermsOf(
  { kind, segment = null, ...more }: Partial<KindTerms> & Pick<KindTerms, "kind">,
): KindTerms {
  const terms: Record<string, unknown> = { kind, segment };
  for (const name of MONEY_TERMS) terms[name] = more[name] ?? null;
  return terms as unknown as KindTerms;
}

/** Whether a value can be such a term: an amount above 0, of a percentage up to 100. */
export function isMoneyTerm(name: MoneyTerm, value: unknown): value is Money {
  return isMoney(value) && value !== "0.00" && (name !== "percentOff" || compareMoney(value, "100.00") <= 0);
}

/** Whether a coupon of its kind can have these terms, each of which is well-formed: all that it needs and no others. */
export function isWhole(terms: KindTerms): boolean {
  const { kind, percentOff, amountOff, credit } = terms;
  if (MONEY_TERMS.some((name) => terms[name] !== null && !KIND_MONEY[kind].includes(name))) return false;
  switch (kind) {
    case "plain":
      return true;
    case "discount":
      return (percentOff === null) !== (amountOff === null);
    case "charge":
      return credit !== null;
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
