/** What can be read without waking an actor? Every view is one statement on Postgres, so it is true of one moment. */
import type { ClaimDetails, ClaimMembership, CouponView } from "../domain/coupon.ts";
import type { SalePhase, SaleView } from "../domain/sale.ts";

/** A stored claim. */
export interface ClaimView {
  /** As the coupon's maker wrote it. */
  readonly couponName: string;
  readonly claimId: string;
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly claimedAt: number;
  /** What it came to beside its unit. */
  readonly details?: ClaimDetails;
}

/** A coupon with its first claims. */
export interface CouponPage extends CouponView {
  /** The users of the first claims, in order of claiming. */
  readonly claimedBy: readonly string[];
}

/** The views of coupons. Every method throws a `storage_unavailable` Fault where Postgres cannot be read. */
export interface CouponViews {
  /** A coupon with its first `holdersMax` holders; undefined where there is none of this fold. */
  coupon(fold: string, holdersMax: number): Promise<CouponPage | undefined>;
  /** Coupons by creation whose folds contain the text, and how many there are in all. */
  coupons(search: string, offset: number, limit: number): Promise<{ data: CouponView[]; total: number }>;
  /**
   * Claims in order of claiming, after the claim of that number.
   *
   * @returns with the number of the last where more follow; undefined where there is no such coupon
   */
  claims(fold: string, after: number, limit: number): Promise<ListPart<ClaimView, number> | undefined>;
  /** A user's claim; undefined where there is none, or no such coupon. */
  claim(fold: string, userId: string): Promise<ClaimView | undefined>;
}

/** Who may claim a coupon that is for a segment. */
export interface EligibilityViews {
  /**
   * A user's membership of the segment that a coupon is for, as it is after this call.
   *
   * @param fold of the coupon's name
   * @returns undefined where the coupon is for everyone, or is not there
   * @throws Fault `storage_unavailable` where Postgres cannot be read
   */
  membership(fold: string, userId: string): Promise<ClaimMembership | undefined>;
}

/** A sale, with what of it is held now. */
export interface SaleSummary extends SaleView {
  /** Items that are not sold and have a live hold. */
  readonly held: number;
  readonly phase: SalePhase;
}

/** Whether an item can be had. */
export type ItemState = "available" | "held" | "sold";

/** An item of a sale. */
export interface ItemView {
  /** Its number in its sale, from 1. */
  readonly n: number;
  readonly state: ItemState;
}

/** A stored checkout attempt. */
export interface AttemptView {
  /** Numbers a sale's attempts from 1. */
  readonly seq: number;
  readonly userId: string;
  /** The item that was wanted, by its number; there may be none. */
  readonly n: number;
  /** `ok`, or the refusal. */
  readonly outcome: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A stored hold. */
export interface HoldView {
  readonly n: number;
  readonly userId: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** When it was given back, or its purchase voided; null where it was not. */
  readonly endedAt: number | null;
  /** When its item was bought by it; null where it was not. */
  readonly purchasedAt: number | null;
  /** Whether it was neither given back nor is past. */
  readonly isLive: boolean;
  /** Whether its item is sold: to another, where it was not bought by it. */
  readonly isSold: boolean;
}

/** A part of a list. */
export interface Page<T> {
  readonly data: T[];
  /** How many there are in all. */
  readonly total: number;
}

/** A part of a list, and where the part after it begins; undefined at the list's end. */
export interface ListPart<Row, Place> {
  readonly data: Row[];
  readonly next: Place | undefined;
}

/** The views of sales, by their numbers. Every method throws a `storage_unavailable` Fault where Postgres cannot be read. */
export interface SaleViews {
  /** A sale; undefined where there is none of this number. */
  sale(number: number): Promise<SaleSummary | undefined>;
  /** The number of the sale of the hour that it is now. */
  current(): number;
  /** Sales, the newest first; in one phase where it is given. */
  sales(phase: SalePhase | undefined, offset: number, limit: number): Promise<Page<SaleSummary>>;
  /** Items by their numbers; of one state where it is given; undefined where there is no such sale. */
  items(
    number: number,
    state: ItemState | undefined,
    offset: number,
    limit: number,
  ): Promise<Page<ItemView> | undefined>;
  /** As `items`, after the item of that number: however their states change, each is told at most once. */
  itemsAfter(
    number: number,
    state: ItemState | undefined,
    after: number,
    limit: number,
  ): Promise<ListPart<ItemView, number> | undefined>;
  /** An item; undefined where there is none. */
  item(number: number, n: number): Promise<ItemView | undefined>;
  /**
   * Attempts in their order, after the attempt of that number; of one outcome where it is given.
   *
   * @returns with the number of the last where more follow; undefined where there is no such sale
   */
  attempts(
    number: number,
    outcome: string | undefined,
    after: number,
    limit: number,
  ): Promise<Page<AttemptView> & { readonly next: number | undefined } | undefined>;
  /** A hold by its code; undefined where there is none. */
  hold(number: number, code: string): Promise<HoldView | undefined>;
}
