/** Do discounts, charges and coupons for members do over real HTTP, on either database, what they say? */
import assert from "node:assert/strict";
import { tally } from "../support/answers.ts";
import { DATABASES, freshDatabase } from "../support/database.ts";
import { assertBothOrNeither, balances, prepare, withSql } from "../support/ledger.ts";
import { ask, claim, type NodeOptions, type Reply, startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";
import { withCluster } from "../support/cluster.ts";

const DISCOUNT = { kind: "discount", percent_off: 15, max_discount: 20, min_order: 50 };
const CHARGE = { kind: "charge", credit: 1_000_000 };

async function withNode(options: NodeOptions, body: (node: TestNode) => Promise<void>): Promise<void> {
  const node = await startNode(options);
  try {
    await body(node);
  } finally {
    await node.stop();
  }
}

async function make(url: string, name: string, amount: number, more: Record<string, unknown>): Promise<void> {
  const { status, body } = await ask(url, "POST", "/api/coupons", { name, amount, ...more });
  assert.equal(status, 201, JSON.stringify(body));
}

const users = (count: number) => Array.from({ length: count }, (_, place) => `user-${place}`);

for (const [database, place] of Object.entries(DATABASES)) {
  Deno.test(`a charge for 3 on ${database} credits 3 of 10 users who ask at once, and a void takes it back once`, async () => {
    await place(async (options) => {
      let winners: string[] = [];
      await withNode(options, async ({ url }) => {
        await make(url, "gift", 3, CHARGE);
        const replies = await Promise.all(users(10).map((user) => claim(url, user, "gift")));
        assert.deepEqual(tally(replies), { "200": 3, "400 sold_out": 7 });
        winners = replies.filter(({ status }) => status === 200).map(({ body }) => String(body["user_id"])).sort();
        for (const { status, body } of replies) if (status === 200) assert.equal(body["credit"], "1000000.00");
        const own = (await ask(url, "GET", `/api/users/${winners[0]}/claims`)).body["data"];
        const ofCoupon = (await ask(url, "GET", `/api/coupons/gift/claims/${winners[0]}`)).body;
        assert.deepEqual(own, [{ ...ofCoupon, credit: "1000000.00" }]);
      });
      await withSql(options, async (sql) => {
        assert.deepEqual(await balances(sql), winners.map((user) => [user, "1000000.00"]), "3,000,000 in all");
        await assertBothOrNeither(sql);
      });
      const key = { "idempotency-key": "void" };
      const voidOf = (url: string, headers = {}) =>
        ask(url, "DELETE", `/api/coupons/gift/claims/${winners[0]}`, undefined, headers);
      await withNode(options, async ({ url }) => {
        const first = await voidOf(url, key);
        assert.deepEqual([first.status, first.body.remaining_amount], [200, 1]);
        assert.deepEqual(await voidOf(url, key), first, "the same key");
        assert.equal((await voidOf(url)).status, 404);
      });
      await withSql(options, async (sql) => {
        assert.deepEqual((await balances(sql)).map(([, balance]) => balance), ["0.00", "1000000.00", "1000000.00"]);
        const [sum] = await sql.query("select sum(amount)::text, count(*)::integer from wallet_entries");
        assert.deepEqual(sum, ["2000000.00", 4]);
        await assertBothOrNeither(sql);
      });
    });
  });

  Deno.test(`a discount on ${database} answers by its percentage, cap and minimum, and again after kill -9`, async () => {
    await place(async (options) => {
      let node = await startNode(options);
      try {
        await make(node.url, "sale", 9, DISCOUNT);
        const body = (user_id: string, order_amount: unknown) => ({ user_id, coupon_name: "sale", order_amount });
        const claimFor = (user: string, order: unknown) =>
          ask(node.url, "POST", "/api/coupons/claim", body(user, order), { "idempotency-key": user });
        const cases = [["50.00", "7.50", "42.50"], ["99.99", "15.00", "84.99"], [1000, "20.00", "980.00"]] as const;
        const refused = await claimFor("small", "49.99");
        assert.deepEqual([refused.status, refused.body.code], [400, "below_minimum"]);
        const told: Reply[] = [];
        for (const [order, discount, final] of cases) {
          const asked = await ask(node.url, "POST", "/api/coupons/validate", body(`u${order}`, order));
          const claimed = await claimFor(`u${order}`, order);
          for (const { status, body } of [asked, claimed]) {
            assert.deepEqual(
              [status, body["discount_amount"], body["final_amount"]],
              [200, discount, final],
              String(order),
            );
          }
          told.push(claimed);
        }
        assert.equal((await ask(node.url, "DELETE", "/api/coupons/sale/claims/u50.00")).status, 200);
        await node.kill();
        node = await startNode(options);
        for (const [at, [order]] of cases.entries()) assert.deepEqual(await claimFor(`u${order}`, order), told[at]);
        assert.equal((await claimFor("u1000", 1001)).status, 422);
        assert.equal((await claimFor("small", "50")).status, 200, "a refusal binds no key");
      } finally {
        await node.kill();
      }
    });
  });

  Deno.test(`a coupon for a segment on ${database} goes to its members, not to past ones or others`, async () => {
    await place(async (options) => {
      await prepare(
        options,
        `insert into memberships select 'gold', 'user-' || n, now() + interval '1 day' * (case when n < 20 then 1 else -1 end)
          from generate_series(0, 29) n`,
        "insert into memberships values ('silver', 'user-30', 'infinity')",
      );
      await withNode(options, async ({ url }) => {
        await make(url, "members", 100, { segment: "gold" });
        const replies = await Promise.all(users(40).map((user) => claim(url, user, "members")));
        assert.deepEqual(tally(replies), { "200": 20, "403 not_eligible": 20 });
        const again = await Promise.all(users(40).map((user) => claim(url, user, "members")));
        assert.deepEqual(tally(again), { "409 already_claimed": 20, "403 not_eligible": 20 });
        await ask(url, "PATCH", "/api/coupons/members", { segment: "silver" });
        assert.equal((await claim(url, "user-30", "members")).status, 200);
        await ask(url, "PATCH", "/api/coupons/members", { segment: null });
        assert.equal((await claim(url, "user-31", "members")).status, 200);
      });
    });
  });
}

Deno.test("a membership that ends between two claims is over for the second", async () => {
  const options = { databaseUrl: await freshDatabase() };
  await withNode(options, async ({ url }) => {
    await make(url, "members", 100, { segment: "gold" });
    const asked = () => ask(url, "POST", "/api/coupons/validate", { user_id: "late", coupon_name: "members" });
    assert.equal((await asked()).status, 403);
    await withSql(
      options,
      (sql) =>
        sql.query(
          `insert into memberships select 'gold', n, now() + interval '2 seconds' from unnest('{soon,late}'::text[]) n`,
        ),
    );
    assert.equal((await claim(url, "soon", "members")).status, 200, "a member from the moment that the row is there");
    await until(async () => (await asked()).status === 403, { what: "the membership's end" });
    assert.equal((await claim(url, "late", "members")).body.code, "not_eligible");
  });
});

Deno.test("any node of three credits, reckons, and knows members", async () => {
  await withCluster({}, async ({ urls, databaseUrl }) => {
    const options = { databaseUrl };
    await withSql(
      options,
      (sql) =>
        sql.query("insert into memberships select 'gold', 'user-' || n, 'infinity' from generate_series(0, 9) n"),
    );
    await make(urls[0]!, "gift", 7, { ...CHARGE, segment: "gold" });
    const any = (place: number) => urls[place % urls.length]!;
    const replies = await Promise.all(users(20).map((user, place) => claim(any(place), user, "gift")));
    assert.deepEqual(tally(replies), { "200": 7, "400 sold_out": 3, "403 not_eligible": 10 });
    await make(urls[1]!, "sale", 9, DISCOUNT);
    const body = { user_id: "u", coupon_name: "sale", order_amount: "99.99" };
    const told = await Promise.all(
      urls.map((url) => ask(url, "POST", "/api/coupons/claim", body, { "idempotency-key": "k" })),
    );
    for (const { body } of told) assert.deepEqual([body["discount_amount"], body["final_amount"]], ["15.00", "84.99"]);
    await withSql(options, async (sql) => {
      const [sum] = await sql.query("select sum(amount)::text from wallet_entries");
      assert.equal(sum![0], "7000000.00");
    });
  });
});
