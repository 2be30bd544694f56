/**
 * What time is it? Postgres's, so that all nodes agree: this process's monotonic clock plus the offset that was read
 * with the least round trip lately. A reading is off by at most half its round trip (Cristian's algorithm, 1989).
 */
import type { Clock } from "../actors/ports.ts";
import type { Sql } from "./sql.ts";

/** Wait between two readings, in milliseconds. */
const READ_EVERY_MS = 1_000;
/** Readings among which the one with the least round trip counts. */
const READINGS = 10;

/** By so much, in milliseconds, two clocks drift apart while that many readings are made. */
const DRIFT_MS = 20;

/** Postgres is silent, where it answered no reading for so long, in milliseconds. */
const SILENT_MS = 4_000;

interface Reading {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** Postgres's time on this process's timers. */
export class PostgresClock implements Clock {
  #readings: Reading[] = [];
  #offsetMs = Date.now() - performance.now();
  #last = 0;
  #answeredAt = -Infinity;
  #cancel: () => void = () => {};
  #stopped = false;

  now(): number {
    return this.#last = Math.max(this.#last, this.shared());
  }

  shared(): number {
    return Math.floor(performance.now() + this.#offsetMs);
  }

  /** Whether Postgres answered lately. */
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

  /** Reads Postgres's clock now and each second; a reading that fails is left out. */
  async follow(sql: Sql): Promise<void> {
    try {
      await this.#read(sql);
    } catch {
      // The offset stays; the next reading mends it.
    }
    // It may have been stopped while this reading was on its way.
    if (!this.#stopped) this.#cancel = this.after(READ_EVERY_MS, () => this.follow(sql));
  }

  /** Reads no more. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #read(sql: Sql): Promise<void> {
    const sentAt = performance.now();
    const [row] = await sql.query("select (extract(epoch from clock_timestamp()) * 1000)::float8", [], "clock");
    this.#answeredAt = performance.now();
    const roundTripMs = this.#answeredAt - sentAt;
    const reading = { offsetMs: Number(row![0]) - (sentAt + roundTripMs / 2), roundTripMs };
    // What cannot be true as well was read before that clock was set, or this machine slept.
    const before = this.#readings.filter((one) => mayBothBeTrue(one, reading));
    this.#readings = [...before, reading].slice(-READINGS);
    const best = this.#readings.reduce((a, b) => a.roundTripMs <= b.roundTripMs ? a : b);
    this.#offsetMs = best.offsetMs;
  }
}

function mayBothBeTrue(a: Reading, b: Reading): boolean {
  return Math.abs(a.offsetMs - b.offsetMs) <= (a.roundTripMs + b.roundTripMs) / 2 + DRIFT_MS;
}
