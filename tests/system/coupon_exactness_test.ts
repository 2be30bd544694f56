/** Are the counts exact over real HTTP, on either database and on any node, with all requests in flight together? */
import assert from "node:assert/strict";
import { tally } from "../support/answers.ts";
import { withCluster } from "../support/cluster.ts";
import { DATABASES } from "../support/database.ts";
import { ask, claim, claimsOf, createCoupon, startNode, type Target, type TestNode } from "../support/node.ts";
import { seeded } from "../support/seeded.ts";

function users(count: number, prefix = "user"): string[] {
  return Array.from({ length: count }, (_, place) => `${prefix}-${place}`);
}

async function make(url: Target, name: string, amount: number): Promise<void> {
  const { status, body } = await createCoupon(url, name, amount);
  assert.equal(status, 201, JSON.stringify(body));
}

/** What is stored must be the distinct holders that the counter tells of. */
async function assertStored(url: Target, name: string, holders: number, remaining: number): Promise<void> {
  const { body } = await ask(url, "GET", `/api/coupons/${encodeURIComponent(name)}`);
  assert.equal(body.remaining_amount, remaining);
  assert.equal(body["claimed_count"], holders);
  assert.equal(new Set(body.claimed_by).size, holders, "distinct holders");
  assert.equal((await claimsOf(url, name)).size, holders, "rows");
}

/** What one server must do, whatever its database, and any node of a cluster; each has a coupon name of its own. */
const BEHAVIOURS: Record<string, (url: Target) => Promise<void>> = {
  "claim() sells 5 units to 50 users exactly": async (url) => {
    await make(url, "five", 5);
    const replies = await Promise.all(users(50).map((user) => claim(url, user, "five")));
    assert.deepEqual(tally(replies), { "200": 5, "400 sold_out": 45 });
    await assertStored(url, "five", 5, 0);
  },

  "claim() sells one unit to a user who asks ten times at once": async (url) => {
    await make(url, "ten", 10);
    const replies = await Promise.all(Array.from({ length: 10 }, () => claim(url, "same", "ten")));
    assert.deepEqual(tally(replies), { "200": 1, "409 already_claimed": 9 });
    await assertStored(url, "ten", 1, 9);
  },

  "claim() sells 100 units to 100 users, none left over": async (url) => {
    await make(url, "hundred", 100);
    const replies = await Promise.all(users(100).map((user) => claim(url, user, "hundred")));
    assert.deepEqual(tally(replies), { "200": 100 });
    await assertStored(url, "hundred", 100, 0);
  },

  "claim() sells 500 units to 1,000 users, and tells holders from others when all ask again": async (url) => {
    await make(url, "thousand", 500);
    const all = users(1_000);
    const first = await Promise.all(all.map((user) => claim(url, user, "thousand")));
    assert.deepEqual(tally(first), { "200": 500, "400 sold_out": 500 });
    const again = await Promise.all(all.map((user) => claim(url, user, "thousand")));
    assert.deepEqual(tally(again), { "409 already_claimed": 500, "400 sold_out": 500 });
    for (const [place, { status }] of first.entries()) assert.equal(again[place]!.status, status === 200 ? 409 : 400);
    await assertStored(url, "thousand", 500, 0);
  },

  "claim() counts three spellings of a name as one coupon": async (url) => {
    await make(url, "Promo", 5);
    const spellings = ["Promo", " PROMO ", "\uff30\uff32\uff2f\uff2d\uff2f"];
    const replies = await Promise.all(
      spellings.flatMap((name, place) => users(20, `s${place}`).map((user) => claim(url, user, name))),
    );
    assert.deepEqual(tally(replies), { "200": 5, "400 sold_out": 55 });
    for (const name of spellings) await assertStored(url, name, 5, 0);
    for (const name of spellings) assert.equal((await createCoupon(url, name, 5)).body.code, "coupon_exists");
  },

  "create() makes one coupon of twenty at once": async (url) => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => createCoupon(url, "once", 3)));
    assert.deepEqual(tally(replies), { "201": 1, "409 coupon_exists": 19 });
    await assertStored(url, "once", 0, 3);
  },

  "create() gives one key one answer, twenty times at once": async (url) => {
    const key = { "idempotency-key": "create-keyed" };
    const replies = await Promise.all(Array.from({ length: 20 }, () => createCoupon(url, "keyed", 3, key)));
    assert.deepEqual(tally(replies), { "201": 20 });
    for (const { body } of replies) assert.deepEqual(body, replies[0]!.body);
    await assertStored(url, "keyed", 0, 3);
  },

  "claim() gives one key one claim, twenty times at once": async (url) => {
    await make(url, "key", 10);
    const key = { "idempotency-key": "claim-keyed" };
    const replies = await Promise.all(Array.from({ length: 20 }, () => claim(url, "holder", "key", key)));
    assert.deepEqual(tally(replies), { "200": 20 });
    for (const { body } of replies) assert.deepEqual(body, replies[0]!.body);
    await assertStored(url, "key", 1, 9);
    const other = await claim(url, "someone else", "key", key);
    assert.deepEqual([other.status, other.body.code], [422, "idempotency_key_reused"]);
  },

  "coupons() finds each part of a name, as it is written": async (url) => {
    await make(url, "ΠΑΣΧΑ_ΠΡΟΣΦΟΡΕΣ", 1);
    const found = async (part: string) => {
      const { data } = (await ask(url, "GET", `/api/coupons?search=${encodeURIComponent(part)}`)).body;
      return data!.map(({ name }) => name);
    };
    for (const part of ["ΠΑΣ", "πασ", "ΠΡΟΣ", "ορες", "ΟΡΕΣ", "_", "ΠΑΣΧΑ_ΠΡΟΣΦΟΡΕΣ"]) {
      assert.deepEqual(await found(part), ["ΠΑΣΧΑ_ΠΡΟΣΦΟΡΕΣ"], part);
    }
    assert.deepEqual(await found("ΠΑΣΑ"), []);
  },

  "coupons() shows pages by creation, and refuses what is no page": async (url) => {
    for (let place = 0; place < 45; place++) await make(url, `page-${place}`, 1);
    const page = async (query: string) => await ask(url, "GET", `/api/coupons?search=page-&${query}`);
    const third = (await page("page=3&per_page=20")).body;
    assert.deepEqual(third.meta, { page: 3, per_page: 20, page_count: 3, total: 45 });
    assert.deepEqual(third.data!.map(({ name }) => name), [40, 41, 42, 43, 44].map((place) => `page-${place}`));
    const sevens = (await page("per_page=7")).body;
    assert.deepEqual(sevens.meta, { page: 1, per_page: 7, page_count: 7, total: 45 });
    assert.deepEqual(sevens.data!.map(({ name }) => name), users(7, "page"));
    assert.equal((await page("page=4")).body.data!.length, 0);
    for (const query of ["page=0", "page=abc", "page=-1", "page=1.5", "page=", "per_page=0", "per_page=101"]) {
      const { status, body } = await page(query);
      assert.deepEqual([query, status, body.code], [query, 400, "invalid_request"]);
    }
  },
};

for (const [database, place] of Object.entries(DATABASES)) {
  Deno.test(`a server on ${database}`, async (test) => {
    await place(async (options) => {
      const node = await startNode(options);
      try {
        for (const [name, behaviour] of Object.entries(BEHAVIOURS)) await test.step(name, () => behaviour(node.url));
      } finally {
        await node.kill();
      }
    });
  });

  Deno.test(`claim() on ${database} gives a key its answer again after kill -9, and after a void`, async () => {
    await place(async (options) => {
      const key = { "idempotency-key": "survives" };
      let node: TestNode | undefined = await startNode(options);
      try {
        await make(node.url, "key", 5);
        const first = await claim(node.url, "holder", "key", key);
        assert.equal(first.status, 200);
        await node.kill();
        node = await startNode(options);
        assert.deepEqual(await claim(node.url, "holder", "key", key), first, "after kill -9");
        assert.equal((await claim(node.url, "holder", "key")).body.code, "already_claimed", "without its key");

        const voided = await ask(node.url, "DELETE", "/api/coupons/key/claims/holder");
        assert.deepEqual([voided.status, voided.body.remaining_amount], [200, 5]);
        assert.deepEqual(await claim(node.url, "holder", "key", key), first, "after a void");
        await node.kill();
        node = await startNode(options);
        assert.deepEqual(await claim(node.url, "holder", "key", key), first, "after a void and kill -9");
        assert.equal((await ask(node.url, "DELETE", "/api/coupons/key/claims/holder")).status, 404, "nothing to void");
        await assertStored(node.url, "key", 0, 5);

        const second = await claim(node.url, "holder", "key");
        assert.equal(second.status, 200);
        assert.notEqual(second.body.claim_id, first.body.claim_id, "a new claim has a new id");
        assert.deepEqual(await claim(node.url, "holder", "key", key), first, "beside the new claim");
        await assertStored(node.url, "key", 1, 4);
      } finally {
        await node.kill();
      }
    });
  });
}

Deno.test("any node of three on PostgreSQL, each request at random", async (test) => {
  const random = seeded();
  await withCluster({}, async ({ urls }) => {
    const any = () => urls[random(urls.length)]!;
    for (const [name, behaviour] of Object.entries(BEHAVIOURS)) await test.step(name, () => behaviour(any));
  });
});
