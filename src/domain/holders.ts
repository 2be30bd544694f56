/**
 * Which users hold a claim on a coupon? A set of text that grows without a pause: one JavaScript Set copies itself whole
 * each time it doubles (50 ms at a million) and ends at 2^24 entries, so a big one is split by a hash of the text.
 */

/** Entries up to which one Set is enough. */
const WHOLE_MAX = 4_096;
/** Sets that a big one is split into; a power of two. */
const SPLIT = 256;

/** A set of user ids. */
export class Holders {
  #sets: Set<string>[] = [new Set()];
  #size = 0;
  readonly #wholeMax: number;

  /** @param wholeMax entries up to which one Set is enough; for tests */
  constructor(wholeMax: number = WHOLE_MAX) {
    this.#wholeMax = wholeMax;
  }

  /** How many users hold a claim. */
  get size(): number {
    return this.#size;
  }

  /** Whether this user holds a claim. */
  has(userId: string): boolean {
    return this.#setOf(userId).has(userId);
  }

  /** Adds a user; nothing where the user is in it. */
  add(userId: string): void {
    if (this.#size === this.#wholeMax && this.#sets.length === 1) this.#split();
    const set = this.#setOf(userId);
    const size = set.size;
    set.add(userId);
    this.#size += set.size - size;
  }

  /** Takes a user out; nothing where the user is not in it. */
  delete(userId: string): void {
    if (this.#setOf(userId).delete(userId)) this.#size--;
  }

  #setOf(userId: string): Set<string> {
    return this.#sets.length === 1 ? this.#sets[0]! : this.#sets[hash(userId) & (SPLIT - 1)]!;
  }

  #split(): void {
    const [whole] = this.#sets;
    this.#sets = Array.from({ length: SPLIT }, () => new Set<string>());
    for (const userId of whole!) this.#setOf(userId).add(userId);
  }
}

/** FNV-1a, 32 bits (RFC 9923), over UTF-16 code units; its upper half folded into the lower. */
export function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) {
    sum = Math.imul(sum ^ text.charCodeAt(place), 0x01000193);
  }
  return sum ^ (sum >>> 16);
}
