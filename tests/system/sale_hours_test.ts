/** Has each hour its sale, and does what ends by the clock end then? On a real PostgreSQL, by a clock that is set. */
import assert from "node:assert/strict";
import { answerOf, tally } from "../support/answers.ts";
import { saleOf } from "../support/buyers.ts";
import { type ClockedNode, type ClockedOptions, openClockedNode, passTime } from "../support/clocked_node.ts";
import { freshDatabase } from "../support/database.ts";
import { FakeClock } from "../support/fake_clock.ts";
import type { Reply } from "../support/node.ts";
import { assertExact, querying } from "../support/sale_audit.ts";

const MINUTE_MS = 60_000;
const AT_10_20 = Date.UTC(2026, 10, 21, 10, 20);
const SALE = saleOf("2026-11-21T10Z", 10_000);

interface Hours {
  readonly clock: FakeClock;
  readonly nodes: ClockedNode[];
  readonly databaseUrl: string;
  /** Lets time pass; all nodes do meanwhile what they have to. */
  pass(ms: number): Promise<void>;
  checkout(user: string, n: number): Promise<Reply>;
  purchase(code: string): Promise<Reply>;
  counters(): Promise<unknown[]>;
}

/** Nodes that start at 10:20 on one new database. */
async function withHours(
  { count = 1, ...options }: ClockedOptions & { count?: number },
  body: (hours: Hours) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock(AT_10_20);
  const databaseUrl = await freshDatabase();
  const nodes = await Promise.all(Array.from({ length: count }, () => openClockedNode(databaseUrl, clock, options)));
  try {
    const [{ ask }] = nodes as [ClockedNode];
    await passTime(clock, nodes, 0);
    await body({
      clock,
      nodes,
      databaseUrl,
      pass: (ms) => passTime(clock, nodes, ms),
      checkout: (user, n) => ask("POST", `/checkout?user_id=${user}&id=${SALE.itemId(n)}`),
      purchase: (code) => ask("POST", `/purchase?code=${code}`),
      async counters() {
        const { sold, held, left, state } = (await ask("GET", `/api/sales/${SALE.key}`)).body;
        return [sold, held, left, state];
      },
    });
    assert.deepEqual(nodes.flatMap(({ failed }) => failed), []);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

for (const count of [1, 3]) {
  Deno.test(`from 10:20 to 12:00:01 ${count} process(es) make three sales of 10,000 items, and the one ahead`, async () => {
    await withHours({ count }, async ({ nodes, databaseUrl, pass }) => {
      assert(nodes.every(({ isReady }) => isReady()), "at 10:20 the 10:00 sale is there");
      await pass(100 * MINUTE_MS + 1_000);
      const keys = ["10", "11", "12", "13"].map((hour) => `2026-11-21T${hour}Z`);
      assert.deepEqual(nodes.flatMap(({ opened }) => opened).sort(), keys, "each made once, by one of them");
      await querying(databaseUrl, async (query) => {
        const rows = await query(`select s.id, count(t.n)::integer, count(distinct t.n)::integer, min(t.n), max(t.n)
          from sales s join items t on t.sale_id = s.id group by s.id order by s.id`);
        assert.deepEqual(rows, keys.map((_, hour) => [SALE.number + hour, 10_000, 10_000, 1, 10_000]));
        const [items] = await query(`select count(*)::integer from items where sale_id <= ${SALE.number + 2}`);
        assert.deepEqual(items, [30_000], "of the three hours");
        const [partitions] = await query(`select count(*)::integer from pg_inherits
          where inhparent = 'attempts'::regclass and inhrelid <> 'attempts_default'::regclass`);
        assert.deepEqual(partitions, [4], "each has a place for its attempts");
      });
      await assertExact(databaseUrl);
      for (const { ask, isReady } of nodes) {
        assert(isReady());
        const { data, meta } = (await ask("GET", "/api/sales")).body as unknown as {
          data: { id: string; state: string; items: number; left: number }[];
          meta: { total: number };
        };
        assert.equal(meta.total, 4);
        assert.deepEqual(data.map(({ id }) => id), keys.toReversed(), "newest first");
        assert.deepEqual(data.map(({ state }) => state), ["upcoming", "open", "open", "open"]);
        assert(data.every(({ items, left }) => items === 10_000 && left === 10_000));
        assert.equal((await ask("GET", "/api/sales/current")).body["id"], keys[2]);
      }
    });
  });
}

Deno.test("a sale that closes when sold out sells an item that is left 90 minutes later, and is over with the last", async () => {
  await withHours({ items: 2 }, async ({ clock, pass, checkout, purchase, counters }) => {
    assert.equal((await purchase((await checkout("early", 1)).body.code!)).status, 200);
    await pass(90 * MINUTE_MS);
    assert.equal(clock.now(), Date.UTC(2026, 10, 21, 11, 50), "50 minutes after its hour");
    assert.deepEqual(await counters(), [1, 0, 1, "open"]);
    const held = await checkout("late", 2);
    assert.equal(held.body["expires_at"], "2026-11-21T11:50:30.000Z");
    assert.equal((await purchase(held.body.code!)).status, 200);
    assert.deepEqual(await counters(), [2, 0, 0, "over"]);
    assert.equal(answerOf(await checkout("later", 2)), "412 sale_over");
  });
});

Deno.test("a sale that closes at its end cuts holds to it: 412 and 404 after, and what is left stays left", async () => {
  await withHours({ items: 3, settings: { closes: "at_end" } }, async ({ pass, checkout, purchase, counters }) => {
    await pass(40 * MINUTE_MS - 10_000);
    const [bought, held] = [await checkout("a", 1), await checkout("b", 2)];
    assert.equal(held.body["expires_at"], "2026-11-21T11:00:00.000Z", "not past the end");
    assert.equal((await purchase(bought.body.code!)).status, 200);
    assert.deepEqual(await counters(), [1, 1, 1, "open"]);
    await pass(9_999);
    assert.equal((await checkout("b", 2)).body.code, held.body.code, "at 10:59:59.999");
    await pass(1);
    assert.equal(answerOf(await checkout("c", 3)), "412 sale_over", "at 11:00:00.000");
    assert.equal(answerOf(await checkout("b", 2)), "412 sale_over");
    assert.equal(answerOf(await purchase(held.body.code!)), "404 code_expired");
    assert.equal(answerOf(await purchase(bought.body.code!)), "409 code_used");
    assert.deepEqual(await counters(), [1, 0, 2, "over"]);
  });
});

Deno.test("a hold keeps others off for 29.999 seconds; after 30 its item is back once, and its code buys nothing", async () => {
  await withHours({ items: 100 }, async ({ clock, nodes, databaseUrl, pass, checkout, purchase, counters }) => {
    const [{ ask }] = nodes as [ClockedNode];
    const stateOf = async (code: string) => (await ask("GET", `/checkout?code=${code}`)).body["state"];
    const old = (await checkout("first", 1)).body;
    assert.equal(old["expires_at"], new Date(clock.now() + 30_000).toISOString());
    const listed = async (state: string) => {
      const { data, meta } = (await ask("GET", `/api/sales/${SALE.key}/items?state=${state}&per_page=2`)).body;
      return [meta!.total, ...(data as unknown as { id: number; state: string }[]).map(({ id, state }) => [id, state])];
    };
    const shown = async () => {
      const { data } = (await ask("GET", `/api/sales/${SALE.key}/items?per_page=1`)).body;
      const one = (await ask("GET", `/api/sales/${SALE.key}/items/${SALE.itemId(1)}`)).body;
      return [(data as unknown as { state: string }[])[0]!.state, one["state"]];
    };
    await pass(29_999);
    assert.equal(answerOf(await checkout("second", 1)), "412 item_unavailable");
    assert.deepEqual(await listed("held"), [1, [SALE.itemId(1), "held"]]);
    assert.deepEqual(await listed("available"), [99, [SALE.itemId(2), "available"], [SALE.itemId(3), "available"]]);
    assert.deepEqual(await shown(), ["held", "held"]);
    assert.deepEqual(await counters(), [0, 1, 99, "open"]);
    assert.equal(await stateOf(old.code!), "live");
    await pass(2);
    assert.deepEqual(await counters(), [0, 0, 100, "open"], "at 30.001 s, before anyone asks");
    assert.deepEqual(await listed("held"), [0]);
    assert.deepEqual(await listed("available"), [100, [SALE.itemId(1), "available"], [SALE.itemId(2), "available"]]);
    assert.deepEqual(await shown(), ["available", "available"]);
    assert.equal(await stateOf(old.code!), "expired");
    const replies = await Promise.all(Array.from({ length: 20 }, (_, place) => checkout(`user-${place}`, 1)));
    assert.deepEqual(tally(replies), { "200": 1, "412 item_unavailable": 19 }, "it is back once");
    assert.deepEqual(await counters(), [0, 1, 99, "open"]);
    assert.equal(answerOf(await purchase(old.code!)), "404 code_expired", "the old code");
    assert.equal(answerOf(await ask("DELETE", `/checkout?code=${old.code}`)), "404 hold_not_live");
    assert.deepEqual(await counters(), [0, 1, 99, "open"], "what has expired is not given back too");
    const { code } = replies.find(({ status }) => status === 200)!.body;
    assert.equal((await purchase(code!)).status, 200, "the new code");
    assert.deepEqual(await counters(), [1, 0, 99, "open"]);
    await assertExact(databaseUrl);
  });
});

Deno.test("ten holds of a user that expire make room for ten more", async () => {
  await withHours({ items: 100 }, async ({ pass, checkout, counters }) => {
    for (const round of [0, 1, 2]) {
      for (let n = 1; n <= 10; n++) assert.equal((await checkout("user", round * 10 + n)).status, 200);
      assert.equal(answerOf(await checkout("user", 50)), "429 limit_reached");
      assert.deepEqual(await counters(), [0, 10, 90, "open"]);
      await pass(30_000);
      assert.deepEqual(await counters(), [0, 0, 100, "open"]);
    }
  });
});

Deno.test("attempts that are dropped by age leave a sale that answers as before, and sells what comes back", async () => {
  await withHours({ items: 1 }, async ({ clock, nodes: [node], pass, checkout, purchase }) => {
    const { ask, storage } = node!;
    const { code } = (await checkout("buyer", 1)).body;
    assert.equal((await purchase(code!)).status, 200);
    await pass(90 * MINUTE_MS);
    assert.deepEqual(await storage.attempts.dropAttempts(clock.now()), [SALE.key]);
    assert.equal(answerOf(await checkout("late", 1)), "412 sale_over");
    assert.equal((await ask("DELETE", `/purchase?code=${code}`)).status, 200);
    const held = await checkout("late", 1);
    assert.equal(held.status, 200, JSON.stringify(held.body));
    assert.equal((await purchase(held.body.code!)).status, 200);
  });
});
