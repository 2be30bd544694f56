/** What each refusal of a coupon or a sale, and each server-side failure, means to a client. */
import type { FaultCode } from "../../ports/mod.ts";
import type { CouponRefusal } from "../../domain/coupon.ts";
import type { ToldSaleRefusal } from "../../domain/sale.ts";

/** What a code means. Backticks in its texts mark names and values. */
export interface Meaning {
  readonly status: number;
  readonly title: string;
  /** For the page of all codes; empty if another entry with the same `code` explains both. */
  readonly help: string;
  /** The code that a client gets, if two entries mean the same to a client but have different statuses. */
  readonly code?: string;
  /** The body field, query parameter or header that is always at fault. */
  readonly param?: string;
}

/** The refusals of a coupon that reach clients. */
export type ToldRefusal = Exclude<CouponRefusal, "membership_needed">;

/** The codes of actors and of the path to them. `sale_paused` is the `paused` of a sale, which has a different status. */
export type ActorProblem = ToldRefusal | ToldSaleRefusal | "sale_paused" | FaultCode;

export const ACTOR_PROBLEMS = {
  coupon_not_found: {
    status: 404,
    title: "There is no such coupon",
    help: "No coupon has this name. Coupon names are case-insensitive, and blanks at either end are ignored.",
  },
  coupon_exists: {
    status: 409,
    title: "A coupon of this name exists",
    help: "Coupon names are case-insensitive. The coupon that exists was not changed: to change it, edit it.",
  },
  claim_not_found: {
    status: 404,
    title: "The user holds no claim on this coupon",
    help: "The user never claimed a unit of the coupon, or the claim was voided.",
  },
  already_claimed: {
    status: 409,
    title: "The user already holds a claim on this coupon",
    help: "A user may hold one unit of a coupon. `GET /api/coupons/{name}/claims/{user_id}` shows the claim.",
  },
  paused: {
    status: 409,
    title: "Claiming is paused",
    help: "An administrator stopped the coupon (409) or the checkouts of the sale (412), and may resume them. Holds " +
      "that are live can still be purchased.",
  },
  not_started: {
    status: 409,
    title: "Claiming has not started",
    help: "Claims succeed from the coupon's `starts_at` on.",
  },
  ended: {
    status: 410,
    title: "Claiming has ended",
    help: "Claims succeed until just before the coupon's `ends_at`.",
  },
  not_eligible: {
    status: 403,
    title: "The coupon is for members of a segment, and the user is not a member now",
    help: "The coupon's `segment` names the segment. A membership that has expired does not count.",
  },
  below_minimum: {
    status: 400,
    title: "The order is below the coupon's minimum, or no order_amount was given",
    help: "The coupon has a `min_order`. Send the amount of the order as `order_amount`.",
    param: "order_amount",
  },
  sold_out: {
    status: 400,
    title: "No units are left",
    help:
      "All units of the coupon are claimed. A unit may come back: a claim is voided, or the coupon gets more units.",
  },
  invalid_period: {
    status: 400,
    title: "The end must come after the start",
    help: "After this edit the coupon's `ends_at` would not be after its `starts_at`. Nothing was changed.",
  },
  invalid_terms: {
    status: 400,
    title: "A coupon of this kind cannot have these terms together",
    help: "A discount has either `percent_off` or `amount_off`; a charge has a `credit`; a plain coupon has none of " +
      "them. Nothing was changed.",
  },
  amount_below_claimed: {
    status: 409,
    title: "More units are claimed than the new amount",
    help: "`amount` is the new total, and cannot be less than the units that are claimed. Nothing was changed.",
    param: "amount",
  },
  sale_not_found: {
    status: 404,
    title: "There is no such sale",
    help: "A sale's id is its hour in UTC, such as `2026-11-21T14Z`; `current` is the sale of this hour.",
  },
  item_not_found: {
    status: 404,
    title: "There is no such item",
    help: "An item is named by its id, or by a number from 1 to the number of items: an item of the current sale.",
  },
  code_unknown: {
    status: 404,
    title: "There is no such code",
    help: "`POST /checkout` did not return this code.",
    param: "code",
  },
  sale_exists: {
    status: 409,
    title: "The sale exists",
    help: "No request is answered with this code: nodes make the sales themselves.",
  },
  sale_not_started: {
    status: 412,
    title: "The sale has not started",
    help: "Checkouts succeed from the sale's `starts_at` on.",
  },
  sale_over: {
    status: 412,
    title: "The sale is over",
    help: "The sale's hour is over, and either all items are sold or sales close with their hour.",
  },
  sale_paused: {
    status: 412,
    title: "The sale is paused",
    help: "",
    code: "paused",
  },
  code_used: {
    status: 409,
    title: "The code was already used for a purchase",
    help: "A code buys once. `GET /checkout?code=…` shows the purchase.",
  },
  code_expired: {
    status: 404,
    title: "The code has expired",
    help:
      "The hold ended before the purchase: it reached its `expires_at`, was released, or its purchase was voided. " +
      "Check the item out again.",
  },
  sold_to_another: {
    status: 410,
    title: "The item was sold to another user",
    help: "Where checkouts are open, several users may hold a code for one item, and the first purchase wins.",
  },
  hold_not_live: {
    status: 404,
    title: "The hold is no longer live",
    help: "There is nothing to release: the hold has expired, was released, or its item was purchased.",
  },
  purchase_not_found: {
    status: 404,
    title: "Nothing was purchased with this code",
    help: "The code was never used for a purchase, or the purchase was voided.",
  },
  limit_reached: {
    status: 429,
    title: "Purchase limit reached",
    help:
      "A user may purchase a limited number of items in one sale; `detail` has the number. If checkouts are exclusive, " +
      "live holds count too. The next sale has a limit of its own.",
  },
  item_unavailable: {
    status: 412,
    title: "The item is held or sold",
    help: "Another user holds the item or has bought it. To list available items: " +
      "`GET /api/sales/current/items?state=available`.",
  },
  forbidden: {
    status: 403,
    title: "This caller may not make this request",
    help: "The token is valid, but not for this. `detail` names the kinds of caller that may: an administrator, a " +
      "service, or the user whom the request is for.",
  },
  idempotency_key_reused: {
    status: 422,
    title: "The idempotency key was used for another request",
    help:
      "The same caller sent another request with this `Idempotency-Key`, and it was accepted. Use a new key for each " +
      "new request.",
    param: "Idempotency-Key",
  },
  overloaded: {
    status: 503,
    title: "Too many requests are waiting; try again",
    help: "The request was not executed: a queue is full, or a list takes too long.",
  },
  deadline: {
    status: 503,
    title: "Not decided in time; try again",
    help: "The request was not executed, and never will be.",
  },
  storage_unavailable: {
    status: 503,
    title: "The database does not answer; try again",
    help: "The request may or may not have been executed. Look up the outcome, or repeat the request with the same " +
      "`Idempotency-Key`.",
  },
  moved: {
    status: 503,
    title: "The owner is changing; try again",
    help: "The request was not executed: another node takes over the coupon or sale.",
  },
  stopping: {
    status: 503,
    title: "This node is stopping; try again",
    help: "The request was not executed. Another node can take it.",
  },
  data_error: {
    status: 503,
    title: "The request could not be stored",
    help: "The database refused the rows, and the request was rolled back.",
  },
} as const satisfies Record<ActorProblem, Meaning>;
