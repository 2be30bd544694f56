/**
 * Who takes expired memberships out of the segments' totals? Every node, each second. What is not swept yet is left out
 * by whoever counts, so a sweep that is late costs time, and never makes a count wrong.
 */
import type { Clock } from "../ports/mod.ts";
import { Rounds } from "./rounds.ts";

/** Wait between two sweeps, in milliseconds. */
export const SWEEP_EVERY_MS = 1_000;

/** Where segments are counted. */
export interface SegmentStore {
  /**
   * Takes some of what has expired out of the totals.
   *
   * @param now milliseconds since the Unix epoch
   * @returns whether there may be more
   * @throws Fault where storage does not answer
   */
  sweep(now: number): Promise<boolean>;
}

/** What the sweeper tells of its work; must not throw. */
export interface SegmentSweeperEvents {
  /** Segments could not be swept, and could before; the next sweep tries again. */
  failed(error: unknown): void;
}

/** Sweeps segments. */
export class SegmentSweeper {
  readonly #rounds: Rounds;
  #failing = false;

  constructor(readonly store: SegmentStore, readonly clock: Clock, readonly events: SegmentSweeperEvents) {
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /** Sweeps now, and goes on until it is stopped. To be called once. */
  start(): void {
    this.#rounds.start();
  }

  /** Sweeps no more; returns once the statement under way is over. */
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
