/**
 * Who sees to it that each hour has its sale? Every node: it asks for each sale that should be there, and since a sale is
 * named by its hour, whoever asks first makes it and all others hear that it exists.
 *
 * The time is Postgres's, which may leap while this process's timers go on evenly. So a timer never says what hour it is,
 * only that it is time to look at the clock; a cron library (croner) would count in this process's time, on timers that
 * no test can set.
 */
import type { Actors, Clock } from "../ports/mod.ts";
import type { SaleKind } from "../domain/sale.ts";
import { saleKeyOf, saleNumberAt, startsAtOf } from "../domain/sale_ids.ts";
import { Rounds } from "./rounds.ts";
import { WantedSales } from "./wanted_sales.ts";

/** Longest time between two looks at the clock, in milliseconds: nobody says that it has leapt. */
export const LOOK_EVERY_MS = 2_000;
/** Shortest, in milliseconds: a clock that leapt back stands still until then, be it just before an hour's start. */
export const LOOK_MIN_MS = 50;
/** First wait after a round in which a sale could not be made, in milliseconds; it doubles with each further one. */
export const RETRY_MIN_MS = 250;
/** Longest such wait, in milliseconds. */
export const RETRY_MAX_MS = 5_000;

/** Which sales are made. */
export interface SaleOpenerOptions {
  /** Items of each new sale. */
  readonly items: number;
  /** Sales that are ready beyond the current one, 0 or more. */
  readonly ahead: number;
}

/** What the opener tells of its work; must not throw. */
export interface SaleOpenerEvents {
  /** This process made a sale. */
  opened(key: string): void;
  /** A sale could not be made; it is tried again. `error` is a Fault, or a fault of the program. */
  failed(key: string, error: unknown): void;
}

/** Makes each hour's sale, and those ahead of it. */
export class SaleOpener {
  readonly #actors: Actors<SaleKind>;
  readonly #clock: Clock;
  readonly #items: number;
  readonly #events: SaleOpenerEvents;
  readonly #wanted: WantedSales;
  readonly #rounds: Rounds;
  /** Rounds in a row in which a sale could not be made. */
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
   * Whether the sale of the present hour is known to exist. With none made ahead this is false for as long as it takes
   * to make it, at the start of every hour.
   */
  get ready(): boolean {
    return this.#wanted.has(saleNumberAt(this.#clock.now()));
  }

  /** Makes what is missing now, and goes on until it is stopped. To be called once. */
  start(): void {
    this.#rounds.start();
  }

  /** Asks for nothing more; returns once what it asked for last is answered. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  /** Makes what is missing, one by one, the clock looked at anew for each: the current sale waits for no other's. */
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
    return Math.min(nextHourMs, this.#failures === 0 ? LOOK_EVERY_MS : retryMs(this.#failures, this.#clock.random()));
  }

  /** Makes a sale; returns whether it exists now. */
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

/**
 * The wait before what failed is tried again, with jitter over its upper half, so that nodes do not try together.
 *
 * @param failures rounds that failed in a row, 1 or more
 * @param random 0 or more and less than 1
 * @returns milliseconds
 */
export function retryMs(failures: number, random: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (failures - 1)) * (0.5 + random / 2);
}
