/** Sale openers of any number of nodes on shared sales, by a clock that starts at 10:20. */
import assert from "node:assert/strict";
import { SaleOpener } from "../../src/scheduler/sale_opener.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeSales } from "./fake_sales.ts";

/** Openers, with what they told. */
export interface Openers {
  readonly clock: FakeClock;
  readonly sales: FakeSales;
  readonly openers: SaleOpener[];
  /** Keys that were told as opened, by whichever node. */
  readonly opened: string[];
  readonly failed: { key: string; error: unknown; at: number }[];
}

/** What openers are made. */
export interface WantedOpeners {
  /** Default 1. */
  readonly nodes?: number;
  /** Sales made ahead; default 1. */
  readonly ahead?: number;
  readonly clock?: FakeClock;
}

/** Makes openers that are not started. */
export function makeOpeners(
  { nodes = 1, ahead = 1, clock = new FakeClock(Date.UTC(2026, 10, 21, 10, 20)) }: WantedOpeners,
): Openers {
  const sales = new FakeSales(clock);
  const opened: string[] = [];
  const failed: Openers["failed"] = [];
  const events = {
    opened: (key: string) => void opened.push(key),
    failed: (key: string, error: unknown) => void failed.push({ key, error, at: clock.now() }),
  };
  const make = () => new SaleOpener(sales, clock, { items: 10_000, ahead }, events);
  return { clock, sales, openers: Array.from({ length: nodes }, make), opened, failed };
}

/** Makes openers, starts them, gives them time to make what is missing, and stops them after the test's body. */
export async function withOpeners(wanted: WantedOpeners, body: (made: Openers) => Promise<void>): Promise<void> {
  const made = makeOpeners(wanted);
  for (const opener of made.openers) opener.start();
  await made.clock.advance(0);
  await body(made);
  for (const opener of made.openers) await opener.stop();
  assert.equal(made.clock.timers, 0, "no timer is left");
}

/** The keys of the day's hours: `10` is the sale of 10:00. */
export function hours(...names: string[]): string[] {
  return names.map((name) => `2026-11-21T${name}Z`);
}
