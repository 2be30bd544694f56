/** Headers that tell browsers what they may do with an answer: little, as it is data for the caller alone. */
import { hasField, setField } from "./answer.ts";

/**
 * Set on all answers except those of the hot routes, which have only `nosniff`: each header costs half a microsecond, and
 * they answer POST requests, which caches do not store (RFC 9111, section 3). Stock levels and holds are true for one
 * moment and one caller, so other answers are not stored either unless they say otherwise. Pages of other origins may show
 * pictures; to read anything else they need CORS.
 */
const ON_MOST: readonly (readonly [name: string, value: string])[] = [
  ["cache-control", "no-store"],
  ["referrer-policy", "no-referrer"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"],
  ["x-frame-options", "DENY"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "cross-origin"],
];

/**
 * For pages that consist of this server's files and send requests only to it. No inline scripts or styles; style sheets
 * may contain images, as the one of `/docs` does.
 */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Sets those that an answer does not set itself. */
export function secure(response: Response): void {
  for (const [name, value] of ON_MOST) if (!hasField(response, name)) setField(response, name, value);
}
