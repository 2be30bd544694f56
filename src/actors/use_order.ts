/** A member of a {@linkcode UseOrder}, with its neighbours; undefined at the ends. */
export interface Usable<M> {
  usedBefore: M | undefined;
  usedAfter: M | undefined;
}

/**
 * Members in the order of their last use: a list linked through the members themselves, so that moving one allocates nothing.
 * A Map, which keeps the order of insertion, would be rehashed again and again, and its tables would survive into the old
 * generation.
 */
export class UseOrder<M extends Usable<M>> {
  #oldest: M | undefined = undefined;
  #newest: M | undefined = undefined;

  /** Moves a member to the end, or adds it. */
  use(member: M): void {
    if (member === this.#newest) return;
    this.remove(member);
    member.usedBefore = this.#newest;
    if (this.#newest === undefined) this.#oldest = member;
    else this.#newest.usedAfter = member;
    this.#newest = member;
  }

  /** Removes a member, if it is in the list. */
  remove(member: M): void {
    const { usedBefore, usedAfter } = member;
    if (usedBefore !== undefined) usedBefore.usedAfter = usedAfter;
    else if (this.#oldest === member) this.#oldest = usedAfter;
    if (usedAfter !== undefined) usedAfter.usedBefore = usedBefore;
    else if (this.#newest === member) this.#newest = usedBefore;
    member.usedBefore = member.usedAfter = undefined;
  }

  /** The members, least recently used first; the current one may be removed. */
  *oldestFirst(): Generator<M> {
    for (let member = this.#oldest, next; member !== undefined; member = next) {
      next = member.usedAfter;
      yield member;
    }
  }

  /** The members, most recently used first; the current one may be removed. */
  *newestFirst(): Generator<M> {
    for (let member = this.#newest, next; member !== undefined; member = next) {
      next = member.usedBefore;
      yield member;
    }
  }
}
