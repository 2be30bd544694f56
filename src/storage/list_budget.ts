/**
 * How much of the database may a list take? One statement at a time, and a share of the time where statements are slow:
 * whoever asks for lists, and however often, leaves the database to those who claim. A few may wait their turn; one more
 * is refused at once.
 */
import { type Clock, Fault } from "../ports/mod.ts";
import { type Row, type Sql, SqlError } from "./sql.ts";

/** Statements that may wait; one more is refused with `overloaded`. */
export const WAITING_MAX = 8;
/** One that would wait longer, in milliseconds, is refused too, but for the first one that waits. */
export const WAIT_MS = 1_000;
/** After a statement a list rests for so many times as long as that took: it takes a quarter of one core. */
export const RESTS = 3;
/** At least so many milliseconds: to send the answers to all who shared a quick one takes time too. */
export const REST_MIN_MS = 25;
/** But no longer than so many milliseconds, less than anyone may wait: who asks alone is not refused. */
export const REST_MAX_MS = 900;

/** The server gave up a statement that took too long. */
const QUERY_CANCELED = "57014";

/** Refusals of a round that do not wait for its end. */
export const AT_ONCE = 16;
/** How long a round takes, in milliseconds. */
export const ROUND_MS = 50;

/**
 * Refusals, in rounds: the first ones of a round at once, the others together at its end. Whoever repeats what is refused
 * at once would take as much of this process as those who are served.
 */
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

/** A statement that waits its turn. */
interface Waiting {
  begin(): void;
}

/** The statements of one list. */
export class ListBudget implements Sql {
  readonly #waiting: Waiting[] = [];
  readonly #refusals: Refusals;
  #isBusy = false;
  /** When its rest ends, by the monotonic clock. */
  #restsUntil = -Infinity;
  /** What the last statement took, with its rest. */
  #periodMs = 0;
  /** Ends the wait for the end of its rest; undefined where nobody waits for that. */
  #cancelWake: (() => void) | undefined;

  constructor(readonly sql: Sql, readonly clock: Pick<Clock, "monotonic" | "after">) {
    this.#refusals = new Refusals(clock);
  }

  /** @throws Fault `overloaded` where its turn does not come soon, or the statement takes too long */
  async query(text: string, params?: readonly unknown[], name?: string): Promise<Row[]> {
    if (this.#isBusy || this.#restMs > 0) await this.#turn();
    this.#isBusy = true;
    const startedAt = this.clock.monotonic();
    try {
      return await this.sql.query(text, params, name);
    } catch (error) {
      if (!(error instanceof SqlError && error.sqlstate === QUERY_CANCELED)) throw error;
      throw new Fault("overloaded", `Cannot read a list as that takes too long: ${error.message}`, { cause: error });
    } finally {
      const now = this.clock.monotonic();
      const tookMs = now - startedAt;
      const restMs = Math.min(Math.max(tookMs * RESTS, REST_MIN_MS), REST_MAX_MS);
      this.#restsUntil = now + restMs;
      this.#periodMs = tookMs + restMs;
      this.#isBusy = false;
      this.#wake();
    }
  }

  get #restMs(): number {
    return Math.max(0, this.#restsUntil - this.clock.monotonic());
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) return await this.#refuse(`${WAITING_MAX} wait`);
    const waitMs = this.#restMs + this.#waiting.length * this.#periodMs;
    if (this.#waiting.length > 0 && waitMs > WAIT_MS) return await this.#refuse(`it would wait ${waitMs} ms`);
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        begin() {
          cancel();
          resolve();
        },
      };
      const cancel = this.clock.after(WAIT_MS, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        if (this.#waiting.length === 0) this.#sleep();
        reject(refusal(`waited ${WAIT_MS} ms`));
      });
      this.#waiting.push(waiting);
      this.#wake();
    });
  }

  async #refuse(why: string): Promise<never> {
    await this.#refusals.turn();
    throw refusal(why);
  }

  /** Lets the next one begin, now or once it has rested. */
  #wake(): void {
    this.#sleep();
    if (this.#isBusy || this.#waiting.length === 0) return;
    const restMs = this.#restMs;
    if (restMs > 0) {
      this.#cancelWake = this.clock.after(restMs, () => this.#wake());
      return;
    }
    this.#isBusy = true;
    this.#waiting.shift()!.begin();
  }

  #sleep(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
  }
}

function refusal(why: string): Fault {
  return new Fault("overloaded", `Cannot read one more list: ${why}`);
}
