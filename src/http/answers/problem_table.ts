/** The meaning of each problem `code`: the one table from which problems and their documentation are made. */
import { ACTOR_PROBLEMS, type ActorProblem, type Meaning } from "./actor_problems.ts";

/** Refusals of the edge itself, before an actor is asked. */
export type EdgeRefusal = keyof typeof EDGE_PROBLEMS | "forbidden";

/** Every code of a problem. */
export type ProblemCode = ActorProblem | keyof typeof EDGE_PROBLEMS;

const EDGE_PROBLEMS = {
  unauthenticated: {
    status: 401,
    title: "A token is needed",
    help: "Send `Authorization: Bearer …` with a token that is valid: not expired, and signed by the right key.",
  },
  invalid_token: {
    status: 401,
    title: "The token is not valid, or no longer valid",
    help: "",
    code: "unauthenticated",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests from one user; try again later",
    help: "`Retry-After` says in how many seconds a request is allowed, `RateLimit` what is left of the quota.",
  },
  invalid_request: {
    status: 400,
    title: "The request is not valid",
    help:
      "`detail` says what is wrong and what is allowed; `param` names the field, parameter or header at fault, if " +
      "it is a single one.",
  },
  invalid_idempotency_key: {
    status: 400,
    title: "Idempotency-Key must be 1 to 255 visible ASCII characters",
    help: "A UUID is a good key: a new one for each request, and the same one when the request is repeated.",
    param: "Idempotency-Key",
  },
  host_not_allowed: {
    status: 403,
    title: "This node answers only to allowed hosts",
    help:
      "Without tokens, a node answers only requests whose `Host` is a loopback name or address, or in `ALLOWED_HOSTS`. " +
      "Otherwise any web page could reach it under a name that leads to loopback.",
    param: "Host",
  },
  origin_not_allowed: {
    status: 403,
    title: "Pages of this origin may not use this node",
    help:
      "Without tokens, a node answers only its own pages and those of the origins in `CORS_ORIGINS`. Otherwise any web " +
      "page could use it.",
    param: "Origin",
  },
  cross_site_request: {
    status: 403,
    title: "Pages of other sites may not use this node",
    help:
      "Without tokens, a node answers no request that a browser sends for a page of another site (`Sec-Fetch-Site: " +
      "cross-site`). To open an address that another site links to, type it. For pictures on a page of an origin in " +
      "`CORS_ORIGINS`, write `<img crossorigin>`.",
    param: "Sec-Fetch-Site",
  },
  uri_too_long: {
    status: 414,
    title: "The request's target is longer than 16 KiB",
    help:
      "The path and the query together are at most 16,384 characters. The longest names and ids fit, percent-encoded.",
  },
  head_too_large: {
    status: 431,
    title: "The request's head is larger than 64 KiB",
    help: "The request line and the header fields together are at most 64 KiB.",
  },
  http_version_not_supported: {
    status: 505,
    title: "HTTP/2 is not supported",
    help: "Connect with HTTP/1.1. A proxy in front of the nodes may offer HTTP/2 to clients.",
  },
  not_found: {
    status: 404,
    title: "There is no such resource",
    help: "This API has no such path. `/docs` lists its paths.",
  },
  user_not_found: {
    status: 404,
    title: "There is no such user",
    help: "A user exists once they have a membership, a claim, a purchase or a wallet entry, or were registered.",
  },
  method_not_allowed: {
    status: 405,
    title: "The resource does not support this method",
    help: "`Allow` lists the methods that it supports.",
  },
  request_timeout: {
    status: 408,
    title: "The request's body did not arrive in time",
    help: "The request was not executed. A body may take 10 seconds.",
  },
  body_too_large: {
    status: 413,
    title: "The body is larger than 16 KiB",
    help: "For many coupons or memberships, send several requests or import a file.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The body must be application/json",
    help: "Send `Content-Type: application/json`, and the body in UTF-8, not compressed.",
  },
  bulk_not_found: {
    status: 404,
    title: "There is no such job",
    help: "`GET /api/bulk` lists the jobs.",
  },
  bulk_running: {
    status: 409,
    title: "The job is still running",
    help: "Its codes can be read once it has ended: `GET /api/bulk/{job_id}` shows its state.",
  },
  bulk_finished: {
    status: 409,
    title: "The job has ended",
    help: "Only a running job can be cancelled.",
  },
  internal_error: {
    status: 500,
    title: "An unexpected error occurred",
    help: "This is a server error. The log describes it under the problem's `request_id`.",
  },
  not_ready: {
    status: 503,
    title: "This node is not serving requests now",
    help: "It is starting or stopping, or has no connection to the database. Send requests to another node.",
  },
} as const satisfies Record<string, Meaning>;

export const PROBLEMS = { ...ACTOR_PROBLEMS, ...EDGE_PROBLEMS } as const satisfies Record<ProblemCode, Meaning>;

/** The code that a client gets. */
export function shownCodeOf(code: ProblemCode): string {
  return (PROBLEMS[code] as Meaning).code ?? code;
}

/** The path of the page that explains all codes. */
export const ERRORS_PATH = "/docs/errors";

/** A problem's `type`: where it is explained. */
export function typeOf(code: ProblemCode): string {
  return `${ERRORS_PATH}#${shownCodeOf(code)}`;
}
