/**
 * The background work of a node: creates sales, drops old attempts, sweeps expired memberships and runs bulk jobs.
 */
import type { Logger } from "@logtape/logtape";
import type { Sales } from "../ports/mod.ts";
import type { BackgroundLog } from "./background_log.ts";
import type { Config } from "../config/config.ts";
import { parseSaleKey, startsAtOf } from "../domain/sale_ids.ts";
import { AttemptSweeper } from "../scheduler/attempt_sweeper.ts";
import { BULK_PACE, BulkMaker, type BulkPace } from "../scheduler/bulk_maker.ts";
import { randomBelow } from "../scheduler/random_below.ts";
import { SaleOpener } from "../scheduler/sale_opener.ts";
import { SegmentSweeper } from "../scheduler/segment_sweeper.ts";
import type { Storage } from "../storage/mod.ts";

/** Slower, as the embedded database has one session, which claims need too. */
const EMBEDDED_BULK_PACE: BulkPace = { batch: 250, perSecond: 5_000 };

export interface Scheduler {
  /** Whether the current sale exists. */
  ready(): boolean;
  start(): void;
  /** Resolves once nothing is under way. */
  stop(): Promise<unknown>;
}

/** @param embedded whether the database is embedded */
export function makeScheduler(
  config: Config,
  log: Logger,
  background: BackgroundLog,
  { clock, attempts, memberships, bulkWork }: Storage,
  sales: Sales,
  embedded: boolean,
): Scheduler {
  const opener = new SaleOpener(sales, clock, { items: config.itemsPerSale, ahead: config.salesAhead }, {
    opened(key) {
      const from = new Date(startsAtOf(parseSaleKey(key)!)).toISOString();
      log.info("Made the sale {key}, for the hour from {from}", { key, from });
    },
    failed: (key, error) => background.failed("Cannot open the sale {key}: {error}", error, { key }),
  });
  const sweeper = new AttemptSweeper(attempts, clock, config.keepAttemptsMs, {
    dropped: (keys) => log.info("Dropped the attempts of {keys}", { keys }),
    failed: (error) => background.failed("Cannot drop old attempts: {error}", error),
  });
  const segments = new SegmentSweeper(memberships, clock, {
    failed: (error) => background.failed("Cannot sweep segments: {error}", error),
  });
  const pace = embedded ? EMBEDDED_BULK_PACE : BULK_PACE;
  const maker = new BulkMaker(bulkWork, clock, pace, randomBelow, {
    finished({ id, made, count }, failure) {
      if (failure === undefined) log.info("Made the {made} coupons of bulk job {id}", { id, made });
      else log.warn("Bulk job {id} failed at {made} of {count}: {failure}", { id, made, count, failure });
    },
    failed: (error) => background.failed("Cannot make coupons of bulk jobs: {error}", error),
  });
  return {
    ready: () => opener.ready,
    start() {
      opener.start();
      sweeper.start();
      segments.start();
      maker.start();
    },
    stop: () => Promise.all([opener.stop(), sweeper.stop(), segments.stop(), maker.stop()]),
  };
}
