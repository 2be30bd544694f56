/** Where is it kept who did which act of an administrator, when and from where? */

/** An act, before it is done. No text of it holds a token, a key or the code of a hold. */
export interface AdminAct {
  /** `admin`, `service`, `user:<id>`, or `open` where no one was asked. */
  readonly caller: string;
  /** What was asked for: `coupon.create` … */
  readonly act: string;
  /** Names of coupons, ids of users or sales: one, several that tell it together, or none. */
  readonly target: readonly string[];
  /** Where the request came from, as far as that is known. */
  readonly address: string;
  readonly requestId: string;
}

/** A recorded act. */
export interface AdminActView extends AdminAct {
  /** Later acts have higher ones. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of its answer; null where that is not known: it may have been done, or not. */
  readonly status: number | null;
  /** Of its refusal or failure; null where there was none, or `status` is null. */
  readonly code: string | null;
}

/** The trail of acts. Every method throws a `storage_unavailable` Fault where Postgres does not do it. */
export interface AdminActs {
  /** Records that an act is about to be done. @returns its id, once it is durable */
  begin(act: AdminAct): Promise<number>;
  /**
   * Whether an act is recorded and under way, and this is its command. The first command for which it is asked is the
   * act's; no other is.
   *
   * @param act what it must be: `coupon.edit` …
   */
  vouches(id: number, act: string, commandId: string): Promise<boolean>;
  /** Records what became of it, once. */
  complete(id: number, status: number, code: string | null): Promise<void>;
  /**
   * Acts, the newest first.
   *
   * @param before those with lower ids alone; 0 for all
   * @returns with the id of the last where more follow
   */
  page(before: number, limit: number): Promise<{ data: AdminActView[]; next: number | undefined }>;
}
