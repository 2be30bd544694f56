/** Jobs that create many coupons: for those who request them and for those who run them. */
import type { CouponTerms } from "../domain/coupon.ts";
import type { Page } from "./views.ts";

/** The terms that all coupons of a job share. */
export type BulkTerms = Omit<CouponTerms, "name">;

/** A request for a job. */
export interface BulkRequest {
  /** The request's id, a UUID: the same id means the same job. */
  readonly id: string;
  /** Number of coupons to create. */
  readonly count: number;
  /** The pattern of their names; null for names that cannot be guessed. */
  readonly pattern: string | null;
  readonly terms: BulkTerms;
}

/** `cancelled` and `failed` jobs keep the coupons that they created. */
export type BulkState = "running" | "done" | "failed" | "cancelled";

/** A job. Times are milliseconds since the epoch. */
export interface BulkJob {
  readonly id: number;
  readonly count: number;
  /** Coupons created so far: always exactly the number of the job's rows. */
  readonly made: number;
  readonly pattern: string | null;
  readonly terms: BulkTerms;
  readonly state: BulkState;
  /** Why it failed; null if it did not. */
  readonly failure: string | null;
  readonly createdAt: number;
  /** Null while it runs. */
  readonly finishedAt: number | null;
  /** Seconds from its creation to its end, or until now. */
  readonly seconds: number;
}

/** Coupons of a job as they are now, in the order of creation. */
export interface CodesPage {
  readonly coupons: readonly CouponTerms[];
  /** Where the next page begins; undefined on the last page. */
  readonly next: number | undefined;
}

/** Jobs, for those who request them. Every method throws a `storage_unavailable` Fault if PostgreSQL does not respond. */
export interface BulkJobs {
  /**
   * Adds a job.
   *
   * @returns the job; `reused` if the id belongs to a different request
   * @throws Fault `overloaded` if too many jobs run
   */
  add(request: BulkRequest): Promise<BulkJob | "reused">;
  /** A job; undefined if there is none. */
  job(id: number): Promise<BulkJob | undefined>;
  /** Jobs, newest first. */
  jobs(offset: number, limit: number): Promise<Page<BulkJob>>;
  /** Cancels a running job. @returns the job; undefined if there is none */
  cancel(id: number): Promise<BulkJob | undefined>;
  /** Whether a coupon of a job was edited, so that its terms may differ from the job's. */
  areEdited(id: number): Promise<boolean>;
  /** Up to `limit` coupons of a job, from a place on; 0 is the beginning. */
  codes(id: number, from: number, limit: number): Promise<CodesPage>;
}

/** A job that this process may work on. */
export interface LeasedJob {
  readonly id: number;
  /** Its fencing token: it grows with each lease, and an older one cannot create anything. */
  readonly lease: number;
  readonly count: number;
  readonly made: number;
  readonly pattern: string | null;
}

/** Names of coupons to create, with their name keys, each once. */
export interface Codes {
  readonly names: readonly string[];
  readonly folds: readonly string[];
}

/** Jobs, for those who run them. Every method throws a `storage_unavailable` Fault if it may not have happened. */
export interface BulkWork {
  /**
   * Leases the running jobs that no worker has, and renews the worker's own. None while another worker is active, so that all
   * jobs together keep one pace. A worker that stops renewing loses its leases after a few seconds.
   */
  lease(holder: string): Promise<LeasedJob[]>;
  /**
   * Creates coupons with the first names that are free, at most as many as are still wanted. Stored together with `made`,
   * entirely or not at all.
   *
   * @returns the job; undefined if it no longer runs or the lease is lost, and then nothing was created
   * @throws Fault `data_error` if such coupons cannot be stored at all
   */
  make(job: LeasedJob, codes: Codes): Promise<LeasedJob | undefined>;
  /** Fails a job that cannot be done; does nothing if the lease is lost. */
  fail(job: LeasedJob, failure: string): Promise<void>;
  /** Releases the worker's leases, so that others need not wait. */
  release(holder: string): Promise<void>;
}
