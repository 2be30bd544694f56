/** Which users hold a claim on a coupon? A set of text that may outgrow one JavaScript Set (2^24 entries). */

/** Entries in one inner set; well below V8's limit of 2^24. */
const SET_MAX = 1 << 23;

/** A set of user ids without an upper limit of its own but memory. */
export class Holders {
  #sets: Set<string>[] = [new Set()];
  #setMax: number;

  /** @param setMax entries in one inner set; for tests. */
  constructor(setMax: number = SET_MAX) {
    this.#setMax = setMax;
  }

  /** How many users hold a claim. */
  get size(): number {
    let size = 0;
    for (const set of this.#sets) size += set.size;
    return size;
  }

  /** Whether this user holds a claim. */
  has(userId: string): boolean {
    for (const set of this.#sets) if (set.has(userId)) return true;
    return false;
  }

  /** Adds a user who is not in the set. */
  add(userId: string): void {
    let last = this.#sets[this.#sets.length - 1]!;
    if (last.size >= this.#setMax) this.#sets.push(last = new Set());
    last.add(userId);
  }

  /** Takes a user out; nothing where the user is not in it. */
  delete(userId: string): void {
    for (const set of this.#sets) if (set.delete(userId)) return;
  }
}
