/**
 * What belongs to a text, where there may be millions of texts? One JavaScript Map copies itself whole each time it
 * doubles (50 ms at a million) and ends at 2^24 entries, so a big one is split by a hash of the text.
 */
import { textHash } from "./text_hash.ts";

/** Entries up to which one Map is enough. */
const WHOLE_MAX = 4_096;
/** Maps that a big one is split into; a power of two. */
const SPLIT = 256;

/** A map from text that grows without a pause. Nothing is ever taken out. */
export class SplitMap<Value> {
  #maps: Map<string, Value>[] = [new Map()];
  readonly #wholeMax: number;

  /** @param wholeMax entries up to which one Map is enough; for tests */
  constructor(wholeMax: number = WHOLE_MAX) {
    this.#wholeMax = wholeMax;
  }

  /** Whether there is no entry. */
  get empty(): boolean {
    return this.#maps.length === 1 && this.#maps[0]!.size === 0;
  }

  /** What belongs to the text, or undefined where nothing does. */
  get(text: string): Value | undefined {
    return this.#mapOf(text).get(text);
  }

  /** Lets a value belong to the text, instead of what did. */
  set(text: string, value: Value): void {
    const [whole] = this.#maps;
    if (this.#maps.length === 1 && whole!.size >= this.#wholeMax) this.#split(whole!);
    this.#mapOf(text).set(text, value);
  }

  #mapOf(text: string): Map<string, Value> {
    return this.#maps.length === 1 ? this.#maps[0]! : this.#maps[textHash(text) & (SPLIT - 1)]!;
  }

  #split(whole: Map<string, Value>): void {
    this.#maps = Array.from({ length: SPLIT }, () => new Map<string, Value>());
    for (const [text, value] of whole) this.#mapOf(text).set(text, value);
  }
}
