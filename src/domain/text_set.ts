/**
 * Is a text in a set of thousands? Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4,
 * algorithms L and R): it grows in a third of the time of a JavaScript Set. The texts' hashes stand beside them, so
 * growing reads no text, and a text is compared with those of its own hash alone.
 */

const LEAST_PLACES = 4;
/** Texts to places, at most. */
const LOAD_MAX = 3 / 4;
/**
 * Places that are looked at for one text. Whoever chooses many texts of one hash fills those; more of them go where
 * JavaScript keeps them, by a hash that nobody can foresee.
 */
const PROBES_MAX = 256;

/** Where the search for a text begins: the lowest 8 bits may be the same for a whole set. */
function homeOf(hash: number, mask: number): number {
  return (hash >>> 8) & mask;
}

/** A set of texts, each given with its hash of 32 bits. */
export class TextSet {
  #texts: (string | undefined)[] = new Array(LEAST_PLACES).fill(undefined);
  #hashes = new Uint32Array(LEAST_PLACES);
  #placed = 0;
  /** Texts that found no place near their own, with their hashes. */
  #strays: Map<string, number> | undefined;

  /** How many texts are in it. */
  get size(): number {
    return this.#placed + (this.#strays === undefined ? 0 : this.#strays.size);
  }

  /** Whether a text is in it. */
  has(text: string, hash: number): boolean {
    return this.#find(text, hash) >= 0 || this.#strays !== undefined && this.#strays.has(text);
  }

  /** Adds a text; returns whether it was not in it. */
  add(text: string, hash: number): boolean {
    if (this.has(text, hash)) return false;
    if (this.#placed >= this.#texts.length * LOAD_MAX) this.#grow();
    this.#put(text, hash);
    return true;
  }

  /** Takes a text out; returns whether it was in it. */
  delete(text: string, hash: number): boolean {
    const place = this.#find(text, hash);
    if (place < 0) return this.#strays !== undefined && this.#strays.delete(text);
    this.#vacate(place);
    this.#placed--;
    return true;
  }

  /** Hands over every text with its hash. */
  forEach(take: (text: string, hash: number) => void): void {
    for (const [place, text] of this.#texts.entries()) if (text !== undefined) take(text, this.#hashes[place]!);
    this.#strays?.forEach((hash, text) => take(text, hash));
  }

  /** Where a text stands; -1 where it has no place. */
  #find(text: string, hash: number): number {
    const texts = this.#texts;
    const hashes = this.#hashes;
    const mask = texts.length - 1;
    let place = homeOf(hash, mask);
    for (let probes = 0; probes < PROBES_MAX && texts[place] !== undefined; probes++) {
      if (hashes[place] === hash && texts[place] === text) return place;
      place = (place + 1) & mask;
    }
    return -1;
  }

  #put(text: string, hash: number): void {
    const texts = this.#texts;
    const mask = texts.length - 1;
    let place = homeOf(hash, mask);
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      if (texts[place] === undefined) {
        texts[place] = text;
        this.#hashes[place] = hash;
        this.#placed++;
        return;
      }
      place = (place + 1) & mask;
    }
    this.#strays ??= new Map();
    this.#strays.set(text, hash);
  }

  /** Frees a place, and closes the gap: a search ends at the first free place. */
  #vacate(gap: number): void {
    const texts = this.#texts;
    const hashes = this.#hashes;
    const mask = texts.length - 1;
    for (let place = (gap + 1) & mask; texts[place] !== undefined; place = (place + 1) & mask) {
      const fromHome = (place - homeOf(hashes[place]!, mask)) & mask;
      if (fromHome < ((place - gap) & mask)) continue; // its home lies after the gap
      texts[gap] = texts[place];
      hashes[gap] = hashes[place]!;
      gap = place;
    }
    texts[gap] = undefined;
  }

  #grow(): void {
    const texts = this.#texts;
    const hashes = this.#hashes;
    this.#texts = new Array(texts.length * 2).fill(undefined);
    this.#hashes = new Uint32Array(texts.length * 2);
    this.#placed = 0;
    for (let place = 0; place < texts.length; place++) {
      if (texts[place] !== undefined) this.#put(texts[place]!, hashes[place]!);
    }
  }
}
