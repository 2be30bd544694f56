/**
 * Who sees to it that old attempts go? Every node, once at its start and then each hour: whatever another has dropped
 * already is not there to be dropped again.
 *
 * A sweep falls on half past, as far as can be from the stampedes of whole hours. It follows Postgres's clock from hour
 * to hour of its own; where that clock leaps, the next sweep comes within an hour all the same.
 */
import type { Clock } from "../ports/mod.ts";
import { HOUR_MS } from "../domain/sale_ids.ts";
import { Rounds } from "./rounds.ts";

/** When in the hour attempts are dropped, in milliseconds after its start. */
export const SWEEP_AT_MS = HOUR_MS / 2;
/** Shortest time between two looks at the clock, in milliseconds: one that leapt back stands still until then. */
export const LOOK_MIN_MS = 60_000;

/** Where attempts are kept. */
export interface AttemptStore {
  /**
   * Drops the attempts of all sales whose hour ended before a time; nothing where that has been done.
   *
   * @param beforeMs milliseconds since the Unix epoch
   * @param goesOn where it says no, the rest is left for the next call
   * @returns the keys of the sales whose attempts were dropped by this call
   * @throws Fault where storage does not answer; some may have been dropped
   */
  dropAttempts(beforeMs: number, goesOn: () => boolean): Promise<string[]>;
}

/** What the sweeper tells of its work; must not throw. */
export interface AttemptSweeperEvents {
  /** This process dropped the attempts of these sales, at least one. */
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
  /** The hour, from half past to half past, of the last sweep. */
  #sweptIn = NaN;
  #stopping = false;

  /** @param keepMs how long attempts are kept, in milliseconds */
  constructor(store: AttemptStore, clock: Clock, keepMs: number, events: AttemptSweeperEvents) {
    this.#store = store;
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#events = events;
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /** Sweeps now, and goes on until it is stopped. To be called once. */
  start(): void {
    this.#rounds.start();
  }

  /** Sweeps no more; returns once a sweep under way is over, which leaves what it has not come to. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#rounds.stop();
  }

  async #round(): Promise<number> {
    const now = this.#clock.now();
    // A timer may fire early: then it is still the hour that was swept.
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
