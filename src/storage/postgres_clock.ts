/**
 * What time is it? PostgreSQL's, so that all nodes agree: the earliest that it can be, by this process's monotonic clock
 * and what was read lately. So nothing that has a start is given before it; {@linkcode TimeBounds} states the bound.
 *
 * A reading tells a time that PostgreSQL showed at some moment between the sending of the question and the arrival of its
 * answer, so it bounds that time from both sides, however long the answer took (Marzullo's algorithm, 1984). Readings
 * narrow the bounds; between readings the bounds widen by what two clocks may drift apart. So a slow reading changes
 * nothing: its bounds are wide. A reading that contradicts the bounds says that PostgreSQL's clock was set, or that this
 * machine slept: then it alone counts.
 *
 * The clock has a session of its own: no other statement makes a reading wait. A reading is timed from the moment when it
 * is sent, once the session is there.
 */
import type { Clock } from "../ports/mod.ts";
import type { Connection } from "./sql.ts";

/** Wait between two readings, in milliseconds. */
const READ_EVERY_MS = 1_000;
/** A session that has not answered a reading for so long is given up, in milliseconds. */
const GIVE_UP_MS = 2_000;
/** PostgreSQL is silent once it has answered no reading for so long, in milliseconds. */
const SILENT_MS = 4_000;

const READ = "select (extract(epoch from clock_timestamp()) * 1000)::float8";

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

/** PostgreSQL's time on this process's timers. */
export class PostgresClock implements Clock {
  readonly #bounds = new TimeBounds();
  #last = 0;
  #answeredAt = -Infinity;
  #session: Connection | undefined;
  #cancel: () => void = () => {};
  #stopped = false;

  now(): number {
    return this.#last = Math.max(this.#last, this.shared());
  }

  shared(): number {
    return Math.floor(this.#bounds.earliest(performance.now()));
  }

  /** How far PostgreSQL's time may be from {@linkcode shared} now, in milliseconds; it is never before it. */
  get uncertaintyMs(): number {
    const at = performance.now();
    return this.#bounds.latest(at) - this.#bounds.earliest(at);
  }

  /** Whether PostgreSQL answered lately. */
  get isFollowed(): boolean {
    return performance.now() - this.#answeredAt <= SILENT_MS;
  }

  monotonic(): number {
    return performance.now();
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  }

  random(): number {
    return Math.random();
  }

  /**
   * Reads PostgreSQL's clock now and each second, until {@linkcode stop}. Before the first reading it is no time at all.
   *
   * @param connect makes the clock's session, and a new one where that was lost
   * @throws NotConnected, ConnectionLost where the first reading fails
   */
  async follow(connect: () => Promise<Connection>): Promise<void> {
    await this.#read(connect);
    this.#readLater(connect);
  }

  /** Reads no more, and ends the session. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#session?.destroy();
  }

  #readLater(connect: () => Promise<Connection>): void {
    // It may have been stopped while a reading was on its way.
    if (this.#stopped) return;
    this.#cancel = this.after(READ_EVERY_MS, async () => {
      await this.#read(connect).catch(() => {}); // The bounds widen; the next reading narrows them.
      this.#readLater(connect);
    });
  }

  async #read(connect: () => Promise<Connection>): Promise<void> {
    const session = this.#session?.lost === false ? this.#session : this.#session = await connect();
    if (this.#stopped) return session.destroy();
    const giveUp = this.after(GIVE_UP_MS, () => session.destroy());
    try {
      const sentAt = performance.now();
      const [row] = await session.query(READ, [], "clock");
      this.#answeredAt = performance.now();
      this.#bounds.read(Number(row![0]), sentAt, this.#answeredAt);
    } finally {
      giveUp();
    }
  }
}
