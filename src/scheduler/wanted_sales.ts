/**
 * Which sales should there be by now, and which of them are not there yet?
 *
 * Those of the clock's hour and of so many after it; and each past hour that this process lived through without being
 * able to make its sale. Hours that it slept through are not made up.
 */

/** Past hours that are still owed; of more, the oldest are given up. */
export const OWED_MAX = 24;

/** What one process knows of the sales that should exist, each by its number. */
export class WantedSales {
  readonly #ahead: number;
  readonly #there = new Set<number>();
  /** Hours that were the clock's while their sale was not there. */
  readonly #owed = new Set<number>();

  /** @param ahead sales wanted beyond the current one, 0 or more */
  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  /** Whether a sale is known to exist; what lies outside the hours now wanted is forgotten. */
  has(number: number): boolean {
    return this.#there.has(number);
  }

  /** Notes that a sale exists. */
  add(number: number): void {
    this.#there.add(number);
    this.#owed.delete(number);
  }

  /**
   * The sales that are to be made.
   *
   * @param current the number of the clock's hour; it may leap either way between two calls
   * @returns their numbers, the most urgent first: the current one, those ahead in their order, those owed from the
   * latest back; never one beyond those ahead
   */
  missing(current: number): number[] {
    const last = current + this.#ahead;
    for (const number of this.#there) if (number < current || number > last) this.#there.delete(number);
    if (!this.#there.has(current)) this.#owed.add(current);
    const owed = [...this.#owed].sort((a, b) => b - a);
    for (const number of owed.splice(OWED_MAX)) this.#owed.delete(number);
    const wanted = Array.from({ length: this.#ahead + 1 }, (_, index) => current + index);
    return [...wanted.filter((number) => !this.#there.has(number)), ...owed.filter((number) => number < current)];
  }
}
