/** Three nodes without a leader on one PostgreSQL, over three hour marks: is there one sale an hour? */
import assert from "node:assert/strict";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import type { Clock } from "../../src/ports/mod.ts";
import { type SaleKind, saleRules } from "../../src/domain/sale.ts";
import { HOUR_MS } from "../../src/domain/sale_ids.ts";
import { SaleOpener } from "../../src/scheduler/sale_opener.ts";
import { freshDatabase } from "../support/database.ts";
import { hours } from "../support/openers.ts";
import { settingsOf } from "../support/sale_commands.ts";
import { openTestPostgres, openTestStorage } from "../support/storage.ts";
import { until } from "../support/until.ts";

const NODES = 3;
const ITEMS = 500;
const LIMITS = { mailboxMax: 100, awakeMax: 100, idleMs: 60_000, timeoutMs: 5_000 };
/** So long before each mark time begins to run, in milliseconds. */
const BEFORE_MS = 2_000;
const MARK = Date.UTC(2026, 10, 21, 11);

/** A day in which real time can be skipped, the same for all. */
class Day {
  offsetMs = 0;

  /** A node's clock: Postgres's, on this day. */
  clockOf(real: Clock): Clock {
    return {
      now: () => real.now() + this.offsetMs,
      shared: () => real.shared() + this.offsetMs,
      monotonic: () => real.monotonic(),
      soon: (callback) => real.soon(callback),
      after: (delayMs, callback) => real.after(delayMs, callback),
      random: () => real.random(),
    };
  }
}

/** A node's part in it: actors of its own, since without a ring each takes every sale to be its own. */
async function startNode(url: string, day: Day, opened: string[]) {
  const database = await openTestPostgres(url);
  const storage = await openTestStorage(database);
  const clock = day.clockOf(storage.clock);
  const events = { activated() {}, fenced() {}, turned() {} };
  const sales = new ActorSystem<SaleKind>(saleRules(settingsOf()), storage.sales, clock, LIMITS, events);
  const opener = new SaleOpener(sales, clock, { items: ITEMS, ahead: 0 }, {
    opened: (key) => void opened.push(key),
    failed() {},
  });
  const stop = async () => {
    await opener.stop();
    await sales.stop();
    await storage.close();
    await database.close();
  };
  return { opener, clock, database, stop };
}

Deno.test("three nodes on one PostgreSQL over three hour marks make three sales more, each once", async () => {
  const url = await freshDatabase();
  const [day, opened] = [new Day(), [] as string[]];
  const nodes: Awaited<ReturnType<typeof startNode>>[] = [];
  try {
    for (let node = 0; node < NODES; node++) nodes.push(await startNode(url, day, opened));
    const [first] = nodes;
    day.offsetMs += MARK - HOUR_MS / 2 - first!.clock.now();
    for (const { opener } of nodes) opener.start();
    await until(() => nodes.every(({ opener }) => opener.ready), { what: "the sale of the first hour" });
    day.offsetMs += MARK - BEFORE_MS - first!.clock.now();
    for (let mark = 1; mark <= 3; mark++) {
      const at = MARK + (mark - 1) * HOUR_MS;
      const isMade = () => nodes.every(({ opener, clock }) => clock.now() >= at && opener.ready);
      await until(isMade, { what: `the sale of mark ${mark} on each node` });
      if (mark < 3) day.offsetMs += MARK + mark * HOUR_MS - BEFORE_MS - first!.clock.now();
    }
    assert.deepEqual(opened.toSorted(), hours("10", "11", "12", "13"), "each by one node");
    const [row] = await first!.database.views.query("select count(*)::integer, sum(items)::integer from sales");
    assert.deepEqual(row, [4, 4 * ITEMS]);
  } finally {
    for (const { stop } of nodes) await stop();
  }
});
