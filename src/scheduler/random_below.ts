/** Unpredictable, uniform random numbers from the system's generator. */
import type { RandomBelow } from "../domain/code_pattern.ts";

/** One call of the generator costs as much as a thousand of its bytes. */
const BYTES = 16_384;
const BYTE_VALUES = 256;

/**
 * Makes a source of whole numbers below 1 to 256. A byte beyond the last multiple of `below` is discarded, as its remainder
 * would make small numbers more likely.
 *
 * @param fill fills bytes with random values
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

/** Uses the system's generator. */
export const randomBelow: RandomBelow = makeRandomBelow((bytes) => crypto.getRandomValues(bytes));
