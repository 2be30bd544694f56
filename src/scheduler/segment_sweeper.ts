/**
 * Removes expired memberships from the segments' totals, on every node, each second. Counts exclude expired memberships that
 * have not been swept yet, so a late sweep makes counts slower but never wrong.
 */
import type { Clock } from "../ports/mod.ts";
import { Rounds } from "./rounds.ts";

/** Milliseconds between two sweeps. */
export const SWEEP_EVERY_MS = 1_000;

/** Where segments are counted. */
export interface SegmentStore {
  /**
   * Removes some expired memberships from the totals.
   *
   * @param now milliseconds since the Unix epoch
   * @returns whether there may be more
   * @throws Fault if storage does not respond
   */
  sweep(now: number): Promise<boolean>;
}

/** Must not throw. */
export interface SegmentSweeperEvents {
  /** A sweep failed after one that succeeded; the next sweep tries again. */
  failed(error: unknown): void;
}

export class SegmentSweeper {
  readonly #rounds: Rounds;
  #failing = false;

  constructor(readonly store: SegmentStore, readonly clock: Clock, readonly events: SegmentSweeperEvents) {
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /** Sweeps until it is stopped. Must be called only once. */
  start(): void {
    this.#rounds.start();
  }

  /** Stops; resolves once the current statement has ended. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #round(): Promise<number> {
    try {
      while (await this.store.sweep(this.clock.now()) && !this.#rounds.stopped);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.events.failed(error);
      this.#failing = true;
    }
    return SWEEP_EVERY_MS;
  }
}
