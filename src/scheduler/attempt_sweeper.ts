/**
 * Drops old attempts. Every node does so once at its start and then each hour; what one node has dropped is gone for the
 * others too.
 *
 * Sweeps run at half past, as far as possible from the stampedes at full hours, by PostgreSQL's clock. If that clock is set,
 * the next sweep still comes within an hour.
 */
import type { Clock } from "../ports/mod.ts";
import { HOUR_MS } from "../domain/sale_ids.ts";
import { Rounds } from "./rounds.ts";

/** When attempts are dropped, in milliseconds after the full hour. */
export const SWEEP_AT_MS = HOUR_MS / 2;
/** Minimum time between two readings of the clock, in milliseconds: a clock that was set back stands still until then. */
export const LOOK_MIN_MS = 60_000;

/** Where attempts are kept. */
export interface AttemptStore {
  /**
   * Drops the attempts of all sales whose hour ended before a time.
   *
   * @param beforeMs milliseconds since the Unix epoch
   * @param goesOn if it returns false, the rest is left for the next call
   * @returns the keys of the sales whose attempts this call dropped
   * @throws Fault if storage does not respond; some attempts may have been dropped
   */
  dropAttempts(beforeMs: number, goesOn: () => boolean): Promise<string[]>;
}

/** Must not throw. */
export interface AttemptSweeperEvents {
  /** This process dropped the attempts of these sales; at least one. */
  dropped(keys: readonly string[]): void;
  /** Attempts could not be dropped; the next sweep tries again. */
  failed(error: unknown): void;
}

/** Drops attempts by age. */
export class AttemptSweeper {
  readonly #store: AttemptStore;
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #events: AttemptSweeperEvents;
  readonly #rounds: Rounds;
  /** The last swept hour, counted from half past to half past. */
  #sweptIn = NaN;
  #stopping = false;

  /** @param keepMs the age at which attempts are dropped, in milliseconds */
  constructor(store: AttemptStore, clock: Clock, keepMs: number, events: AttemptSweeperEvents) {
    this.#store = store;
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#events = events;
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /** Sweeps now and then each hour, until it is stopped. Must be called only once. */
  start(): void {
    this.#rounds.start();
  }

  /** Stops; resolves once the current sweep has ended, which skips what is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#rounds.stop();
  }

  async #round(): Promise<number> {
    const now = this.#clock.now();
    // A timer may fire early, within the hour that was swept already.
    if (hourOf(now) !== this.#sweptIn) {
      this.#sweptIn = hourOf(now);
      await this.#sweep(now - this.#keepMs);
    }
    const after = this.#clock.now();
    return Math.max(LOOK_MIN_MS, (hourOf(after) + 1) * HOUR_MS + SWEEP_AT_MS - after);
  }

  async #sweep(beforeMs: number): Promise<void> {
    try {
      const keys = await this.#store.dropAttempts(beforeMs, () => !this.#stopping);
      if (keys.length > 0) this.#events.dropped(keys);
    } catch (error) {
      this.#events.failed(error);
    }
  }
}

function hourOf(now: number): number {
  return Math.floor((now - SWEEP_AT_MS) / HOUR_MS);
}
