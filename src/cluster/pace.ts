/**
 * How fast may a node that joins activate the actors that it owns now? Slowly enough not to disturb those that are
 * awake on other nodes: for its first seconds activations keep a distance.
 */
import type { Admit, Clock } from "../ports/mod.ts";

/** How long activations are paced after joining, in milliseconds. */
export const PACED_MS = 5_000;
/** How much of a pause later activations may make up for, in milliseconds. */
const BURST_MS = 20;

/**
 * When the next activation may begin.
 *
 * @param now monotonic milliseconds
 * @param last the result for the activation before it
 * @returns monotonic milliseconds, `now` or later
 */
export function slotAfter(last: number, perSecond: number, now: number): number {
  return Math.max(last + 1_000 / perSecond, now - BURST_MS);
}

/** Keeps a distance between activations, all kinds together, for a while. */
export class Pace {
  #until = -Infinity;
  #last = -Infinity;

  /** @param perSecond activations */
  constructor(readonly clock: Clock, readonly perSecond: number) {}

  /** Begins now; lasts for {@linkcode PACED_MS}. */
  start(): void {
    this.#until = this.clock.monotonic() + PACED_MS;
  }

  /** Lets the next activation begin when its time has come. */
  readonly admit: Admit = () => {
    const waitMs = this.take();
    return waitMs === 0 ? undefined : new Promise((resolve) => this.clock.after(waitMs, resolve));
  };

  /** Counts the next activation. @returns how long it waits, in milliseconds */
  take(): number {
    const now = this.clock.monotonic();
    if (now >= this.#until) return 0;
    this.#last = slotAfter(this.#last, this.perSecond, now);
    return Math.max(0, this.#last - now);
  }
}
