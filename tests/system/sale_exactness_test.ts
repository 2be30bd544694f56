/** Are a sale's counts exact over real HTTP, on either database, in either mode, with all requests in flight together? */
import assert from "node:assert/strict";
import { answerOf, tally } from "../support/answers.ts";
import {
  attemptsOf,
  buy,
  checkout,
  counters,
  currentSale,
  hold,
  purchase,
  type TestSale,
  times,
} from "../support/buyers.ts";
import { DATABASES } from "../support/database.ts";
import { ask, type Reply, startNode } from "../support/node.ts";

/** What one server must do, whatever its database; each on items and by users of its own. */
type Behaviours = Readonly<Record<string, (url: string, sale: TestSale) => Promise<void>>>;

/** All replies must be successes that say the same. */
function assertIdentical(replies: readonly Reply[]): void {
  assert.deepEqual(tally(replies), { "200": replies.length });
  for (const { body } of replies) assert.deepEqual(body, replies[0]!.body);
}

/** How many items a user is stored to hold or have bought, by the sale's attempts. */
async function okAttempts(url: string, sale: TestSale, user: string): Promise<number> {
  return (await attemptsOf(url, sale, { outcome: "ok" })).filter(({ user_id }) => user_id === user).length;
}

const EXCLUSIVE: Behaviours = {
  "checkout() gives one item to one of 100 users at once, who alone can buy it": async (url, sale) => {
    const replies = await times(100, (place) => checkout(url, `one-${place}`, sale.itemId(1)));
    assert.deepEqual(tally(replies), { "200": 1, "412 item_unavailable": 99 });
    const { code, user_id } = replies.find(({ status }) => status === 200)!.body;
    assert.deepEqual(await counters(url, sale), { sold: 0, held: 1, left: sale.items - 1 });
    const again = await checkout(url, user_id as string, sale.itemId(1));
    assert.equal(again.body.code, code, "its holder learns the same code again");
    const bought = await purchase(url, code!);
    assert.deepEqual([bought.status, bought.body["user_id"]], [200, user_id]);
    const late = await times(100, (place) => checkout(url, `one-${place}`, sale.itemId(1)));
    assert.deepEqual(tally(late), { "412 item_unavailable": 100 }, "sold: to its buyer as well");
    assert.deepEqual(await counters(url, sale), { sold: 1, held: 0, left: sale.items - 1 });
  },

  "checkout() lets a user hold ten of thirty items asked for at once": async (url, sale) => {
    const replies = await times(30, (place) => checkout(url, "thirty", sale.itemId(100 + place)));
    assert.deepEqual(tally(replies), { "200": 10, "429 limit_reached": 20 });
    const bought = await times(10, (place) => {
      return purchase(url, replies.filter(({ status }) => status === 200)[place]!.body.code!);
    });
    assert.deepEqual(tally(bought), { "200": 10 });
    assert.equal(answerOf(await checkout(url, "thirty", sale.itemId(140))), "429 limit_reached");
    assert.equal(await okAttempts(url, sale, "thirty"), 10);
  },

  "checkout() refuses a user the eleventh item, until a purchase is voided or a hold given back": async (url, sale) => {
    const codes: string[] = [];
    for (let n = 200; n < 209; n++) codes.push(await buy(url, "eleven", sale.itemId(n)));
    const held = await hold(url, "eleven", sale.itemId(209));
    const refused = await checkout(url, "eleven", sale.itemId(210));
    assert.equal(answerOf(refused), "429 limit_reached", "nine bought and one held");
    assert.equal((await ask(url, "DELETE", `/checkout?code=${held}`)).status, 200);
    await buy(url, "eleven", sale.itemId(210));
    assert.equal(answerOf(await checkout(url, "eleven", sale.itemId(211))), "429 limit_reached");
    const voids = await times(20, () => ask(url, "DELETE", `/purchase?code=${codes[0]}`));
    assert.deepEqual(tally(voids), { "200": 1, "404 purchase_not_found": 19 }, "voided once");
    const replies = await times(20, (place) => checkout(url, `void-${place}`, sale.itemId(200)));
    assert.deepEqual(tally(replies), { "200": 1, "412 item_unavailable": 19 }, "the item is back once");
    await buy(url, "eleven", sale.itemId(212));
  },

  "purchase() takes a code once of twenty at once": async (url, sale) => {
    const code = await hold(url, "once", sale.itemId(300));
    const before = await counters(url, sale);
    assert.deepEqual(tally(await times(20, () => purchase(url, code))), { "200": 1, "409 code_used": 19 });
    assert.equal((await counters(url, sale)).sold, before.sold + 1, "one purchase");
    assert.equal(answerOf(await ask(url, "POST", `/checkout?code=${code}`)), "409 code_used", "by its other name too");
  },

  "purchase() gives one key one answer, twenty times at once": async (url, sale) => {
    const code = await hold(url, "keyed", sale.itemId(301));
    const before = await counters(url, sale);
    const key = { "idempotency-key": "purchase-keyed" };
    const path = (place: number) => place % 2 === 0 ? `/purchase?code=${code}` : `/checkout?code=${code}`;
    assertIdentical(await times(20, (place) => ask(url, "POST", path(place), undefined, key)));
    assert.equal((await counters(url, sale)).sold, before.sold + 1, "one purchase");
    assert.equal(answerOf(await purchase(url, code)), "409 code_used", "without the key");
    const other = await hold(url, "keyed", sale.itemId(302));
    assert.equal(answerOf(await purchase(url, other, key)), "422 idempotency_key_reused");
  },

  "checkout() gives one key one hold and one attempt, twenty times at once": async (url, sale) => {
    const key = { "idempotency-key": "checkout-keyed" };
    assertIdentical(await times(20, () => checkout(url, "holder", sale.itemId(310), key)));
    assert.equal(await okAttempts(url, sale, "holder"), 1, "a replay is none");
    assert.equal(answerOf(await checkout(url, "holder", sale.itemId(311), key)), "422 idempotency_key_reused");
    assert.equal(answerOf(await checkout(url, "other", sale.itemId(310), key)), "422 idempotency_key_reused");
  },

  "release() gives an item back once, and others get it": async (url, sale) => {
    const code = await hold(url, "giver", sale.itemId(320));
    const before = await counters(url, sale);
    const given = await times(20, () => ask(url, "DELETE", `/checkout?code=${code}`));
    assert.deepEqual(tally(given), { "200": 1, "404 hold_not_live": 19 });
    assert.deepEqual(await counters(url, sale), { ...before, held: before.held - 1, left: before.left + 1 });
    const replies = await times(20, (place) => checkout(url, `taker-${place}`, sale.itemId(320)));
    assert.deepEqual(tally(replies), { "200": 1, "412 item_unavailable": 19 });
    assert.equal(answerOf(await purchase(url, code)), "404 code_expired", "the old code buys nothing");
  },
};

const OPEN: Behaviours = {
  "checkout() gives 100 users codes for one item, and the first purchase wins": async (url, sale) => {
    const replies = await times(100, (place) => checkout(url, `one-${place}`, sale.itemId(1)));
    assert.deepEqual(tally(replies), { "200": 100 });
    assert.equal(new Set(replies.map(({ body }) => body.code)).size, 100, "distinct codes");
    assert.deepEqual(await counters(url, sale), { sold: 0, held: 1, left: sale.items - 1 });
    const bought = await times(100, (place) => purchase(url, replies[place]!.body.code!));
    assert.deepEqual(tally(bought), { "200": 1, "410 sold_to_another": 99 });
    const states = new Map<unknown, number>();
    for (
      const { body } of await times(100, (place) => ask(url, "GET", `/checkout?code=${replies[place]!.body.code}`))
    ) {
      states.set(body["state"], (states.get(body["state"]) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries(states), { purchased: 1, sold_to_another: 99 }, "looked up, as bought with");
    assert.deepEqual(await counters(url, sale), { sold: 1, held: 0, left: sale.items - 1 });
  },

  "purchase() sells a user ten of fifty codes at once": async (url, sale) => {
    const before = await counters(url, sale);
    const codes = await times(50, (place) => hold(url, "fifty", sale.itemId(100 + place)));
    const bought = await times(50, (place) => purchase(url, codes[place]!));
    assert.deepEqual(tally(bought), { "200": 10, "429 limit_reached": 40 });
    assert.equal((await counters(url, sale)).sold, before.sold + 10);
    const one = codes[bought.findIndex(({ status }) => status === 200)]!;
    assert.equal((await ask(url, "DELETE", `/purchase?code=${one}`)).status, 200);
    const again = await times(50, (place) => purchase(url, codes[place]!));
    assert.equal(tally(again)["200"], 1, "a voided purchase makes room for one");
  },

  "purchase() takes a code once of twenty at once, and one key twenty times": async (url, sale) => {
    const [code, other] = [await hold(url, "once", sale.itemId(300)), await hold(url, "once", sale.itemId(301))];
    assert.deepEqual(tally(await times(20, () => purchase(url, code))), { "200": 1, "409 code_used": 19 });
    assertIdentical(await times(20, () => purchase(url, other, { "idempotency-key": "purchase-keyed" })));
  },
};

for (const [database, place] of Object.entries(DATABASES)) {
  for (const [mode, behaviours] of Object.entries({ exclusive: EXCLUSIVE, open: OPEN })) {
    Deno.test(`a sale in ${mode} mode on ${database}`, async (test) => {
      await place(async (options) => {
        // Holds outlast the test, however slow the machine.
        const env = { CHECKOUT_MODE: mode, CHECKOUT_TTL: "1h", ITEMS_PER_SALE: "500" };
        const node = await startNode({ ...options, env });
        try {
          const sale = await currentSale(node.url);
          for (const [name, behaviour] of Object.entries(behaviours)) {
            await test.step(name, () => behaviour(node.url, sale));
          }
        } finally {
          await node.kill();
        }
      });
    });
  }
}
