/** The audit trail of administrative acts: who did what, when, and from where. */
import type { ListPart } from "./views.ts";

/** An act, before it is done. Its texts contain no token, key or code of a hold. */
export interface AdminAct {
  /** `admin`, `service`, `user:<id>`, or `open` if no token was asked for. */
  readonly caller: string;
  /** The kind of act, such as `coupon.create`. */
  readonly act: string;
  /** What it was done to: names of coupons, ids of users or sales; may be empty. */
  readonly target: readonly string[];
  /** The address that the request came from, or `unknown`. */
  readonly address: string;
  readonly requestId: string;
}

export interface AdminActView extends AdminAct {
  /** Increases with each act. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The status of the response; null if the outcome is not known. */
  readonly status: number | null;
  /** The problem code; null if there was none, or if `status` is null. */
  readonly code: string | null;
}

/** The trail. Every method throws a `storage_unavailable` Fault if PostgreSQL does not respond. */
export interface AdminActs {
  /** Records an act that is about to be done. @returns its id, once it is durable */
  begin(act: AdminAct): Promise<number>;
  /**
   * Whether an act is recorded and under way, and this is its command. The first command that asks becomes the act's command;
   * all others are denied.
   *
   * @param act the kind that it must be, such as `coupon.edit`
   */
  vouches(id: number, act: string, commandId: string): Promise<boolean>;
  /** Records the outcome, once. */
  complete(id: number, status: number, code: string | null): Promise<void>;
  /**
   * Acts, newest first.
   *
   * @param before only acts with lower ids; 0 for all
   * @returns the acts, and the id of the last one if more follow
   */
  page(before: number, limit: number): Promise<ListPart<AdminActView, number>>;
}
