/** A process's own timers on the clock of the world: they stop with it and stand still with it, time does not. */
import type { Clock } from "../../src/ports/mod.ts";
import type { FakeClock } from "./fake_clock.ts";

/** The clock of one process. */
export class NodeClock implements Clock {
  state: "runs" | "frozen" | "dead" = "runs";
  /** What its time stands ahead of the world's, in milliseconds, since that was set back. */
  ahead = 0;
  #held: (() => void)[] = [];

  constructor(readonly world: FakeClock) {}

  now(): number {
    return this.world.now() + this.ahead;
  }

  shared(): number {
    return this.world.shared();
  }

  monotonic(): number {
    return this.world.monotonic();
  }

  random(): number {
    return this.world.random();
  }

  soon(callback: () => void): void {
    this.world.soon(() => this.run(callback));
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.world.after(delayMs, () => this.run(callback));
  }

  /** Runs something of this process now, once it goes on, or never. */
  run(callback: () => void): void {
    if (this.state === "runs") callback();
    else if (this.state === "frozen") this.#held.push(callback);
  }

  /** Lets a frozen process go on. */
  thaw(): void {
    this.state = "runs";
    const held = this.#held;
    this.#held = [];
    for (const callback of held) callback();
  }
}
