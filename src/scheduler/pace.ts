/** The pace of an audit: it pauses after each read, in proportion to the time that the read took. */
import type { AuditRows, Clock } from "../ports/mod.ts";

/** Runs one read. @throws AuditStopped, Fault */
export type Read = <T>(look: (rows: AuditRows) => Promise<T>) => Promise<T>;

/** The audit was stopped before its end. */
export class AuditStopped extends Error {
  override readonly name = "AuditStopped";
}

export class Pace {
  readonly #rows: AuditRows;
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #restsPerRead: number;
  /** The pause that is due, in milliseconds. */
  #dueMs = 0;
  #stopped = false;
  #wake: () => void = () => {};

  /** @param share of the time that may be spent on reads: above 0, at most 1 (no pauses) */
  constructor(rows: AuditRows, clock: Pick<Clock, "monotonic" | "after">, share: number) {
    this.#rows = rows;
    this.#clock = clock;
    this.#restsPerRead = 1 / share - 1;
  }

  /** Reads, then pauses. */
  readonly read: Read = async (look) => {
    const found = await this.readNow(look);
    await this.#rest();
    return found;
  };

  /** Reads and adds the pause to that of the next {@linkcode read}, for what would change meanwhile. */
  readonly readNow: Read = async (look) => {
    if (this.#stopped) throw new AuditStopped("The audit was stopped before its end");
    const before = this.#clock.monotonic();
    try {
      return await look(this.#rows);
    } finally {
      this.#dueMs += (this.#clock.monotonic() - before) * this.#restsPerRead;
    }
  };

  /** Ends the current pause, and fails all further reads. */
  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async #rest(): Promise<void> {
    const restMs = this.#dueMs;
    this.#dueMs = 0;
    if (restMs <= 0 || this.#stopped) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(restMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
