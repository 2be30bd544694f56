/**
 * What is derived from the cluster's secret? Keys, each for one purpose (HKDF, RFC 5869, with SHA-256), and codes that
 * authenticate messages (HMAC, RFC 2104, with SHA-256). The secret itself is never sent.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** Length of a code, in bytes. */
export const MAC_BYTES = 32;
const KEY_BYTES = 32;

/** A key for one purpose. @param salt makes it the key of one connection */
export function deriveKey(secret: string, purpose: readonly string[], salt: Uint8Array = new Uint8Array()): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, JSON.stringify(purpose), KEY_BYTES));
}

export function macOf(key: Uint8Array, message: Uint8Array | string): Uint8Array {
  return createHmac("sha256", key).update(message).digest();
}

/** Whether two codes are equal, compared in constant time. */
export function isSameMac(shown: Uint8Array, wanted: Uint8Array): boolean {
  return shown.length === wanted.length && timingSafeEqual(shown, wanted);
}

/** The bytes of a hexadecimal text; undefined if a value is anything else. @param count number of bytes */
export function bytesOf(hex: unknown, count: number): Uint8Array | undefined {
  if (typeof hex !== "string" || hex.length !== 2 * count || !/^[\da-f]+$/.test(hex)) return undefined;
  return Uint8Array.fromHex(hex);
}
