/**
 * Between which bounds does PostgreSQL's time lie? A reading tells a time that PostgreSQL showed at some moment between
 * the sending of the question and the arrival of its answer, so it bounds that time from both sides, however long the
 * answer took (Marzullo's algorithm, 1984). Readings narrow the bounds; between readings they widen by what two clocks
 * may drift apart.
 *
 * A slow reading is discarded by this: its bounds are wide, and leave those that are known as they are. A reading that
 * contradicts what is known says that PostgreSQL's clock was set, or that this machine slept: then it alone counts.
 */

/**
 * How much faster or slower than PostgreSQL's clock this process's may run. Linux changes the rate of a clock by 500
 * parts per million at most to bring it to the right time, and quartz is off by 100 or so: on both machines.
 */
export const DRIFT = 1 / 800;

/**
 * PostgreSQL's time in milliseconds since the Unix epoch, by a monotonic clock in milliseconds.
 *
 * What `earliest` promises, by the last reading that was taken (sent and answered at `s` and `a`) and at any time `m`:
 *
 * - While PostgreSQL's clock goes on and is not set back, `earliest(m)` is not after PostgreSQL's time: it is ahead by 0.
 * - Where the clock was set back by `b` after `s`, it is ahead by `b` at most; where it was set back before `s`, by `a - s`
 *   at most. So the next reading ends it, but for its own round trip.
 * - It is behind by at most `a - s`, what PostgreSQL's clock was set forward since `s`, and twice the drift since then.
 */
export class TimeBounds {
  /** By both, PostgreSQL's time minus the monotonic time, as of `#at`. */
  #earliest = -Infinity;
  #latest = Infinity;
  #at = 0;

  /** PostgreSQL's time is not before this. -Infinity where it was never read. @param at now, by the monotonic clock */
  earliest(at: number): number {
    return at + this.#earliest - DRIFT * (at - this.#at);
  }

  /** PostgreSQL's time is not after this. Infinity where it was never read. @param at now, by the monotonic clock */
  latest(at: number): number {
    return at + this.#latest + DRIFT * (at - this.#at);
  }

  /** PostgreSQL showed a time between these two monotonic times. */
  read(time: number, sentAt: number, answeredAt: number): void {
    const earliest = time - answeredAt;
    const latest = time - sentAt + DRIFT * (answeredAt - sentAt);
    const earliestKnown = this.earliest(answeredAt) - answeredAt;
    const latestKnown = this.latest(answeredAt) - answeredAt;
    const contradicts = earliest > latestKnown || latest < earliestKnown;
    this.#earliest = contradicts ? earliest : Math.max(earliest, earliestKnown);
    this.#latest = contradicts ? latest : Math.min(latest, latestKnown);
    this.#at = answeredAt;
  }
}
