/**
 * Do the requests that the read-mes of the flash sales before this one document answer as they document it, host and port
 * aside? Where the two contradict, the README's table says which setting does as which.
 */
import assert from "node:assert/strict";
import { openClockedNode, passTime } from "../support/clocked_node.ts";
import { freshDatabase } from "../support/database.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ask, type Body, startNode } from "../support/node.ts";

/** Runs on a node. @param env its settings beside those by default */
function test(
  seed: string,
  behaviour: string,
  body: (url: string) => Promise<void>,
  env: Record<string, string> = {},
): void {
  Deno.test(`${seed}: ${behaviour}`, async () => {
    const node = await startNode({ databaseUrl: await freshDatabase(), env });
    try {
      await body(node.url);
    } finally {
      await node.kill();
    }
  });
}

/** The first items of this hour's sale. */
async function itemsOf(url: string, items: number): Promise<{ id: string; name: string; image_url: string }[]> {
  const { body } = await ask(url, "GET", `/api/sales/current/items?page_size=${items}`);
  return body.data as unknown as { id: string; name: string; image_url: string }[];
}

const NOT_SALE_BACK = "seed 003, not-sale-back";

test(NOT_SALE_BACK, "a sale of 10,000 items is there, each with a name and an image", async (url) => {
  const { body } = await ask(url, "GET", "/api/sales/current");
  assert.deepEqual([body.items, body.left], [10_000, 10_000]);
  const [item] = await itemsOf(url, 1);
  assert(item!.name.length > 0);
  const image = await fetch(url + item!.image_url);
  assert.deepEqual([image.status, image.headers.get("content-type")], [200, "image/svg+xml"]);
  await image.body?.cancel();
});

test(
  NOT_SALE_BACK,
  "POST /checkout answers a code, POST /purchase sells the item, attempts are stored",
  async (url) => {
    const [item] = await itemsOf(url, 1);
    const checkout = await ask(url, "POST", `/checkout?user_id=user_1&id=${item!.id}`);
    assert.equal(checkout.status, 200);
    assert(typeof checkout.body.code === "string" && checkout.body.code.length > 0);
    const purchase = await ask(url, "POST", `/purchase?code=${checkout.body.code}`);
    assert.deepEqual([purchase.status, (purchase.body.item as Body).id], [200, item!.id]);
    assert.equal((await ask(url, "POST", "/checkout?user_id=user_2&id=" + item!.id)).status, 412);
    const { body } = await ask(url, "GET", "/api/sales/current/attempts");
    assert.deepEqual([body.total, (await ask(url, "GET", "/api/sales/current")).body.sold], [2, 1]);
  },
);

test(
  NOT_SALE_BACK,
  "a user may check out more than 10 times, the same item again too, but buys no more than 10",
  async (url) => {
    const items = await itemsOf(url, 12);
    const codes: string[] = [];
    for (const { id } of items) {
      for (let again = 0; again < 2; again++) {
        const { status, body } = await ask(url, "POST", `/checkout?user_id=user_1&id=${id}`);
        assert.equal(status, 200);
        if (again === 0) codes.push(body.code!);
        else assert.equal(body.code, codes.at(-1), "going back, or loading the page anew");
      }
    }
    const statuses = [];
    for (const code of codes) statuses.push((await ask(url, "POST", `/purchase?code=${code}`)).status);
    assert.deepEqual(statuses, [...Array(10).fill(200), 429, 429]);
  },
  { CHECKOUT_MODE: "open" },
);

Deno.test(`${NOT_SALE_BACK}: a sale goes on beside the next one until its last item is sold`, async () => {
  const clock = new FakeClock();
  const node = await openClockedNode(await freshDatabase(), clock, { items: 2, settings: { closes: "sold_out" } });
  try {
    await passTime(clock, [node], 60_000);
    const { body } = await node.ask("GET", "/api/sales/current/items");
    const [item] = body.data as unknown as { id: string }[];
    await passTime(clock, [node], 3_600_000);
    const checkout = await node.ask("POST", `/checkout?user_id=user_1&id=${item!.id}`);
    assert.equal(checkout.status, 200);
    assert.equal((await node.ask("POST", `/purchase?code=${checkout.body.code}`)).status, 200);
  } finally {
    await node.close();
  }
});

const HUMAN_MADE = "seed 004, human-made";

test(HUMAN_MADE, "/checkout?user_id&item_id holds an item for one user, /checkout?code buys it", async (url) => {
  const [item] = await itemsOf(url, 1);
  const checkout = (user: string) => ask(url, "POST", `/checkout?user_id=${user}&item_id=${item!.id}`);
  const { status, body } = await checkout("user_1");
  assert.equal(status, 200);
  const seconds = (Date.parse(body.expires_at as string) - Date.now()) / 1_000;
  assert(seconds > 20 && seconds < 40, `30 seconds by default: ${seconds}`);
  const held = await checkout("user_2");
  assert.equal(held.status, 412, "the item was checked out already");
  assert(typeof held.body.title === "string", "with a corresponding message");
  assert.equal((await ask(url, "POST", `/checkout?code=${body.code}`)).status, 200);
  assert.equal((await checkout("user_2")).status, 412, "the item was sold already");
  assert.equal((await ask(url, "POST", "/checkout?code=nothing")).status, 404);
});

test(HUMAN_MADE, "who has 10 items of a sale gets 429", async (url) => {
  const items = await itemsOf(url, 11);
  const statuses = [];
  for (const { id } of items) {
    const { status, body } = await ask(url, "POST", `/checkout?user_id=user_1&item_id=${id}`);
    statuses.push(status);
    if (status === 200) assert.equal((await ask(url, "POST", `/checkout?code=${body.code}`)).status, 200);
  }
  assert.deepEqual(statuses, [...Array(10).fill(200), 429]);
});

Deno.test(`${HUMAN_MADE}: an expired code is 404 and its item another's; a sale that is over is 412, its codes 404`, async () => {
  const clock = new FakeClock();
  const settings = { closes: "at_end", ttlMs: 30_000 } as const;
  const node = await openClockedNode(await freshDatabase(), clock, { items: 3, settings });
  try {
    await passTime(clock, [node], 60_000);
    const { body } = await node.ask("GET", "/api/sales/current/items");
    const [one, other] = body.data as unknown as { id: string }[];
    const checkout = (user: string, id: string) => node.ask("POST", `/checkout?user_id=${user}&item_id=${id}`);
    const first = await checkout("user_1", one!.id);
    await passTime(clock, [node], 30_000);
    assert.equal((await node.ask("POST", `/checkout?code=${first.body.code}`)).status, 404);
    const second = await checkout("user_2", one!.id);
    assert.equal(second.status, 200);
    await passTime(clock, [node], 3_600_000);
    assert.equal((await checkout("user_1", other!.id)).status, 412);
    assert.equal((await node.ask("POST", `/checkout?code=${second.body.code}`)).status, 404);
  } finally {
    await node.close();
  }
});
