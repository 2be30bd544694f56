/** How long does an actor that lost its row wait before it takes the row back? */

/** First wait, in milliseconds. */
export const BACKOFF_MIN_MS = 50;
/** Longest wait, in milliseconds: what one owner stored is seen through another within a second. */
export const BACKOFF_MAX_MS = 500;
/** An activation that lasted so long, in milliseconds, ends the row of losses. */
export const BACKOFF_RESET_MS = 5_000;

/**
 * The wait before the next activation: doubling, with jitter over its upper half, so that two owners do not wake
 * together.
 *
 * @param losses activations lost in a row, 1 or more
 * @param random 0 or more and less than 1
 * @returns milliseconds
 */
export function backoffMs(losses: number, random: number): number {
  const doubled = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(losses - 1, 16));
  return doubled * (0.5 + random / 2);
}
