/** What is said of work in the background that fails, again and again? Each kind once, and every half minute how often. */
import type { Logger } from "@logtape/logtape";
import { type Clock, Fault } from "../ports/mod.ts";

/** Wait between two lines of one kind, in milliseconds. */
const EVERY_MS = 30_000;
/** What a database that is lost leads to. */
const OF_DATABASE: ReadonlySet<string> = new Set(["storage_unavailable", "deadline"]);

/** The failures of a node's background work. */
export class BackgroundLog {
  /** When a kind was said last, and how often it failed since. */
  readonly #said = new Map<string, { readonly at: number; failures: number }>();

  /** @param isLost whether the log has said that the database is lost: then nobody need hear what that leads to */
  constructor(readonly log: Logger, readonly clock: Pick<Clock, "monotonic">, readonly isLost: () => boolean) {}

  /** Something failed. @param message of a kind, with `{error}` in it, and with the names of the properties */
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
