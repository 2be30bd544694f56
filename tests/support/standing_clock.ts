/** A clock as a node's own is: where the time that it follows leaps back, it stands still until that time is reached. */
import { FakeClock } from "./fake_clock.ts";

/** A fake clock that never runs backwards; set its `epoch` back to make it stand. */
export class StandingClock extends FakeClock {
  #last = 0;

  override now(): number {
    return this.#last = Math.max(this.#last, super.now());
  }
}
