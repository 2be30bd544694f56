/** What may a browser do with an answer? Little: it is data, not a page, and for whoever asked alone. */
import { hasField, setField } from "./answer.ts";

/**
 * On all but the hot answers, which have `nosniff` alone (each header costs half a microsecond): they answer POSTs, which
 * nothing stores (RFC 9111, section 3). What a stock is, and whose a hold is, is true of one moment and one caller, so
 * nothing else is stored either, unless the answer says otherwise. Pictures may be shown by pages of other origins; what
 * else is read needs CORS.
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
 * For a page that is made of this server's own files and may ask this server alone. Nothing inline runs or styles; images
 * may be inlined in a style sheet, as those of the page at `/docs` are.
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

/** Adds what an answer does not say itself. */
export function secure(response: Response): void {
  for (const [name, value] of ON_MOST) if (!hasField(response, name)) setField(response, name, value);
}
