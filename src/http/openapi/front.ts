/** The parts of the document that apply to all operations, and who may call them. */
import type { Authority } from "../auth/authority.ts";

type Json = Readonly<Record<string, unknown>>;

const DESCRIPTION = `Doorbuster hands out scarce things exactly: coupons with a limited quota, and hourly flash sales.
An answer of success is on disk before it leaves; any node of a cluster answers any request.

- **Problems** are \`application/problem+json\` (RFC 9457) with a stable \`code\`, a \`type\` that leads to its explanation
  ([all codes](/docs/errors)), the \`request_id\`, and \`param\` where one field, parameter or header alone is at fault. A
  path that is not here is 404 \`not_found\`, a method that a path does not support 405 \`method_not_allowed\` with
  \`Allow\`, a target over 16 KiB 414 \`uri_too_long\`. \`HEAD\` works wherever \`GET\` does.
- **Callers** send a bearer token: 401 \`unauthenticated\` with \`WWW-Authenticate\` where there is none or it is not
  valid, 403 \`forbidden\` where it is for something else; \`detail\` says which kinds of caller may. A node on loopback
  that has no tokens set asks for none, and refuses what a browser sends it for another web page: 403
  \`host_not_allowed\`, \`origin_not_allowed\`, \`cross_site_request\`.
- **Server-side failures** are 503 with \`Retry-After\`: look up the outcome, or repeat the request with the same
  \`Idempotency-Key\`. 429 is a user's own limit, of items or of requests.
- **Bodies** are JSON of at most 16 KiB in UTF-8. An unknown field is 400: a misspelt limit must not count as no limit.
- **Times** are RFC 3339, UTC in answers. Durations are in the units that their names end with.
- **Money** is a decimal text with two places.
- **Pages** by number have at most 100 entries, pages by cursor at most 1,000; more is 400.
- Answers may have further fields in a later version.`;

/** The document's \`info\`. */
export const INFO = {
  title: "Doorbuster",
  version: "1.0.0",
  summary: "Coupons and flash sales, handed out exactly.",
  description: DESCRIPTION,
} as const;

const TAG_TEXTS = {
  "Coupons": "A quota under a name.",
  "Claims": "A unit of a coupon for a user.",
  "Checkout and purchase": "A code for an item, and the item for the code.",
  "Flash sales": "Each hour's sale, its items, and what was tried on them.",
  "Users and segments": "Who belongs to what until when; what a user has.",
  "Bulk codes": "Many coupons by a pattern, made as a job.",
  "Files": "Claims, purchases and wallets as CSV (RFC 4180, UTF-8, with a header), streamed. A file that cannot be " +
    "completed breaks off with its connection.",
  "Audit trail": "What administrators did; and whether all counters are exact.",
  "Node": "Health, metrics, the cluster.",
  "Documentation": "This document.",
} as const;

/** A heading of the document. */
export type Tag = keyof typeof TAG_TEXTS;

/** The document's \`tags\`, in the order in which they are shown. */
export const TAGS: readonly Json[] = Object.entries(TAG_TEXTS).map(([name, description]) => ({ name, description }));

export const SECURITY: Json = {
  admin: { type: "http", scheme: "bearer", description: "The admin token: may do everything." },
  service: { type: "http", scheme: "bearer", description: "The service token: acts for any user." },
  user: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A user's token: acts for its \`sub\`." },
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
