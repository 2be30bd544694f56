/** Two servers by mistake on one database, both on one sale: is an item sold twice, an attempt lost or stored twice? */
import assert from "node:assert/strict";
import { saleKeyOf } from "../../src/domain/sale_ids.ts";
import { answerOf } from "../support/answers.ts";
import { attemptsOf, checkout, counters, currentSale, purchase, saleOf, times } from "../support/buyers.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, type Reply, startNode, type TestNode } from "../support/node.ts";
import { querying } from "../support/sale_audit.ts";
import { SaleLedger } from "../support/sale_ledger.ts";
import { SaleLoad } from "../support/sale_load.ts";
import { killing, seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";

const ITEMS = 2_000;
const ENV = { ITEMS_PER_SALE: String(ITEMS), CHECKOUT_TTL: "1h" };

async function withTwo(body: (a: TestNode, b: TestNode, databaseUrl: string) => Promise<void>): Promise<void> {
  const databaseUrl = await freshDatabase();
  // Both find an empty database: they make its schema and its sales at once.
  const nodes = await Promise.all(["a", "b"].map(() => startNode({ databaseUrl, env: ENV })));
  const [a, b] = nodes as [TestNode, TestNode];
  await killing(() => nodes, () => body(a, b, databaseUrl));
}

async function fencedOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^doorbuster_fenced_writes_total (\d+)/m.exec(text)?.[1]);
}

/** The answer that is no trouble of the machinery. */
async function decided(send: () => Promise<Reply>): Promise<Reply> {
  let reply: Reply | undefined;
  await until(async () => (reply = await send()).status !== 503, { what: "an answer", everyMs: 50 });
  return reply!;
}

Deno.test("a sale through two owners under load is exact, no attempt is lost or stored twice", async () => {
  await withTwo(async (a, b, databaseUrl) => {
    const ledger = new SaleLedger(await currentSale(a.url));
    const sales = await querying(databaseUrl, (query) => query("select id, items from sales order by id"));
    assert.deepEqual(sales, [[ledger.sale.number, ITEMS], [ledger.sale.number + 1, ITEMS]], "each sale was made once");
    const load = new SaleLoad([a.url, b.url], ledger, { workers: 120, users: 800, random: seeded() });
    try {
      await load.decides(2_500);
    } finally {
      await load.stop();
    }
    const fenced = [await fencedOf(a.url), await fencedOf(b.url)];
    console.log(`Each was fenced ${fenced.join(" and ")} times; told: ${JSON.stringify(ledger.counts)}`);
    assert(fenced.every((times) => times > 0), "both owned the sale");
    assert(!Object.keys(ledger.counts).some((name) => name.endsWith("lost")), "no request was dropped");
    await ledger.audit(databaseUrl);
    assert.deepEqual(await counters(a.url, ledger.sale), await counters(b.url, ledger.sale));

    await a.kill();
    const sold = (await counters(b.url, ledger.sale)).sold;
    assert(sold > 0 && sold < ITEMS);
    for (const { code, user, n, asked } of ledger.holds.values()) {
      if (asked.size > 0) continue;
      const again = await decided(() => checkout(b.url, user, ledger.sale.itemId(n)));
      assert.equal(again.body.code, code, "its holder still has it, through whichever server");
    }
  });
});

Deno.test("a sale through two owners: attempts are those that were answered, refused ones too", async () => {
  await withTwo(async (a, b, databaseUrl) => {
    const sale = await currentSale(a.url);
    const next = saleOf(saleKeyOf(sale.number + 1), ITEMS);
    const told: string[] = [];
    let trouble = 0;
    for (let burst = 0; burst < 5; burst++) {
      await times(200, async (place) => {
        const { url } = place % 2 === 0 ? a : b;
        // Each two users, one at each server, want one item.
        const n = 1 + burst * 50 + (place >> 2);
        const user = `user-${burst}-${place}`;
        const [itemId, wanted] = (place & 1) === burst % 2 && (place & 2) === 0
          ? [next.itemId(n), /^(412 sale_not_started|200|412 item_unavailable)$/] as const // its hour may begin
          : [sale.itemId(n), /^(200|412 item_unavailable)$/] as const;
        const reply = await checkout(url, user, itemId);
        if (reply.status === 503) trouble++;
        else {
          assert.match(answerOf(reply), wanted);
          told.push(`${user} ${itemId} ${reply.status === 200 ? "ok" : reply.body.code}`);
        }
      });
    }
    assert(told.length >= 500, `${told.length} were answered`);
    const stored = [...await attemptsOf(b.url, sale), ...await attemptsOf(a.url, next)];
    console.log(`${told.length} attempts were answered, ${trouble} were told to come again`);
    const lines = stored.map(({ user_id, item_id, outcome }) => `${user_id} ${item_id} ${outcome}`);
    assert.deepEqual(lines.sort(), told.sort());
    const [row] = await querying(databaseUrl, (query) => query(`select count(*)::integer from holds`));
    assert.equal(row![0], told.filter((line) => line.endsWith(" ok")).length);
  });
});

Deno.test("one item through two owners, 50 users at each: one holds it, and one of twenty purchases is made", async () => {
  await withTwo(async (a, b) => {
    const sale = await currentSale(a.url);
    for (let n = 1; n <= 5; n++) {
      const replies = await times(100, (place) => {
        return decided(() => checkout(place % 2 === 0 ? a.url : b.url, `user-${place}`, sale.itemId(n)));
      });
      const winners = replies.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1);
      assert.equal(replies.filter((reply) => answerOf(reply) === "412 item_unavailable").length, 99);
      const { code } = winners[0]!.body;
      const bought = await times(20, (place) => decided(() => purchase(place % 2 === 0 ? a.url : b.url, code!)));
      assert.equal(bought.filter(({ status }) => status === 200).length, 1);
      assert.equal((await ask(b.url, "GET", `/checkout?code=${code}`)).body["state"], "purchased");
    }
    assert.equal((await counters(b.url, sale)).sold, 5);
  });
});
