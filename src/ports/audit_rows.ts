/**
 * What is read to hold counters against rows? Every read is one statement on Postgres, so it is true of one moment; it
 * wakes no actor, is short, and changes nothing.
 */

/** A coupon's counters, and what some of its claims come to at the same moment. */
export interface CouponCount {
  readonly id: number;
  readonly name: string;
  readonly amount: number;
  readonly remaining: number;
  readonly seq: number;
  /**
   * Moves whenever a stored claim is voided or replaced, or the coupon edited or activated. While it stays, claims only
   * come, each numbered above all before it: pages read in order then come to what their last one's counters say.
   */
  readonly mark: string;
  /** Claims read, in order of their numbers. */
  readonly claims: number;
  /** Different numbers among them. */
  readonly numbers: number;
  /** The highest of them; 0 where there is none. */
  readonly lastSeq: number;
  /** Of a charge: claims read whose credit is not in their users' wallets, once. */
  readonly uncredited: number;
  /** The number above which to read on; undefined where all claims were read. */
  readonly next: number | undefined;
}

/** An entry of a wallet that fits neither a claim nor its opposite. */
export interface LedgerMisfit {
  readonly couponId: number;
  readonly claimId: string;
  readonly isVoid: boolean;
  readonly userId: string;
  /** With its sign. */
  readonly amount: string;
  /** That of the claim's other entry, its void's or what that voids; null where there is none. */
  readonly other: string | null;
  /** Whether the user holds that claim, and none of it is voided. */
  readonly isHeld: boolean;
}

/** A sale's counters, and what the items of some numbers come to at the same moment. */
export interface SaleCount {
  readonly items: number;
  readonly sold: number;
  /** Moves with every turn and activation. */
  readonly mark: string;
  /** Items read whose numbers are from 1 to `items`. */
  readonly numbered: number;
  /** Items read with other numbers. */
  readonly others: number;
  readonly itemsSold: number;
  readonly purchases: number;
}

/** A sale's counter of attempts, and what a page of them comes to at the same moment. */
export interface AttemptCount {
  readonly attempts: number;
  /** Whether the sale is so old that its attempts may have been dropped. */
  readonly mayBeDropped: boolean;
  /** Whether the sale's have no partition of their own. */
  readonly isUnpartitioned: boolean;
  /** Attempts read, in order of their numbers. */
  readonly rows: number;
  /** Of those read; 0 where there is none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The number above which to read on; undefined where all were read. */
  readonly next: number | undefined;
}

/** An item, or a purchase of one, that does not fit the other or its hold. */
export interface ItemMisfit {
  readonly n: number;
  /** Whether the item is marked sold; null where there is no such item. */
  readonly sold: boolean | null;
  /** Whether there is a purchase of it. */
  readonly isBought: boolean;
  /** Whether there is a hold with that purchase's code, user and item. */
  readonly isHeld: boolean;
}

/** A hold whose item is not there, or shows as free before the hold ends. */
export interface HoldMisfit {
  /** As it is stored. */
  readonly code: string;
  readonly n: number;
  readonly hasItem: boolean;
}

/** A user with more purchases than their rows allow, or two in one slot. */
export interface BuyerMisfit {
  readonly userId: string;
  readonly purchases: number;
  /** Different slots among them. */
  readonly slots: number;
  readonly slotTop: number;
  /** The highest limit that they carry. */
  readonly slotMax: number;
}

/** Rows whose coupon or sale does not exist. */
export interface Stray {
  /** Which kind of row. */
  readonly table: "claims" | "items" | "holds" | "purchases" | "attempts";
  /** The coupon's or the sale's number. */
  readonly id: number;
  /** How many, counted to a bound. */
  readonly rows: number;
}

/** Some of what was looked for. */
export interface AuditPage<T, Place> {
  readonly data: readonly T[];
  /** Where to go on; undefined at the end. */
  readonly next: Place | undefined;
}

/** What an audit reads. Every method throws a `storage_unavailable` Fault where Postgres cannot be read. */
export interface AuditRows {
  /** Coupons with ids above one, in their order, each with its claims where they are few; none at the end. */
  coupons(afterId: number): Promise<CouponCount[]>;
  /** A coupon with a page of its claims, numbered above one; undefined where it is gone. */
  claims(id: number, afterSeq: number): Promise<CouponCount | undefined>;
  /** Claims whose coupon, with an id above one, does not exist. */
  strayClaims(afterId: number): Promise<AuditPage<Stray, number>>;
  /** Misfits among a page of wallets' entries, the first few. @param after where to go on; undefined at first */
  ledgerMisfits(after: string | undefined): Promise<AuditPage<LedgerMisfit, string>>;
  /** Sales numbered below one, the newest first; none at the end. @param recent without those that ended a while ago */
  sales(below: number, recent: boolean): Promise<{ readonly number: number; readonly items: number }[]>;
  /** A sale with its items numbered above `from`, up to `to`; undefined where it is gone. */
  saleCount(number: number, from: number, to: number): Promise<SaleCount | undefined>;
  /** Misfits among those items, the first few. */
  itemMisfits(number: number, from: number, to: number): Promise<ItemMisfit[]>;
  /** Misfits among a page of holds, the first few. @param after where to go on; undefined at first */
  holdMisfits(number: number, after: string | undefined): Promise<AuditPage<HoldMisfit, string>>;
  /** Misfits among a page of users, the first few. @param after where to go on; undefined at first */
  buyerMisfits(number: number, after: string | undefined): Promise<AuditPage<BuyerMisfit, string>>;
  /** A sale with a page of its attempts, numbered above one; undefined where it is gone. */
  attempts(number: number, afterSeq: number): Promise<AttemptCount | undefined>;
  /** Rows of sales that do not exist. */
  straySaleRows(): Promise<Stray[]>;
}

/** A counter, or a row, that others contradict. */
export interface Finding {
  /** `coupon PROMO`, `sale 2026-11-21T14Z`, `item 3 of sale 2026-11-21T14Z` … */
  readonly object: string;
  /** The column or table in question. */
  readonly counter: string;
  /** What it says. */
  readonly says: string;
  /** What the rows beside it say. */
  readonly rows: string;
}

/** What an audit came to. */
export interface AuditReport {
  /** How many were looked at. */
  readonly coupons: number;
  readonly sales: number;
  /** Empty where all that was audited is exact. */
  readonly findings: readonly Finding[];
  /** What never held still for long enough to be audited. */
  readonly busy: readonly string[];
}

/** Audits for someone who waits for what they find. */
export interface Audits {
  /**
   * Compares every counter with its rows, now; changes nothing.
   *
   * @param signal ends the audit where nobody waits any longer
   * @throws Fault `overloaded` while another such audit runs here, `stopping` where it was ended before its end,
   * `storage_unavailable` where PostgreSQL cannot be read
   */
  auditNow(signal: AbortSignal): Promise<AuditReport>;
}
