/** Which of its members was used least lately? */

/** What can be in a {@linkcode UseOrder}, one at a time: its neighbours there, undefined at the ends. */
export interface Usable<M> {
  usedBefore: M | undefined;
  usedAfter: M | undefined;
}

/**
 * Members in the order of their last use: a list that is linked through the members themselves. To move one allocates
 * nothing. A Map in the order of insertion would do, but one that is deleted from and added to all the time is rehashed
 * again and again, and each of its tables outlives the young generation.
 */
export class UseOrder<M extends Usable<M>> {
  #oldest: M | undefined = undefined;
  #newest: M | undefined = undefined;

  /** Puts a member last, wherever it was before. */
  use(member: M): void {
    if (member === this.#newest) return;
    this.remove(member);
    member.usedBefore = this.#newest;
    if (this.#newest === undefined) this.#oldest = member;
    else this.#newest.usedAfter = member;
    this.#newest = member;
  }

  /** Takes a member out; nothing changes where it is not in. */
  remove(member: M): void {
    const { usedBefore, usedAfter } = member;
    if (usedBefore !== undefined) usedBefore.usedAfter = usedAfter;
    else if (this.#oldest === member) this.#oldest = usedAfter;
    if (usedAfter !== undefined) usedAfter.usedBefore = usedBefore;
    else if (this.#newest === member) this.#newest = usedBefore;
    member.usedBefore = member.usedAfter = undefined;
  }

  /** The members, the least recently used first; the one that is at hand may be taken out. */
  *oldestFirst(): Generator<M> {
    for (let member = this.#oldest, next; member !== undefined; member = next) {
      next = member.usedAfter;
      yield member;
    }
  }

  /** The members, the most recently used first; the one that is at hand may be taken out. */
  *newestFirst(): Generator<M> {
    for (let member = this.#newest, next; member !== undefined; member = next) {
      next = member.usedBefore;
      yield member;
    }
  }
}
