import type { Clock } from "../ports/mod.ts";

/** Repeats a task until it is stopped. Each round says when the next one is due; there are never two at once. */
export class Rounds {
  readonly #clock: Clock;
  readonly #round: () => Promise<number>;
  #underWay: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #stopped = false;

  /** @param round returns the milliseconds until the next round; must not throw */
  constructor(clock: Clock, round: () => Promise<number>) {
    this.#clock = clock;
    this.#round = round;
  }

  /** Whether the current round should end. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Starts the first round at once. Must be called only once. */
  start(): void {
    this.#underWay = this.#run();
  }

  /** Stops; resolves once the current round has ended. */
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
