/** The parts of the document that apply to all operations, and who may call them. */
import type { Authority } from "../auth/authority.ts";

type Json = Readonly<Record<string, unknown>>;

const DESCRIPTION = `Doorbuster hands out scarce things exactly: coupons with a limited quota, and hourly flash sales.
A success is committed to disk before it is returned. Any node of a cluster answers any request.

- **Problems** are \`application/problem+json\` (RFC 9457) with a stable \`code\`, a \`type\` that links to its explanation
  ([all codes](/docs/errors)), the \`request_id\`, and \`param\` if a single field, parameter or header is at fault. An
  unknown path is 404 \`not_found\`, a method that a path does not support is 405 \`method_not_allowed\` with \`Allow\`, and
  a target over 16 KiB is 414 \`uri_too_long\`. \`HEAD\` works wherever \`GET\` does.
- **Callers** send a bearer token. Without a token, or with one that is not valid, the response is 401
  (\`unauthenticated\` or \`invalid_token\`) with \`WWW-Authenticate\`; with a token that does not permit the request it is
  403 \`forbidden\`, and \`detail\` says which kinds of caller may make it. A node on loopback without configured tokens
  asks for none, and refuses requests that a browser sends on behalf of other web pages: 403 \`host_not_allowed\`,
  \`origin_not_allowed\` or \`cross_site_request\`.
- **Server-side failures** are 503 with \`Retry-After\`: look up the outcome, or repeat the request with the same
  \`Idempotency-Key\`. 429 means that a user has reached a limit, of items or of requests.
- **Bodies** are JSON in UTF-8 of at most 16 KiB. Unknown fields are refused with 400, as a misspelt limit would mean no
  limit.
- **Times** are RFC 3339, in UTC in responses. The names of durations end with their units.
- **Money** is a decimal text with two places.
- **Pages** by number have at most 100 entries, pages by cursor at most 1,000.
- Later versions may add fields to responses.`;

/** The document's \`info\`. */
export const INFO = {
  title: "Doorbuster",
  version: "1.0.0",
  summary: "Coupons and flash sales, handed out exactly.",
  description: DESCRIPTION,
} as const;

const TAG_TEXTS = {
  "Coupons": "Units with a limited quota.",
  "Claims": "Units of coupons that users have claimed.",
  "Checkout and purchase": "Holding an item for a user, and purchasing it with the code of the hold.",
  "Flash sales": "The sale of each hour, its items, and the attempts to check them out.",
  "Users and segments": "Memberships with their expiry; what a user has.",
  "Bulk codes": "Jobs that create many coupons.",
  "Files":
    "Claims, purchases and wallets as streamed CSV (RFC 4180, UTF-8, with a header). If a file cannot be completed, the " +
    "connection is closed early.",
  "Audit trail": "Administrative acts, and audits of all counters.",
  "Node": "Health, metrics, the cluster.",
  "Documentation": "This document.",
} as const;

/** A heading of the document. */
export type Tag = keyof typeof TAG_TEXTS;

/** The document's \`tags\`, in the order in which they are shown. */
export const TAGS: readonly Json[] = Object.entries(TAG_TEXTS).map(([name, description]) => ({ name, description }));

export const SECURITY: Json = {
  admin: { type: "http", scheme: "bearer", description: "The admin token; may do everything." },
  service: { type: "http", scheme: "bearer", description: "The service token; acts for any user." },
  user: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A user's token; acts for its `sub`." },
};

const CALLERS: Readonly<Record<Extract<Authority, string>, readonly string[]>> = {
  public: [],
  caller: ["user", "service", "admin"],
  own: ["user", "service", "admin"],
  service: ["service", "admin"],
  admin: ["admin"],
};

/** An operation's `security`: one of these callers; empty if anyone may call it. */
export function securityOf(authority: Authority): readonly Json[] {
  return CALLERS[typeof authority === "object" ? "admin" : authority].map((caller) => ({ [caller]: [] }));
}
