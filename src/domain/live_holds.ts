/**
 * Which of many holds are live? Those of one item or of one user, in the order in which they expire, so that only the
 * ends are ever looked at. Looking changes nothing; what is past is taken out as new holds come.
 */

/** A checkout of an item. It is live until it ends, and while now < `expiresAt`. */
export interface Hold {
  /** 22 characters. */
  readonly code: string;
  /** Its item's number within the sale. */
  readonly n: number;
  readonly userId: string;
  /** Milliseconds since the epoch; the first at which it is not live any more. */
  readonly expiresAt: number;
  /** Whether it was given back, or bought with, also where that purchase was voided. */
  ended: boolean;
  /** The slot of the purchase made with it; 0 where there is none. */
  slot: number;
}

/** Whether a hold is live. */
export function isLive(hold: Hold, now: number): boolean {
  return !hold.ended && now < hold.expiresAt;
}

/** Past holds in front beyond which the list is copied without them. */
const PAST_MAX = 32;

/** Holds by `expiresAt`. Ended ones stay among them until they reach an end of the list. */
export class LiveHolds {
  readonly #holds: Hold[] = [];
  /** Those before this place were taken out. */
  #first = 0;
  /** How many of those in the list have not ended. */
  #open = 0;

  /** Adds a hold that has not ended. Nearly always the one that expires last. */
  add(hold: Hold): void {
    this.#open++;
    const last = this.#holds.at(-1);
    if (last === undefined || last.expiresAt <= hold.expiresAt) this.#holds.push(hold);
    else this.#holds.splice(this.#placeAfter(hold.expiresAt), 0, hold);
  }

  /** Notes that one of the holds, live until now, has ended; to be called once it says so itself. */
  noteEnded(): void {
    this.#open--;
    while (this.#holds.length > this.#first && this.#holds.at(-1)!.ended) this.#holds.pop();
  }

  /** How many are live. Costs as much as expired since the last call of {@linkcode takePast}. */
  countAt(now: number): number {
    let count = this.#open;
    for (let place = this.#first; place < this.#holds.length; place++) {
      const hold = this.#holds[place]!;
      if (hold.expiresAt > now) break;
      if (!hold.ended) count--;
    }
    return count;
  }

  /** When the last live one expires, `but` left out of account; `now` where none is live. */
  lastUntil(now: number, but?: Hold): number {
    for (let place = this.#holds.length - 1; place >= this.#first; place--) {
      const hold = this.#holds[place]!;
      if (hold.expiresAt <= now) break;
      if (!hold.ended && hold !== but) return hold.expiresAt;
    }
    return now;
  }

  /** Takes out the first where it is not live any more and never will be; undefined where it is live, or none is left. */
  takePast(now: number): Hold | undefined {
    const hold = this.#holds[this.#first];
    if (hold === undefined || isLive(hold, now)) return undefined;
    if (!hold.ended) this.#open--;
    this.#first++;
    if (this.#first === this.#holds.length || (this.#first > PAST_MAX && this.#first * 2 > this.#holds.length)) {
      this.#holds.splice(0, this.#first);
      this.#first = 0;
    }
    return hold;
  }

  /** The place behind all that expire no later. */
  #placeAfter(expiresAt: number): number {
    let from = this.#first;
    let to = this.#holds.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#holds[middle]!.expiresAt <= expiresAt) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
