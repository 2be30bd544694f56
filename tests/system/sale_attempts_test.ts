/** Is every checkout attempt stored, and nothing else, where the server is killed right after its last answer? */
import assert from "node:assert/strict";
import { itemIdOf, saleKeyOf } from "../../src/domain/sale_ids.ts";
import { answerOf } from "../support/answers.ts";
import {
  type Attempt,
  attemptsOf,
  buy,
  checkout,
  currentSale,
  hold,
  purchase,
  saleOf,
  type TestSale,
  times,
} from "../support/buyers.ts";
import { DATABASES } from "../support/database.ts";
import { ask, type NodeOptions, startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const ITEMS = 400;
const ENV = { ITEMS_PER_SALE: String(ITEMS), CHECKOUT_TTL: "1h", SALES_AHEAD: "2" };
/** Attempts of each kind. */
const EACH = 250;

/** What was asked and what came of it: one line for each attempt. */
type Told = string[];

function line(user: string, itemId: number, answer: string): string {
  return `${user} ${itemId} ${answer === "200" ? "ok" : answer.slice("412 ".length)}`;
}

async function attempt(told: Told, url: string, user: string, itemId: number, wanted: string): Promise<void> {
  const answer = answerOf(await checkout(url, user, itemId));
  assert.equal(answer, wanted, `${user} on ${itemId}`);
  told.push(line(user, itemId, answer));
}

/** Requests that are no attempts: they name no sale, are not checkouts, are malformed, or are replays. */
async function notAttempts(url: string, sale: TestSale): Promise<void> {
  const key = { "idempotency-key": "replayed" };
  const first = await checkout(url, "fan-0", sale.itemId(EACH), key);
  assert.equal(first.body.code, await hold(url, "fan-0", sale.itemId(EACH)), "its own hold twice: two attempts");
  for (const reply of await times(20, () => checkout(url, "fan-0", sale.itemId(EACH), key))) {
    assert.deepEqual(reply.body, first.body);
  }
  const never = itemIdOf(sale.number + 1_000, 1);
  for (const id of ["x", "007", "-1", "1e3", "", String(never)]) {
    assert.equal(answerOf(await checkout(url, "user", id)), "404 item_not_found", id);
  }
  assert.equal(answerOf(await checkout(url, "", sale.itemId(1))), "400 invalid_request");
  assert.equal((await ask(url, "GET", `/checkout?code=${first.body.code}`)).body["state"], "live");
  assert.equal((await purchase(url, first.body.code!)).status, 200);
  assert.equal(answerOf(await ask(url, "POST", `/checkout?code=${first.body.code}`)), "409 code_used");
  assert.equal((await ask(url, "DELETE", `/purchase?code=${first.body.code}`)).status, 200);
}

/** A thousand attempts of four kinds, side by side, after ten purchases that make the last kind. */
async function attemptAll(url: string, sale: TestSale): Promise<Told> {
  const told: Told = [];
  for (let n = 1; n <= 10; n++) {
    await buy(url, "full", sale.itemId(n));
    told.push(line("full", sale.itemId(n), "200"));
  }
  await notAttempts(url, sale);
  told.push(...["fan-0", "fan-0"].map((user) => line(user, sale.itemId(EACH), "200")));
  await times(EACH, async (place) => {
    await attempt(told, url, `fan-${place}`, sale.itemId(11 + place), "200");
    await Promise.all([
      attempt(told, url, `late-${place}`, sale.itemId(1 + place % 10), "412 item_unavailable"),
      attempt(told, url, "full", sale.itemId(300 + place % 100), "429 limit_reached"),
      attempt(told, url, `lost-${place}`, sale.itemId(place % 2 === 0 ? 0 : ITEMS + 1 + place), "404 item_not_found"),
    ]);
  });
  return told;
}

function lines(attempts: readonly Attempt[]): string[] {
  return attempts.map(({ user_id, item_id, outcome }) => `${user_id} ${item_id} ${outcome}`).sort();
}

async function withNode<T>(options: NodeOptions, body: (node: TestNode) => Promise<T>): Promise<T> {
  const node = await startNode({ ...options, env: ENV });
  try {
    return await body(node);
  } finally {
    await node.kill();
  }
}

for (const [database, place] of Object.entries(DATABASES)) {
  Deno.test(`attempts on ${database} are exactly those that were answered, after kill -9 too`, async () => {
    await place(async (options) => {
      const { sale, told, early } = await withNode(options, async ({ url, kill }) => {
        const sale = await currentSale(url);
        // Two hours ahead: the next one may begin while this test runs.
        const next = saleOf(saleKeyOf(sale.number + 2), ITEMS);
        const made = async () => (await ask(url, "GET", `/api/sales/${next.key}`)).status === 200;
        await until(made, { what: "the sale two hours ahead" });
        const early: Told = [];
        await attempt(early, url, "early", next.itemId(1), "412 sale_not_started");
        assert.equal((await ask(url, "PATCH", `/api/sales/${next.key}`, { paused: true })).status, 200);
        await attempt(early, url, "early", next.itemId(2), "412 sale_not_started");
        const told = await attemptAll(url, sale);
        await kill();
        return { sale, told, early };
      });
      await withNode(options, async ({ url }) => {
        const stored = await attemptsOf(url, sale);
        assert.deepEqual(lines(stored), told.sort());
        assert.deepEqual(lines(await attemptsOf(url, saleOf(saleKeyOf(sale.number + 2), ITEMS))), early.sort());
        assert.deepEqual(stored, await attemptsOf(url, sale, { limit: 99 }), "in one order, whatever the pages");
        assert.deepEqual(stored.map(({ at }) => at), stored.map(({ at }) => at).sort(), "in order of time");
        for (const outcome of ["ok", "item_unavailable", "limit_reached", "item_not_found", "sale_over"]) {
          const some = stored.filter((attempt) => attempt.outcome === outcome);
          assert.deepEqual(await attemptsOf(url, sale, { outcome, limit: 100 }), some, outcome);
        }
      });
    });
  });
}
