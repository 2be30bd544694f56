/** Does a whole sale of 10,000 items sell exactly those, over real HTTP? */
import assert from "node:assert/strict";
import { answerOf } from "../support/answers.ts";
import { checkout, counters, currentSale, purchase, type TestSale, times } from "../support/buyers.ts";
import { DATABASES } from "../support/database.ts";
import { type NodeOptions, startNode } from "../support/node.ts";
import { assertExact, querying } from "../support/sale_audit.ts";
import { seeded } from "../support/seeded.ts";

const ITEMS = 10_000;
const LIMIT = 10;
/** Buyers that ask at once. */
const WORKERS = 64;

/** What buyers were told. */
class Sales {
  readonly counts: Record<string, number> = {};
  /** Item -> who bought it. */
  readonly buyers = new Map<number, string>();
  /** User -> how many they bought. */
  readonly bought = new Map<string, number>();

  constructor(readonly url: string, readonly sale: TestSale) {}

  count(answer: string): string {
    this.counts[answer] = (this.counts[answer] ?? 0) + 1;
    return answer;
  }

  /** Checks an item out and buys it; returns the answer to the checkout. */
  async buy(user: string, n: number): Promise<string> {
    const held = await checkout(this.url, user, this.sale.itemId(n));
    const answer = this.count(answerOf(held));
    if (held.status !== 200) return answer;
    const bought = await purchase(this.url, held.body.code!);
    assert.equal(answerOf(bought), "200", `${user} holds ${n}`);
    assert(!this.buyers.has(n), `${n} was sold twice`);
    this.buyers.set(n, user);
    this.bought.set(user, (this.bought.get(user) ?? 0) + 1);
    return answer;
  }
}

function remove<T>(from: T[], value: T): void {
  const place = from.indexOf(value);
  if (place >= 0) from.splice(place, 1);
}

async function withSale(options: NodeOptions, what: string, body: (sales: Sales) => Promise<void>): Promise<void> {
  const node = await startNode({ ...options, env: { CHECKOUT_TTL: "1h" } });
  try {
    const sale = await currentSale(node.url);
    assert.equal(sale.items, ITEMS);
    const sales = new Sales(node.url, sale);
    const since = performance.now();
    await body(sales);
    console.log(`${what}: ${Math.round(performance.now() - since)} ms; told: ${JSON.stringify(sales.counts)}`);
    assert.equal(sales.buyers.size, ITEMS, "every item, each once");
    assert.deepEqual(await counters(node.url, sale), { sold: ITEMS, held: 0, left: 0 });
    for (let n = 1; n <= ITEMS; n += 999) {
      const answer = answerOf(await checkout(node.url, "late", sale.itemId(n)));
      // A sale that is sold out is over with its hour, which may turn meanwhile.
      assert.match(answer, /^412 (item_unavailable|sale_over)$/, "nothing is left to the 10,001st");
    }
    if (options.databaseUrl === undefined) return;
    await assertExact(options.databaseUrl);
    const rows = await querying(options.databaseUrl, (query) => query(`select n, user_id from purchases order by n`));
    assert.deepEqual(rows, [...sales.buyers].sort(([a], [b]) => a - b), "as they were told");
  } finally {
    await node.kill();
  }
}

for (const [database, place] of Object.entries(DATABASES)) {
  Deno.test(`1,000 users on ${database} buy ten items each: exactly 10,000, every user ten, no item twice`, async () => {
    await place((options) =>
      withSale(options, database, async (sales) => {
        let next = 0;
        await times(WORKERS, async () => {
          while (next < ITEMS) {
            const place = next++;
            // One after the other, so that each user's ten are asked for close together, by different workers.
            const answer = await sales.buy(`user-${Math.floor(place / LIMIT)}`, place + 1);
            assert.equal(answer, "200", `item ${place + 1}`);
          }
        });
        assert.equal(sales.bought.size, 1_000);
        for (const [user, count] of sales.bought) assert.equal(count, LIMIT, user);
      })
    );
  });
}

Deno.test("2,000 users at random buy until all is sold: exactly 10,000", async () => {
  const random = seeded();
  await DATABASES["PostgreSQL"]!((options) =>
    withSale(options, "at random", async (sales) => {
      const left = Array.from({ length: ITEMS }, (_, place) => place + 1);
      const underWay = new Set<string>();
      const users = Array.from({ length: 2_000 }, (_, place) => `user-${place}`);
      await times(WORKERS, async () => {
        while (left.length > 0 && users.length > 0) {
          const user = users[random(users.length)]!;
          // Each third asks for any item, sold or not.
          const n = random(3) === 0 ? 1 + random(ITEMS) : left[random(left.length)]!;
          // A user that asks twice at once has one hold, and one of its two purchases is told that the code was used.
          const what = `${user} ${n}`;
          if (underWay.has(what)) continue;
          underWay.add(what);
          const answer = await sales.buy(user, n);
          underWay.delete(what);
          assert.match(answer, /^(200|412 item_unavailable|412 sale_over|429 limit_reached)$/);
          if (answer === "429 limit_reached") remove(users, user);
          else remove(left, n);
        }
      });
      for (const [user, count] of sales.bought) assert(count <= LIMIT, `${user} bought ${count}`);
    })
  );
});
