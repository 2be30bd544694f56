/** How long is the wait before what failed is tried again? */

/** Bounds of the wait, in milliseconds. */
export interface Backoff {
  /** After the first failure. */
  readonly minMs: number;
  /** However many failures there were. */
  readonly maxMs: number;
}

/**
 * The wait after so many failures in a row: it doubles with each, with jitter over its upper half, so that several who
 * failed together do not try again together.
 *
 * @param failures 1 or more
 * @param random 0 or more and less than 1
 * @returns milliseconds
 */
export function backoffMs({ minMs, maxMs }: Backoff, failures: number, random: number): number {
  return Math.min(maxMs, minMs * 2 ** (failures - 1)) * (0.5 + random / 2);
}
