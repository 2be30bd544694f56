/**
 * The sales that should exist and do not yet: those of the current hour and of a number of hours ahead, and those of past
 * hours in which this process ran but could not create the sale. Hours in which it did not run are not made up.
 */

/** Maximum number of past hours that are owed; the oldest are dropped. */
export const OWED_MAX = 24;

/** The sales that should exist, by number. */
export class WantedSales {
  readonly #ahead: number;
  readonly #there = new Set<number>();
  /** Hours that were current while their sale did not exist. */
  readonly #owed = new Set<number>();

  /** @param ahead number of sales wanted ahead, 0 or more */
  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  /** Whether a sale is known to exist. Sales outside the wanted hours are forgotten. */
  has(number: number): boolean {
    return this.#there.has(number);
  }

  /** Notes that a sale exists. */
  add(number: number): void {
    this.#there.add(number);
    this.#owed.delete(number);
  }

  /**
   * The sales to be created.
   *
   * @param current the number of the current hour; may jump in either direction between calls
   * @returns their numbers, most urgent first: the current one, those ahead in order, then those owed, latest first; never one
   * beyond those ahead
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
