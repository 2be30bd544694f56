/**
 * How fast may a node that joins wake the actors that are its own now? So fast that it does not stand in the way of
 * those that are awake elsewhere: for its first seconds activations keep a distance.
 */
import type { Clock, Completion, Handle, LoadedActor, Part, Store } from "../ports/mod.ts";
import type { Kind } from "../domain/decision.ts";

/** After joining, activations are paced for so long, in milliseconds. */
export const PACED_MS = 5_000;
/** Activations that come after a pause may make up for so much of it, in milliseconds. */
const BURST_MS = 20;

/**
 * When the next activation may begin.
 *
 * @param now monotonic milliseconds
 * @param last what this function gave for the one before it
 * @returns monotonic milliseconds, `now` or later
 */
export function slotAfter(last: number, perSecond: number, now: number): number {
  return Math.max(last + 1_000 / perSecond, now - BURST_MS);
}

/** Keeps a distance between activations, of all kinds together, for a while. */
export class Pace {
  #until = -Infinity;
  #last = -Infinity;

  /** @param perSecond activations */
  constructor(readonly clock: Clock, readonly perSecond: number) {}

  /** Begins now, for {@linkcode PACED_MS}. */
  start(): void {
    this.#until = this.clock.monotonic() + PACED_MS;
  }

  /** How long the next activation waits, in milliseconds; it is counted. */
  take(): number {
    const now = this.clock.monotonic();
    if (now >= this.#until) return 0;
    this.#last = slotAfter(this.#last, this.perSecond, now);
    return Math.max(0, this.#last - now);
  }
}

/** A store whose activations keep a pace. */
export class PacedStore<K extends Kind> implements Store<K> {
  constructor(readonly store: Store<K>, readonly pace: Pace) {}

  async activate(key: string, now: number, staleState?: K["State"]): Promise<LoadedActor<K["State"]> | undefined> {
    const waitMs = this.pace.take();
    if (waitMs > 0) await new Promise<void>((resolve) => this.pace.clock.after(waitMs, resolve));
    return await this.store.activate(key, now, staleState);
  }

  create(key: string, event: K["Event"]): Promise<Handle | undefined> {
    return this.store.create(key, event);
  }

  append(part: Part<K["Event"]>, completion: Completion): void {
    this.store.append(part, completion);
  }

  confirm(handle: Handle, completion: Completion): void {
    this.store.confirm(handle, completion);
  }

  recall(handle: Handle, commands: readonly K["Command"][]): Promise<Map<string, K["Answer"]>> {
    return this.store.recall(handle, commands);
  }

  holderOf(key: string): Promise<string | undefined> {
    return this.store.holderOf?.(key) ?? Promise.resolve(undefined);
  }
}
