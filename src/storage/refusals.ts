/**
 * How fast are many refused? The first ones at once. Whoever goes on asking for what is refused at once would take as
 * much of this process as those who are served; so more of them are refused together, at the end of a short round.
 */
import type { Clock } from "../ports/mod.ts";

/** Refusals of a round that do not wait for its end. */
export const AT_ONCE = 16;
/** How long a round takes, in milliseconds. */
export const ROUND_MS = 50;

/** Refusals, in rounds. */
export class Refusals {
  #endsAt = -Infinity;
  #inRound = 0;
  #waiting: (() => void)[] = [];

  constructor(readonly clock: Pick<Clock, "monotonic" | "after">) {}

  /** Returns once the next may be refused. */
  async turn(): Promise<void> {
    const now = this.clock.monotonic();
    if (now >= this.#endsAt && this.#waiting.length === 0) {
      this.#endsAt = now + ROUND_MS;
      this.#inRound = 0;
    }
    if (this.#inRound++ < AT_ONCE) return;
    await new Promise<void>((resolve) => {
      if (this.#waiting.push(resolve) === 1) this.clock.after(this.#endsAt - now, () => this.#end());
    });
  }

  #end(): void {
    for (const refuse of this.#waiting.splice(0)) refuse();
  }
}
