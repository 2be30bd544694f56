/** How long does an actor that lost its row wait before it takes the row back? */

/** First wait, in milliseconds. */
export const BACKOFF_MIN_MS = 50;
/** Longest wait for its own sake, in milliseconds: what one owner stored is seen through another within a second. */
export const BACKOFF_MAX_MS = 500;
/** An activation that lasted so long, in milliseconds, ends the row of losses. */
export const BACKOFF_RESET_MS = 5_000;
/** The other owner may keep the row for so many times what an activation takes: else both would only ever activate. */
export const TENURE = 4;
/** What an event adds to the time that the next activation takes, in milliseconds: a little more than was measured. */
export const RELOAD_MS = 0.002;
/** Longest wait for an activation's sake, in milliseconds. */
export const TENURE_MAX_MS = 2_000;

/**
 * The wait before the next activation: doubling, and long enough that the other owner works longer than it took to
 * activate; with jitter over its upper half, so that two owners do not wake together.
 *
 * @param losses activations lost in a row, 1 or more
 * @param activationMs what an activation takes, as far as is known, in milliseconds
 * @param random 0 or more and less than 1
 * @returns milliseconds
 */
export function backoffMs(losses: number, activationMs: number, random: number): number {
  const doubled = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(losses - 1, 16));
  const tenure = Math.min(TENURE_MAX_MS, TENURE * activationMs);
  return Math.max(doubled, tenure) * (0.5 + random / 2);
}
