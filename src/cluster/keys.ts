/**
 * What is made of the cluster's secret? Keys, each for one purpose (HKDF, RFC 5869, with SHA-256), and codes that tell who
 * made a message (HMAC, RFC 2104, with SHA-256). The secret itself is never sent.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** Bytes of a code. */
export const MAC_BYTES = 32;
const KEY_BYTES = 32;

/** A key for one purpose. @param salt makes it the key of one connection alone */
export function deriveKey(secret: string, purpose: readonly string[], salt: Uint8Array = new Uint8Array()): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, JSON.stringify(purpose), KEY_BYTES));
}

/** The code of a message. */
export function macOf(key: Uint8Array, message: Uint8Array | string): Uint8Array {
  return createHmac("sha256", key).update(message).digest();
}

/** Whether a code is the wanted one; takes the same time whatever was shown. */
export function isSameMac(shown: Uint8Array, wanted: Uint8Array): boolean {
  return shown.length === wanted.length && timingSafeEqual(shown, wanted);
}

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** The bytes of so many pairs of hexadecimal digits; undefined where a value is anything else. */
export function bytesOf(hex: unknown, count: number): Uint8Array | undefined {
  if (typeof hex !== "string" || hex.length !== 2 * count || !/^[\da-f]+$/.test(hex)) return undefined;
  return Uint8Array.fromHex(hex);
}
