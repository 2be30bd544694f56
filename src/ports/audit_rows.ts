/** What is read to hold counters against rows, and what is told of them. */

/** A check of one coupon (`claims`), of one sale, or of all there is. */
export type AuditCheck =
  | "claims"
  | "ledger"
  | "stray_claims"
  | "sale"
  | "items"
  | "holds"
  | "buyers"
  | "attempts"
  | "stray_sale_rows"
  | "stray_attempts";

/** Where a check goes on; whose check it is knows what that means. */
export type AuditPlace = readonly unknown[];

/** Some of what a check looks through. */
export interface AuditPage {
  /** Whether what is checked changed since the first page, so that its pages do not add up. */
  readonly hasMoved: boolean;
  /** What was found so far that is wrong, the first few. */
  readonly findings: readonly Finding[];
  /** Undefined at the end. */
  readonly next: AuditPlace | undefined;
}

/**
 * What an audit reads. Every read is one statement on Postgres, so it is true of one moment; it wakes no actor, is short, and
 * changes nothing. Each throws a `storage_unavailable` Fault where Postgres cannot be read.
 */
export interface AuditRows {
  /** Coupons with ids above one, in their order; whether one must be looked at by itself. None at the end. */
  coupons(afterId: number): Promise<{ readonly id: number; readonly name: string; readonly isSuspect: boolean }[]>;
  /** Sales numbered below one, the newest first; none at the end. @param recent without those that ended a while ago */
  sales(below: number, recent: boolean): Promise<{ readonly number: number; readonly name: string }[]>;
  /** Numbers of sales that do not exist but have a partition of attempts. */
  strayPartitions(): Promise<number[]>;
  /**
   * Reads a page of a check.
   *
   * @param id the coupon's, or the sale's number, where the check is of one; nothing is found where that is gone
   * @param place where to go on; undefined at first
   */
  check(check: AuditCheck, id?: number, place?: AuditPlace): Promise<AuditPage>;
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
