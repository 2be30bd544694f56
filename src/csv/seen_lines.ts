/**
 * In which line of a file did a text come first? It keeps 64 bits of hash and a line for each text, some 20 bytes, so that
 * files of many millions of lines are compared within themselves. Of ten million texts two different ones have the same
 * hash in three of a million files.
 */
import { mixBits } from "../domain/text_hash.ts";

const LEAST_PLACES = 1_024;
const LOAD_MAX = 0.7;

/** Texts, each with the line in which it came first. */
export class SeenLines {
  #low = new Uint32Array(LEAST_PLACES);
  #high = new Uint32Array(LEAST_PLACES);
  /** From 1; 0 is a free place. */
  #lines = new Uint32Array(LEAST_PLACES);
  #size = 0;

  /** The line in which a text came before; undefined where it comes for the first time, in this one. */
  before(text: string, line: number): number | undefined {
    if (this.#size >= this.#lines.length * LOAD_MAX) this.#grow();
    const [low, high] = hashesOf(text);
    const place = this.#placeOf(low, high);
    if (this.#lines[place] !== 0) return this.#lines[place];
    this.#put(place, low, high, line);
    this.#size++;
    return undefined;
  }

  #placeOf(low: number, high: number): number {
    const mask = this.#lines.length - 1;
    let place = low & mask;
    while (this.#lines[place] !== 0 && (this.#low[place] !== low || this.#high[place] !== high)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  #put(place: number, low: number, high: number, line: number): void {
    this.#low[place] = low;
    this.#high[place] = high;
    this.#lines[place] = line;
  }

  #grow(): void {
    const [lows, highs, lines] = [this.#low, this.#high, this.#lines];
    const places = 2 * lines.length;
    [this.#low, this.#high, this.#lines] = [new Uint32Array(places), new Uint32Array(places), new Uint32Array(places)];
    for (const [place, line] of lines.entries()) {
      if (line !== 0) this.#put(this.#placeOf(lows[place]!, highs[place]!), lows[place]!, highs[place]!, line);
    }
  }
}

/** Two independent hashes of 32 bits, with MurmurHash3's constants and its last step. */
function hashesOf(text: string): [number, number] {
  let low = 0x9747b28c, high = 0x5bd1e995;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0xcc9e2d51);
    high = Math.imul(high ^ unit, 0x1b873593);
    low ^= low >>> 15;
    high ^= high >>> 13;
  }
  return [mixBits(low ^ Math.imul(high, 0x85ebca6b)), mixBits(high ^ text.length)];
}

/** What is added to what is said of a text that a spreadsheet may have written: 1.23457E+17 was another number. */
export function roundedHint(text: string): string {
  return /^\d(?:[.,]\d+)?E\+\d+$/i.test(text) ? "; it looks like a number that a spreadsheet rounded" : "";
}
