/** Is a sale exact where its server, or its PostgreSQL, is killed at random moments of a stampede? CRASH_SEED names them. */
import assert from "node:assert/strict";
import { startPostgres } from "../../tools/services.ts";
import { answerOf } from "../support/answers.ts";
import { checkout, counters, currentSale, purchase, times } from "../support/buyers.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, startNode, type TestNode } from "../support/node.ts";
import { SaleLedger, type ToldHold } from "../support/sale_ledger.ts";
import { SaleLoad } from "../support/sale_load.ts";
import { killing, seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";

const ITEMS = 1_500;
const ENV = { ITEMS_PER_SALE: String(ITEMS) };
/** Requests that are decided between two kills: 50 to 300 ms of load. */
const DECIDED = { least: 100, more: 500 };

/** Whoever was answered by key gets the same answer again. */
async function assertReplayed(url: string, { keyed }: SaleLedger): Promise<void> {
  for (let place = 0; place < keyed.length; place += 50) {
    await Promise.all(
      keyed.slice(place, place + 50).map(async ({ path, key, reply }) => {
        assert.deepEqual(await ask(url, "POST", path, undefined, { "idempotency-key": key }), reply, path);
      }),
    );
  }
}

/** Sells what is left, to users of their own: never one too few. */
async function sellTheRest(url: string, { sale }: SaleLedger): Promise<void> {
  const { sold } = await counters(url, sale);
  let more = 0;
  let next = 1;
  await times(20, async (worker) => {
    for (let n = next++; n <= ITEMS; n = next++) {
      const held = await checkout(url, `rest-${worker}-${n}`, sale.itemId(n));
      if (held.status !== 200) assert.equal(answerOf(held), "412 item_unavailable");
      else {
        assert.equal((await purchase(url, held.body.code!)).status, 200);
        more++;
      }
    }
  });
  assert.equal(sold + more, ITEMS, "what was not sold could be bought");
  assert.deepEqual(await counters(url, sale), { sold: ITEMS, held: 0, left: 0 });
}

/** Buyers hold items and go away. */
async function holdSome(url: string, ledger: SaleLedger, name: string): Promise<ToldHold[]> {
  const holds: ToldHold[] = [];
  for (let n = 1; n <= ITEMS && holds.length < 30; n++) {
    const hold = await ledger.checkout(url, `${name}-${n}`, n);
    if (typeof hold !== "string") holds.push(hold);
  }
  assert.equal(holds.length, 30);
  return holds;
}

async function assertHeld(url: string, ledger: SaleLedger, holds: readonly ToldHold[]): Promise<void> {
  for (const { user, n, code, expiresAt } of holds) {
    const others = await ledger.checkout(url, `other-${n}`, n);
    assert.equal(others, "412 item_unavailable");
    const { body } = await checkout(url, user, ledger.sale.itemId(n));
    assert.deepEqual([body.code, body["expires_at"]], [code, expiresAt], "the same code and expiry");
  }
}

Deno.test("a sale on PostgreSQL is exact when its server is killed 16 times in a stampede", async () => {
  const random = seeded();
  const databaseUrl = await freshDatabase();
  const start = (CHECKOUT_TTL: string) => startNode({ databaseUrl, env: { ...ENV, CHECKOUT_TTL } });
  let node: TestNode = await start("1500ms");
  await killing(() => [node], async () => {
    const ledger = new SaleLedger(await currentSale(node.url));
    const load = new SaleLoad([node.url], ledger, { workers: 40, users: 800, random });
    try {
      for (let kill = 0; kill < 15; kill++) {
        await load.decides(DECIDED.least + random(DECIDED.more));
        await load.paused(async () => {
          await node.kill();
          node = await start("1500ms");
          load.urls = [node.url];
        });
      }
      await load.decides(DECIDED.least);
    } finally {
      await load.stop();
    }
    console.log(`Told: ${JSON.stringify(ledger.counts)}`);
    await ledger.audit(databaseUrl);
    const short = await holdSome(node.url, ledger, "short");
    await node.kill();
    node = await start("1h");
    const isExpired = async ({ code }: ToldHold) =>
      (await ask(node.url, "GET", `/checkout?code=${code}`)).body["state"] === "expired";
    for (const hold of short) await until(() => isExpired(hold), { what: "a hold to expire" });
    const long = await holdSome(node.url, ledger, "long");
    assert(long.some(({ n }) => short.some((hold) => hold.n === n)), "what expired is free");
    for (const { code } of short) assert.equal(answerOf(await purchase(node.url, code)), "404 code_expired");
    await ledger.audit(databaseUrl);
    await node.kill();
    node = await start("10m");
    await assertHeld(node.url, ledger, long);
    for (const { code } of long) assert.equal((await purchase(node.url, code)).status, 200, "its holder can buy it");
    await assertReplayed(node.url, ledger);
    await sellTheRest(node.url, ledger);
  });
});

Deno.test("a sale is exact when its PostgreSQL is killed 8 times in a stampede", async () => {
  const random = seeded();
  const postgres = await startPostgres();
  try {
    const databaseUrl = await postgres.createDatabase();
    const node = await startNode({ databaseUrl, env: { ...ENV, CHECKOUT_TTL: "2s" } });
    await killing(() => [node], async () => {
      const ledger = new SaleLedger(await currentSale(node.url));
      const load = new SaleLoad([node.url], ledger, { workers: 40, users: 800, random });
      try {
        for (let kill = 0; kill < 8; kill++) {
          await load.decides(DECIDED.least + random(DECIDED.more));
          await postgres.kill();
          await postgres.start();
        }
        await load.decides(DECIDED.least);
      } finally {
        await load.stop();
      }
      console.log(`Told: ${JSON.stringify(ledger.counts)}`);
      assert(!Object.keys(ledger.counts).some((name) => name.endsWith("lost")), "the server never dropped a request");
      await ledger.audit(databaseUrl);
      await assertReplayed(node.url, ledger);
      const isFree = async () => (await counters(node.url, ledger.sale)).held === 0;
      await until(isFree, { what: "all holds to expire", everyMs: 100 });
      await sellTheRest(node.url, ledger);
    });
  } finally {
    await postgres.stop();
  }
});
