/** How is each outcome told over HTTP? One table from code to status; errors are RFC 9457 problems. */
import type { FaultCode } from "../actors/ports.ts";
import type { CouponRefusal } from "../domain/coupon.ts";
import type { SaleRefusal } from "../domain/sale.ts";
import { headersOf, type RequestId } from "./request_id.ts";

/** Refusals of the edge itself, before anyone is asked. */
export type EdgeRefusal =
  | "unauthenticated"
  | "invalid_token"
  | "forbidden"
  | "rate_limited"
  | "invalid_request"
  | "invalid_idempotency_key"
  | "not_found"
  | "method_not_allowed"
  | "request_timeout"
  | "body_too_large"
  | "unsupported_media_type"
  | "bulk_not_found"
  | "bulk_running"
  | "bulk_finished"
  | "internal_error"
  | "not_ready"
  | "user_not_found";

/** What a coupon may refuse a client with. */
export type ToldRefusal = Exclude<CouponRefusal, "membership_needed">;

/** Every `code` of a problem. */
export type ProblemCode = ToldRefusal | SaleRefusal | "sale_paused" | FaultCode | EdgeRefusal;

interface Meaning {
  readonly status: number;
  readonly title: string;
  /** Where two mean one thing to a client, but not one status. */
  readonly code?: string;
}

/** What each code means. */
export const PROBLEMS = {
  coupon_not_found: { status: 404, title: "There is no such coupon" },
  coupon_exists: { status: 409, title: "A coupon of this name exists" },
  claim_not_found: { status: 404, title: "The user holds no claim on this coupon" },
  already_claimed: { status: 409, title: "The user holds a claim on this coupon already" },
  paused: { status: 409, title: "Claiming is paused" },
  not_started: { status: 409, title: "Claiming has not started" },
  ended: { status: 410, title: "Claiming has ended" },
  not_eligible: { status: 403, title: "The coupon is for members of a segment, which the user is not now" },
  below_minimum: { status: 400, title: "The order is below the coupon's minimum, or no order_amount was given" },
  sold_out: { status: 400, title: "No units are left" },
  invalid_period: { status: 400, title: "The end must come after the start" },
  invalid_terms: { status: 400, title: "A coupon of this kind cannot have these terms together" },
  amount_below_claimed: { status: 409, title: "More units are claimed than the new amount" },
  sale_not_found: { status: 404, title: "There is no such sale" },
  item_not_found: { status: 404, title: "There is no such item" },
  code_unknown: { status: 404, title: "There is no such code" },
  sale_exists: { status: 409, title: "The sale is there already" },
  sale_not_started: { status: 412, title: "The sale has not started" },
  sale_over: { status: 412, title: "The sale is over" },
  sale_paused: { status: 412, title: "The sale is paused", code: "paused" },
  code_used: { status: 409, title: "An item was bought with this code already" },
  code_expired: { status: 404, title: "The code has expired" },
  sold_to_another: { status: 410, title: "The item was sold to another" },
  hold_not_live: { status: 404, title: "The code holds nothing any more" },
  purchase_not_found: { status: 404, title: "Nothing is bought with this code" },
  limit_reached: { status: 429, title: "The user has as many items of this sale as one may" },
  item_unavailable: { status: 412, title: "The item is held or sold" },
  unauthenticated: { status: 401, title: "A token is needed" },
  invalid_token: { status: 401, title: "The token is not valid, or not any more", code: "unauthenticated" },
  forbidden: { status: 403, title: "The caller may not do this" },
  rate_limited: { status: 429, title: "Too many requests of one user; ask again later" },
  idempotency_key_reused: { status: 422, title: "The idempotency key was used for another request" },
  invalid_request: { status: 400, title: "The request is not valid" },
  invalid_idempotency_key: { status: 400, title: "Idempotency-Key must be 1 to 255 visible ASCII characters" },
  not_found: { status: 404, title: "There is no such resource" },
  user_not_found: { status: 404, title: "Nothing is known of this user" },
  method_not_allowed: { status: 405, title: "The resource does not know this method" },
  request_timeout: { status: 408, title: "The request's body did not arrive in time" },
  body_too_large: { status: 413, title: "The body is larger than 16 KiB" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  bulk_not_found: { status: 404, title: "There is no such job" },
  bulk_running: { status: 409, title: "The job runs; its codes are to be had when it has ended" },
  bulk_finished: { status: 409, title: "The job has ended" },
  internal_error: { status: 500, title: "Something unexpected went wrong" },
  not_ready: { status: 503, title: "This node does not serve now" },
  overloaded: { status: 503, title: "Too much waits already; ask again" },
  deadline: { status: 503, title: "Not decided in time; nothing happened; ask again" },
  storage_unavailable: { status: 503, title: "Storage does not answer; ask again" },
  moved: { status: 503, title: "The owner is moving; ask again" },
  stopping: { status: 503, title: "This node is leaving; ask again" },
  data_error: { status: 503, title: "The request could not be stored" },
} as const satisfies Record<ProblemCode, Meaning>;

/** A refusal of the edge, thrown where a request is read. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";

  /** @param detail for the client: what is wrong and what is allowed */
  constructor(readonly code: EdgeRefusal, readonly detail?: string) {
    super(detail ?? code);
  }
}

const REALM = 'Bearer realm="doorbuster"';

function bodyOf(code: ProblemCode, detail?: string): string {
  const { status, title, code: shown = code }: Meaning = PROBLEMS[code];
  return JSON.stringify({ type: "about:blank", title, status, code: shown, ...detail !== undefined && { detail } });
}

const BODIES = new Map(Object.keys(PROBLEMS).map((code) => [code, bodyOf(code as ProblemCode)]));

/**
 * A problem's response.
 *
 * @param detail for the client; never an error's own text
 * @param allow of `method_not_allowed`: the methods that are
 */
export function problem(code: ProblemCode, id: RequestId, detail?: string, allow?: string): Response {
  const { status } = PROBLEMS[code];
  const headers = headersOf(id, "application/problem+json");
  if (allow !== undefined) headers["allow"] = allow;
  // RFC 6750, section 3.1: who showed no token is not told of an error.
  if (code === "unauthenticated") headers["www-authenticate"] = REALM;
  if (code === "invalid_token") headers["www-authenticate"] = `${REALM}, error="invalid_token"`;
  if (status === 503) headers["retry-after"] = "1";
  return new Response(detail === undefined ? BODIES.get(code) : bodyOf(code, detail), { status, headers });
}
