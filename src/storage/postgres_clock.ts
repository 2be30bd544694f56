/**
 * What time is it? PostgreSQL's, so that all nodes agree: the earliest that it can be, by this process's monotonic clock
 * and what was read lately. So nothing that has a start is given before it; {@linkcode TimeBounds} states the bound.
 *
 * The clock has a session of its own: no other statement makes a reading wait. A reading is timed from the moment when it
 * is sent, once the session is there.
 */
import type { Clock } from "../ports/mod.ts";
import type { Connection } from "./sql.ts";
import { TimeBounds } from "./time_bounds.ts";

/** Wait between two readings, in milliseconds. */
const READ_EVERY_MS = 1_000;
/** A session that has not answered a reading for so long is given up, in milliseconds. */
const GIVE_UP_MS = 2_000;
/** PostgreSQL is silent once it has answered no reading for so long, in milliseconds. */
const SILENT_MS = 4_000;

const READ = "select (extract(epoch from clock_timestamp()) * 1000)::float8";

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
