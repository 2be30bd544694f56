/** Are sales exact over real HTTP, through one server and through any node of a cluster? And is there one an hour? */
import assert from "node:assert/strict";
import { tally } from "../support/answers.ts";
import { withCluster } from "../support/cluster.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, type Reply, startNode, type Target } from "../support/node.ts";
import { seeded } from "../support/seeded.ts";

const ITEMS = 200;
const LIMIT = 3;
const ENV = { ITEMS_PER_SALE: String(ITEMS), PURCHASE_LIMIT: String(LIMIT), CHECKOUT_TTL: "10m", SALES_AHEAD: "0" };

function checkout(target: Target, user: string, item: number): Promise<Reply> {
  return ask(target, "POST", `/checkout?user_id=${user}&id=${item}`);
}

/** The sale that runs, with the ids of its items. */
async function current(target: Target): Promise<{ sale: string; items: number[] }> {
  const sale = String((await ask(target, "GET", "/api/sales/current")).body["id"]);
  const items: number[] = [];
  for (let page = 1; items.length < ITEMS; page++) {
    const { body } = await ask(target, "GET", `/api/sales/${sale}/items?page_num=${page}&page_size=100`);
    const data = body.data as unknown as { id: number | string }[];
    assert(data.length > 0, JSON.stringify(body));
    items.push(...data.map(({ id }) => Number(id)));
  }
  return { sale, items };
}

/** Twenty users want each item at once; who got one buys it, twice at once. */
async function sellOut(target: Target): Promise<void> {
  const { sale, items } = await current(target);
  const codes: string[] = [];
  for (let from = 0; from < ITEMS; from += 20) {
    const replies = await Promise.all(
      items.slice(from, from + 20).flatMap((item) =>
        Array.from({ length: 20 }, (_, user) => checkout(target, `u${item}-${user}`, item))
      ),
    );
    assert.deepEqual(tally(replies), { "200": 20, "412 item_unavailable": 380 });
    codes.push(...replies.filter(({ status }) => status === 200).map(({ body }) => String(body.code)));
  }
  assert.equal(new Set(codes).size, ITEMS);
  const bought = codes.flatMap((code) => [0, 1].map(() => ask(target, "POST", `/purchase?code=${code}`)));
  assert.deepEqual(tally(await Promise.all(bought)), { "200": ITEMS, "409 code_used": ITEMS });
  const { body } = await ask(target, "GET", `/api/sales/${sale}`);
  assert.deepEqual([body["sold"], body["held"], body["left"]], [ITEMS, 0, 0]);
  assert.match(String(body["state"]), /^(sold_out|over)$/); // its hour may have turned
}

/** One user wants every item at once. */
async function limit(target: Target): Promise<void> {
  const { sale, items } = await current(target);
  const replies = await Promise.all(items.slice(0, 50).map((item) => checkout(target, "greedy", item)));
  assert.deepEqual(tally(replies), { "200": LIMIT, "429 limit_reached": 50 - LIMIT });
  const { body } = await ask(target, "GET", `/api/sales/${sale}`);
  assert.deepEqual([body["sold"], body["held"], body["left"]], [0, LIMIT, ITEMS - LIMIT]);
  const given = replies.filter(({ status }) => status === 200).map(({ body }) => body.code);
  for (const code of given) assert.equal((await ask(target, "DELETE", `/checkout?code=${code}`)).status, 200);
  assert.equal((await ask(target, "GET", `/api/sales/${sale}`)).body["left"], ITEMS, "given back");
}

async function assertExact(target: Target): Promise<void> {
  await limit(target);
  await sellOut(target);
}

Deno.test("a server sells each item of a sale once, and no user more than the limit", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase(), env: ENV });
  try {
    await assertExact(node.url);
  } finally {
    await node.kill();
  }
});

Deno.test("three nodes that start at once have one sale an hour; any sells each item once", async () => {
  const random = seeded();
  await withCluster({ env: ENV }, async ({ urls, nodes }) => {
    const lists = await Promise.all(urls.map((url) => ask(url, "GET", "/api/sales")));
    const ids = lists.map(({ body }) => (body.data as unknown as { id: string }[]).map(({ id }) => id));
    // An hour may have begun meanwhile.
    assert(ids.every((each) => each.length === new Set(each).size && each.length <= 2 && each.length > 0));
    const opened = nodes.map((node) => node.lastLines()).join("\n").match(/Made the sale \S+Z/g) ?? [];
    assert.equal(opened.length, new Set(opened).size, "each was made by one node");
    assert(opened.length > 0);
    await assertExact(() => urls[random(urls.length)]!);
  });
});
