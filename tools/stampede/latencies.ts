/** How long did answers take, in little memory however many there are? */

/** Each bucket ends at so many times the end of the one before it: what is told is at most 5 % too much. */
const GROWTH = 1.05;
/** Where the first bucket ends, in milliseconds. */
const LEAST_MS = 0.01;

/** Times in buckets. */
export class Latencies {
  readonly #buckets: number[] = [];
  #count = 0;

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds a time in milliseconds. */
  add(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.ceil(Math.log(ms / LEAST_MS) / Math.log(GROWTH));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
  }

  /** The time in milliseconds that a share of all did not exceed, 0 to 1; NaN of none. */
  quantile(share: number): number {
    let left = Math.max(1, Math.ceil(this.#count * share));
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket] ?? 0;
      if (left <= 0) return LEAST_MS * GROWTH ** bucket;
    }
    return NaN;
  }
}
