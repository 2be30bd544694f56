/** What can be read without waking an actor? Every view is one statement on Postgres, so it is true of one moment. */
import type { CouponView } from "../domain/coupon.ts";

/** A stored claim. */
export interface ClaimView {
  /** As the coupon's maker wrote it. */
  readonly couponName: string;
  readonly claimId: string;
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly claimedAt: number;
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
  claims(
    fold: string,
    after: number,
    limit: number,
  ): Promise<{ data: ClaimView[]; next: number | undefined } | undefined>;
  /** A user's claim; undefined where there is none, or no such coupon. */
  claim(fold: string, userId: string): Promise<ClaimView | undefined>;
}
