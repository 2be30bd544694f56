/** Validators of RFC 9110, section 8.8.3: does the client already have the content? */
import { createHash } from "node:crypto";

const ETAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** A strong validator: equal for equal bytes, and for no others (128 bits of SHA-256). */
export function etagOf(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest().subarray(0, 16).toString("base64url")}"`;
}

/**
 * Whether `If-None-Match` contains this validator, so that a GET is answered with 304. By section 13.1.2, weak validators
 * count too, and `*` matches any.
 */
export function isKnown(etag: string, headers: Headers): boolean {
  const known = headers.get("if-none-match");
  if (known === null) return false;
  if (known === etag || known.trim() === "*") return true;
  for (const [, opaque] of known.matchAll(ETAG)) if (opaque === etag) return true;
  return false;
}
