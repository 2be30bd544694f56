/** Makes codes that no one can guess, from the system's random generator. */
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";

/** 128 bits per code. */
const CODE_BYTES = 16;
/** One call of the generator costs as much as encoding five codes. */
const CODES_AT_ONCE = 256;

const bytes = Buffer.alloc(CODES_AT_ONCE * CODE_BYTES);
/** Bytes before this place have been used. */
let used = bytes.length;

/** A new code: 22 characters. */
export function newCode(): string {
  if (used === bytes.length) {
    randomFillSync(bytes);
    used = 0;
  }
  return bytes.toString("base64url", used, used += CODE_BYTES);
}
