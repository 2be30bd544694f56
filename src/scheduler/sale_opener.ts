/**
 * Creates the sale of each hour. Every node asks for each sale that should exist. Since a sale is named by its hour, the first
 * request creates it, and the others learn that it exists.
 *
 * The time is PostgreSQL's, which may be set while this process's timers run evenly. So a timer never says which hour it is,
 * only that the clock should be read. A cron library such as croner would use this process's time and timers that tests
 * cannot control.
 */
import type { Actors, Clock } from "../ports/mod.ts";
import { type Backoff, backoffMs } from "../domain/backoff.ts";
import type { SaleKind } from "../domain/sale.ts";
import { saleKeyOf, saleNumberAt, startsAtOf } from "../domain/sale_ids.ts";
import { Rounds } from "./rounds.ts";
import { WantedSales } from "./wanted_sales.ts";

/** Maximum time between two readings of the clock, in milliseconds, as nothing announces that it was set. */
export const LOOK_EVERY_MS = 2_000;
/** Minimum time, in milliseconds: a clock that was set back stands still until then, possibly just before a full hour. */
export const LOOK_MIN_MS = 50;
/** The wait after rounds in which a sale could not be created. */
export const RETRY: Backoff = { minMs: 250, maxMs: 5_000 };

export interface SaleOpenerOptions {
  /** Number of items of each new sale. */
  readonly items: number;
  /** Number of sales created ahead, 0 or more. */
  readonly ahead: number;
}

/** Must not throw. */
export interface SaleOpenerEvents {
  /** This process created a sale. */
  opened(key: string): void;
  /** A sale could not be created; it is tried again. `error` is a Fault or a bug. */
  failed(key: string, error: unknown): void;
}

export class SaleOpener {
  readonly #actors: Actors<SaleKind>;
  readonly #clock: Clock;
  readonly #items: number;
  readonly #events: SaleOpenerEvents;
  readonly #wanted: WantedSales;
  readonly #rounds: Rounds;
  /** Consecutive rounds in which a sale could not be created. */
  #failures = 0;

  constructor(actors: Actors<SaleKind>, clock: Clock, options: SaleOpenerOptions, events: SaleOpenerEvents) {
    this.#actors = actors;
    this.#clock = clock;
    this.#items = options.items;
    this.#events = events;
    this.#wanted = new WantedSales(options.ahead);
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /**
   * Whether the sale of this hour is known to exist. If none are created ahead, this is false at the start of every hour until
   * the sale has been created.
   */
  get ready(): boolean {
    return this.#wanted.has(saleNumberAt(this.#clock.now()));
  }

  /** Creates missing sales until it is stopped. Must be called only once. */
  start(): void {
    this.#rounds.start();
  }

  /** Stops; resolves once the last request is answered. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  /** Creates missing sales one by one and reads the clock before each, so that the current sale does not wait for others. */
  async #round(): Promise<number> {
    const failed = new Set<number>();
    while (!this.#rounds.stopped) {
      const missing = this.#wanted.missing(saleNumberAt(this.#clock.now()));
      const number = missing.find((number) => !failed.has(number));
      if (number === undefined) break;
      if (!await this.#open(number)) failed.add(number);
    }
    this.#failures = failed.size === 0 ? 0 : this.#failures + 1;
    const now = this.#clock.now();
    const nextHourMs = Math.max(LOOK_MIN_MS, startsAtOf(saleNumberAt(now) + 1) - now);
    const waitMs = this.#failures === 0 ? LOOK_EVERY_MS : backoffMs(RETRY, this.#failures, this.#clock.random());
    return Math.min(nextHourMs, waitMs);
  }

  /** Creates a sale. @returns whether it exists now */
  async #open(number: number): Promise<boolean> {
    const key = saleKeyOf(number);
    try {
      const command = { kind: "open", id: crypto.randomUUID(), keyed: false, number, items: this.#items } as const;
      const outcome = await this.#actors.ask(key, command);
      if (outcome.kind === "refused" && outcome.refusal !== "sale_exists") {
        throw new Error(`Cannot open the sale ${key} as it refuses: ${outcome.refusal}`);
      }
      this.#wanted.add(number);
      if (outcome.kind === "done") this.#events.opened(key);
      return true;
    } catch (error) {
      this.#events.failed(key, error);
      return false;
    }
  }
}
