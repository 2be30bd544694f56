/** A clock that stands still until it is told to go on, and a chance that is always the same. */
import type { Clock } from "../../src/ports/mod.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time for tests: starts at a whole second, moves by `advance` alone. */
export class FakeClock implements Clock {
  #elapsed = 0;
  #timers = new Set<Timer>();

  /** @param epoch milliseconds since the Unix epoch at the start */
  constructor(public epoch: number = Date.UTC(2026, 10, 21, 14)) {}

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.epoch + this.#elapsed;
  }

  shared(): number {
    return this.epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  soon(callback: () => void): void {
    queueMicrotask(callback);
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#elapsed + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  random(): number {
    return 0.5;
  }

  /** Moves on, running the timers that fall due in their order, each with all that follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#elapsed = due.at;
      due.callback();
      await settle();
    }
    this.#elapsed = end;
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let tick = 0; tick < 100; tick++) await undefined;
}
