/** How does something come round again and again, each time when the round before it said, until it is stopped? */
import type { Clock } from "../ports/mod.ts";

/** Rounds of one task, never two at once. */
export class Rounds {
  readonly #clock: Clock;
  readonly #round: () => Promise<number>;
  #underWay: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #stopped = false;

  /** @param round does one round and returns the milliseconds to wait for the next; must not throw */
  constructor(clock: Clock, round: () => Promise<number>) {
    this.#clock = clock;
    this.#round = round;
  }

  /** Whether a round that is under way should come to its end. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Begins the first round at once. To be called once. */
  start(): void {
    this.#underWay = this.#run();
  }

  /** Begins no further round; returns once the one under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#underWay;
  }

  async #run(): Promise<void> {
    const delayMs = await this.#round();
    if (!this.#stopped) this.#cancel = this.#clock.after(delayMs, () => this.start());
  }
}
