/** Where does chance come from that no one can foresee? From the system's generator, and no number is likelier. */
import type { RandomBelow } from "../domain/code_pattern.ts";

/** One call of the generator costs as much as a thousand bytes of it. */
const BYTES = 16_384;
const BYTE_VALUES = 256;

/**
 * Makes a source of whole numbers below 1 to 256. A byte beyond the last whole multiple of `below` is thrown away: its
 * remainder would make small numbers likelier.
 *
 * @param fill fills bytes at random
 */
export function makeRandomBelow(fill: (bytes: Uint8Array<ArrayBuffer>) => void): RandomBelow {
  const bytes = new Uint8Array(BYTES);
  let used = BYTES;
  return (below) => {
    const end = BYTE_VALUES - BYTE_VALUES % below;
    for (;;) {
      if (used === BYTES) {
        fill(bytes);
        used = 0;
      }
      const byte = bytes[used++]!;
      if (byte < end) return byte % below;
    }
  };
}

/** The system's. */
export const randomBelow: RandomBelow = makeRandomBelow((bytes) => crypto.getRandomValues(bytes));
