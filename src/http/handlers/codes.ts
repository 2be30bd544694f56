/** Where do codes come from that no one can guess? From the system's generator, for many of them at once. */
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";

/** 128 bits each. */
const CODE_BYTES = 16;
/** One call of the generator costs as much as five codes of its bytes. */
const CODES_AT_ONCE = 256;

const bytes = Buffer.alloc(CODES_AT_ONCE * CODE_BYTES);
/** Those before this place were used, and are for no other code. */
let used = bytes.length;

/** A new code: 22 characters. */
export function newCode(): string {
  if (used === bytes.length) {
    randomFillSync(bytes);
    used = 0;
  }
  return bytes.toString("base64url", used, used += CODE_BYTES);
}
