/** What audits read to compare counters with rows, and what they report. */

/** A check of one coupon (`claims`), of one sale, or of everything. */
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

/** Where a check continues; opaque to its caller. */
export type AuditPlace = readonly unknown[];

/** One page of a check. */
export interface AuditPage {
  /** Whether the object changed since the first page, so that the pages do not add up. */
  readonly hasMoved: boolean;
  /** The first few things that are wrong. */
  readonly findings: readonly Finding[];
  /** Undefined on the last page. */
  readonly next: AuditPlace | undefined;
}

/**
 * What an audit reads. Every read is one short statement and therefore consistent; it activates no actor and changes nothing.
 * Every method throws a `storage_unavailable` Fault if PostgreSQL cannot be read.
 */
export interface AuditRows {
  /** The next coupons by id, and whether each must be checked by itself; empty at the end. */
  coupons(afterId: number): Promise<{ readonly id: number; readonly name: string; readonly isSuspect: boolean }[]>;
  /** The next older sales, newest first; empty at the end. @param recent without those that ended a while ago */
  sales(below: number, recent: boolean): Promise<{ readonly number: number; readonly name: string }[]>;
  /** Numbers of partitions of attempts whose sales do not exist. */
  strayPartitions(): Promise<number[]>;
  /**
   * Reads a page of a check.
   *
   * @param id the coupon's id or the sale's number, if the check is of one; nothing is found if it is gone
   * @param place where to continue; undefined for the first page
   */
  check(check: AuditCheck, id?: number, place?: AuditPlace): Promise<AuditPage>;
}

/** A counter or row that other rows contradict. */
export interface Finding {
  /** `coupon PROMO`, `sale 2026-11-21T14Z`, `item 3 of sale 2026-11-21T14Z` … */
  readonly object: string;
  /** The column or table in question. */
  readonly counter: string;
  readonly says: string;
  /** What the rows say. */
  readonly rows: string;
}

/** The result of an audit. */
export interface AuditReport {
  /** How many were audited. */
  readonly coupons: number;
  readonly sales: number;
  /** Empty if everything that was audited is exact. */
  readonly findings: readonly Finding[];
  /** What changed too often to be audited. */
  readonly busy: readonly string[];
}

/** Audits on request. */
export interface Audits {
  /**
   * Compares every counter with its rows. Changes nothing.
   *
   * @param signal ends the audit if nobody waits for it any longer
   * @throws Fault `overloaded` while another such audit runs on this node, `stopping` if it was aborted,
   * `storage_unavailable` if PostgreSQL cannot be read
   */
  auditNow(signal: AbortSignal): Promise<AuditReport>;
}
