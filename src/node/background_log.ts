/** Logs repeated failures of background work: each kind once, then its count every half minute. */
import type { Logger } from "@logtape/logtape";
import { type Clock, Fault } from "../ports/mod.ts";

/** Milliseconds between two lines of one kind. */
const EVERY_MS = 30_000;
/** Faults that a lost database causes. */
const OF_DATABASE: ReadonlySet<string> = new Set(["storage_unavailable", "deadline"]);

export class BackgroundLog {
  /** By message: when it was last logged, and the failures since then. */
  readonly #said = new Map<string, { readonly at: number; failures: number }>();

  /** @param isLost whether the loss of the database has been logged, so that its consequences need not be */
  constructor(readonly log: Logger, readonly clock: Pick<Clock, "monotonic">, readonly isLost: () => boolean) {}

  /** Logs a failure. @param message names its kind; contains `{error}` and the names of the properties */
  failed(message: string, error: unknown, properties: Readonly<Record<string, unknown>> = {}): void {
    if (this.isLost() && error instanceof Fault && OF_DATABASE.has(error.code)) return;
    const now = this.clock.monotonic();
    const said = this.#said.get(message);
    if (said !== undefined && now - said.at < EVERY_MS) {
      said.failures++;
      return;
    }
    this.#said.set(message, { at: now, failures: 0 });
    const more = said === undefined || said.failures === 0
      ? ""
      : "; {failures} more failures since this was last logged";
    this.log.warn(message + more, { ...properties, error: String(error), failures: said?.failures ?? 0 });
  }
}
