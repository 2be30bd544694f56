/**
 * Which users hold a claim on a coupon? A set of text that grows without a pause: one set copies itself whole each time
 * it doubles (50 ms at a million), so a big one is split by a hash of the text.
 */
import { textHash } from "./text_hash.ts";
import { TextSet } from "./text_set.ts";

/** Entries up to which one set is enough. */
const WHOLE_MAX = 4_096;
/** Sets that a big one is split into; a power of two. */
const SPLIT = 256;

/** A set of user ids. */
export class Holders {
  /** All of them, until it is split. */
  #whole: TextSet | undefined = new TextSet();
  #split: TextSet[] | undefined = undefined;
  #size = 0;
  readonly #wholeMax: number;

  /** @param wholeMax entries up to which one set is enough; for tests */
  constructor(wholeMax: number = WHOLE_MAX) {
    this.#wholeMax = wholeMax;
  }

  /** How many users hold a claim. */
  get size(): number {
    return this.#size;
  }

  /** Whether this user holds a claim. */
  has(userId: string): boolean {
    const hash = textHash(userId);
    return this.#setOf(hash).has(userId, hash);
  }

  /** Adds a user; nothing where the user is in it. */
  add(userId: string): void {
    if (this.#size === this.#wholeMax && this.#whole !== undefined) this.#divide(this.#whole);
    const hash = textHash(userId);
    if (this.#setOf(hash).add(userId, hash)) this.#size++;
  }

  /** Takes a user out; nothing where the user is not in it. */
  delete(userId: string): void {
    const hash = textHash(userId);
    if (this.#setOf(hash).delete(userId, hash)) this.#size--;
  }

  #setOf(hash: number): TextSet {
    return this.#whole ?? this.#split![hash & (SPLIT - 1)]!;
  }

  #divide(whole: TextSet): void {
    this.#whole = undefined;
    this.#split = Array.from({ length: SPLIT }, () => new TextSet());
    whole.forEach((userId, hash) => void this.#setOf(hash).add(userId, hash));
  }
}
