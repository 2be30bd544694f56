/** What is a job that makes many coupons, who asks for it, and who does it? */
import type { CouponTerms } from "../domain/coupon.ts";
import type { Page } from "./views.ts";

/** What a job's coupons have in common. */
export type BulkTerms = Omit<CouponTerms, "name">;

/** What is asked for. */
export interface BulkRequest {
  /** The request's own id, a UUID: the same one is the same job. */
  readonly id: string;
  /** Coupons to be made. */
  readonly count: number;
  /** Of their names; null where no one is to guess them. */
  readonly pattern: string | null;
  readonly terms: BulkTerms;
}

/** `cancelled` and `failed` keep what was made until then. */
export type BulkState = "running" | "done" | "failed" | "cancelled";

/** A job as it stands. Times are milliseconds since the epoch. */
export interface BulkJob {
  readonly id: number;
  readonly count: number;
  /** Coupons that are there: exactly the job's rows, at any moment. */
  readonly made: number;
  readonly pattern: string | null;
  readonly terms: BulkTerms;
  readonly state: BulkState;
  /** Why it failed; null where it did not. */
  readonly failure: string | null;
  readonly createdAt: number;
  /** Null while it runs. */
  readonly finishedAt: number | null;
  /** Seconds from its creation to its end, or until now. */
  readonly seconds: number;
}

/** Coupons of a job as they are now, in the order in which they were made. */
export interface CodesPage {
  readonly coupons: readonly CouponTerms[];
  /** Where the next page begins; undefined after the last one. */
  readonly next: number | undefined;
}

/** Jobs, for those who ask for them. Every method throws a `storage_unavailable` Fault where Postgres does not answer. */
export interface BulkJobs {
  /**
   * Adds a job.
   *
   * @returns the job; `reused` where the id is that of a request for something else
   * @throws Fault `overloaded` where too many jobs run
   */
  add(request: BulkRequest): Promise<BulkJob | "reused">;
  /** A job; undefined where there is none. */
  job(id: number): Promise<BulkJob | undefined>;
  /** Jobs, the newest first. */
  jobs(offset: number, limit: number): Promise<Page<BulkJob>>;
  /** Ends a job that runs; returns the job as it stands then, or undefined where there is none. */
  cancel(id: number): Promise<BulkJob | undefined>;
  /** Whether a coupon of a job was edited since it was made, so that its terms may be others than the job's. */
  areEdited(id: number): Promise<boolean>;
  /** Coupons of a job, up to `limit` of them, from a place on; 0 is the beginning. */
  codes(id: number, from: number, limit: number): Promise<CodesPage>;
}

/** A job that this process may work on. */
export interface LeasedJob {
  readonly id: number;
  /** Its fence: it grows with each lease, and nothing is made under an older one. */
  readonly lease: number;
  readonly count: number;
  readonly made: number;
  readonly pattern: string | null;
}

/** Names of coupons to be, with their folds, each once. */
export interface Codes {
  readonly names: readonly string[];
  readonly folds: readonly string[];
}

/** Jobs, for those who do them. Every method throws a `storage_unavailable` Fault where it may not have happened. */
export interface BulkWork {
  /**
   * Takes the jobs that run and that nobody works on, and again those that the holder works on; none while another holder
   * is at work, so that all jobs together keep one pace. Whoever falls silent loses them after a few seconds.
   */
  lease(holder: string): Promise<LeasedJob[]>;
  /**
   * Makes coupons of the first names that are not taken, at most as many as are wanted still. All or nothing of it is
   * stored, `made` with it.
   *
   * @returns the job as it stands then; undefined where it is no longer the lease's, nor runs: then nothing was made
   * @throws Fault `data_error` where such coupons cannot be stored at all
   */
  make(job: LeasedJob, codes: Codes): Promise<LeasedJob | undefined>;
  /** Ends a job that cannot be done; nothing where it is no longer the lease's. */
  fail(job: LeasedJob, failure: string): Promise<void>;
  /** Lets the holder's jobs go, so that others need not wait. */
  release(holder: string): Promise<void>;
}
