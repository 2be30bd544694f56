/** Does each request of flash sales answer as its documents say? */
import assert from "node:assert/strict";
import { HOUR_MS, itemIdOf } from "../../../src/domain/sale_ids.ts";
import type { SaleSettings } from "../../../src/domain/sale.ts";
import { get, post, type TestEdge, withEdge } from "../../support/edge.ts";
import { KEY, newCode, NUMBER, open, settingsOf } from "../../support/sale_commands.ts";

const ITEMS = 45;
const SALE = `/api/sales/${KEY}`;

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
type Answer = { status: number; headers: Headers; body: any };

function id(n: number): number {
  return itemIdOf(NUMBER, n);
}

async function say(
  edge: TestEdge,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await edge.fetch(get(path, method, headers));
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith("{") ? JSON.parse(text) : text };
}

async function patch(edge: TestEdge, body: unknown, path: string = SALE): Promise<Answer> {
  const response = await edge.fetch(post(path, body, {}, "PATCH"));
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function code(edge: TestEdge, method: string, path: string): Promise<string> {
  const { status, body } = await say(edge, method, path);
  return status < 300 ? String(status) : `${status} ${body.code}`;
}

function test(name: string, body: (edge: TestEdge) => Promise<void>, settings: Partial<SaleSettings> = {}): void {
  const ready = async (edge: TestEdge) => {
    await edge.sales.ask(KEY, open(ITEMS));
    await body(edge);
    assert.deepEqual(edge.failures, []);
  };
  Deno.test(name, () => withEdge(ready, 10_000, settingsOf(settings)));
}

test("an item's way from checkout to purchase reads as its documents say", async (edge) => {
  const held = await say(edge, "POST", `/checkout?user_id=user_1&item_id=${id(7)}`);
  assert.equal(held.status, 200);
  const { name, ...item } = held.body.item;
  assert.match(name, /\w/);
  assert.deepEqual(item, { id: id(7), image_url: `${SALE}/items/${id(7)}/image.svg`, sale: KEY });
  assert.match(held.body.code, /^2026-11-21T14Z\.[\w-]{22}$/);
  assert.equal(held.body.expires_at, "2026-11-21T14:00:30.000Z");
  assert.deepEqual(
    (await say(edge, "POST", `/checkout?user_id=user_1&id=${id(7)}`)).body,
    held.body,
    "one's own again",
  );
  const shown = await say(edge, "GET", `/checkout?code=${held.body.code}`);
  assert.deepEqual([shown.status, shown.body.state, shown.body.user_id], [200, "live", "user_1"]);
  assert.equal((await say(edge, "GET", `${SALE}/items/${id(7)}`)).body.state, "held");
  const bought = await say(edge, "POST", `/checkout?code=${held.body.code}`);
  assert.deepEqual([bought.status, bought.body.user_id, bought.body.item], [200, "user_1", held.body.item]);
  assert.equal(bought.body.purchased_at, "2026-11-21T14:00:00.000Z");
  assert.equal(await code(edge, "POST", `/purchase?code=${held.body.code}`), "409 code_used");
  assert.equal((await say(edge, "GET", `/checkout?code=${held.body.code}`)).body.state, "purchased");
  assert.equal((await say(edge, "GET", `${SALE}/items/${id(7)}`)).body.state, "sold");
  assert.equal(await code(edge, "DELETE", `/checkout?code=${held.body.code}`), "404 hold_not_live");
  assert.equal(await code(edge, "DELETE", `/purchase?code=${held.body.code}`), "200");
  assert.equal(await code(edge, "DELETE", `/purchase?code=${held.body.code}`), "404 purchase_not_found");
  assert.equal((await say(edge, "GET", `${SALE}/items/${id(7)}`)).body.state, "available");
});

test("refusals come in their order: sale, limit, item", async (edge) => {
  for (let n = 1; n <= 10; n++) await say(edge, "POST", `/checkout?user_id=full&id=${id(n)}`);
  const checkout = (user: string, n: number) => code(edge, "POST", `/checkout?user_id=${user}&id=${id(n)}`);
  assert.equal(await checkout("other", 1), "412 item_unavailable");
  await say(edge, "POST", `/checkout?user_id=other&id=${id(11)}`);
  assert.equal(await checkout("full", 11), "429 limit_reached", "before that the item is held");
  assert.equal(await checkout("full", 1), "200", "one's own is no eleventh");
  assert.equal((await patch(edge, { paused: true })).status, 200);
  assert.equal(await checkout("full", 11), "412 paused");
  assert.equal(await checkout("full", ITEMS + 1), "404 item_not_found", "before that it is paused");
});

test("a sale is upcoming before its hour, and over after it where it closes at its end", async (edge) => {
  edge.clock.epoch = (NUMBER + 1) * HOUR_MS;
  assert.equal(await code(edge, "POST", `/checkout?user_id=a&id=${id(1)}`), "412 sale_over");
  assert.equal((await say(edge, "GET", SALE)).body.state, "over");
  const next = itemIdOf(NUMBER + 2, 1);
  await edge.sales.ask("2026-11-21T16Z", { ...open(1), number: NUMBER + 2 });
  assert.equal(await code(edge, "POST", `/checkout?user_id=a&id=${next}`), "412 sale_not_started");
  const states = async (state: string) => {
    const { data } = (await say(edge, "GET", `/api/sales?state=${state}`)).body;
    return data.map((sale: { id: string }) => sale.id);
  };
  assert.deepEqual([await states("over"), await states("upcoming")], [[KEY], ["2026-11-21T16Z"]]);
  assert.deepEqual([await states("open"), await states("sold_out")], [[], []]);
  assert.equal(await code(edge, "GET", "/api/sales/current"), "404 sale_not_found", "nobody made the sale of 15:00");
}, { closes: "at_end" });

test("sold + held + left = items, and current is the sale of this hour on every route", async (edge) => {
  await say(edge, "POST", `/checkout?user_id=a&id=${id(1)}`);
  const held = await say(edge, "POST", `/checkout?user_id=a&id=${id(2)}`);
  await say(edge, "POST", `/purchase?code=${held.body.code}`);
  const { body } = await say(edge, "GET", SALE);
  assert.deepEqual([body.id, body.items, body.sold, body.held, body.left, body.state], [KEY, ITEMS, 1, 1, 43, "open"]);
  assert.deepEqual([body.starts_at, body.ends_at], ["2026-11-21T14:00:00.000Z", "2026-11-21T15:00:00.000Z"]);
  for (const path of ["", "/items", `/items/${id(3)}`, `/items/${id(3)}/image.svg`, "/attempts"]) {
    const [named, current] = [await say(edge, "GET", SALE + path), await say(edge, "GET", "/api/sales/current" + path)];
    assert.deepEqual([current.status, current.body], [200, named.body], path);
  }
  assert.equal((await patch(edge, { paused: true }, "/api/sales/current")).body.id, KEY);
});

test("pages of items are counted by either pair of names, and filtered by state", async (edge) => {
  for (const n of [2, 4]) await say(edge, "POST", `/checkout?user_id=a&id=${id(n)}`);
  const page = async (query: string) => {
    const { data, meta } = (await say(edge, "GET", `${SALE}/items?${query}`)).body;
    return [data.map((item: { id: number }) => item.id - id(0)), meta];
  };
  const third = [[41, 42, 43, 44, 45], { page: 3, per_page: 20, page_count: 3, total: ITEMS }];
  for (const query of ["page=3", "page_num=3&page_size=20", "page=3&page_size=20"]) {
    assert.deepEqual(await page(query), third, query);
  }
  assert.deepEqual(await page("page=9"), [[], { page: 9, per_page: 20, page_count: 3, total: ITEMS }]);
  assert.deepEqual(await page("state=held"), [[2, 4], { page: 1, per_page: 20, page_count: 1, total: 2 }]);
  assert.deepEqual(await page("state=sold"), [[], { page: 1, per_page: 20, page_count: 0, total: 0 }]);
  assert.equal((await page("state=available&per_page=100"))[0].length, 43);
});

/** Walks over a sale's available items by cursor; `between` runs after each page. */
async function walk(edge: TestEdge, between: (page: number) => Promise<void>): Promise<number[]> {
  const seen: number[] = [];
  let query = "limit=10";
  for (let page = 1;; page++) {
    const { status, body } = await say(edge, "GET", `${SALE}/items?state=available&${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert(!("meta" in body));
    seen.push(...body.data.map((item: { id: number }) => item.id - id(0)));
    if (body.next_cursor === null) return seen;
    query = `limit=10&cursor=${body.next_cursor}`;
    await between(page);
  }
}

test("a walk by cursor over what is available skips nothing and repeats nothing while items sell", async (edge) => {
  const taken = new Set<number>();
  const take = async (n: number) => {
    taken.add(n);
    assert.equal(await code(edge, "POST", `/checkout?user_id=u${n}&id=${id(n)}`), "200");
  };
  // After each page some items before it are taken, by which numbered pages would skip as many, and one after it.
  const seen = await walk(edge, async (page) => {
    for (const n of [1, 3, 5]) await take((page - 1) * 10 + n);
    if (page < 4) await take(page * 10 + 10);
  });
  assert.deepEqual(
    seen,
    Array.from({ length: ITEMS }, (_, place) => place + 1).filter((n) => ![20, 30, 40].includes(n)),
  );
  const left = await walk(edge, () => Promise.resolve());
  assert.deepEqual(left, seen.filter((n) => !taken.has(n)));
});

test("a list of items by cursor is of one sale and state, ends with null, and is not mixed with pages", async (edge) => {
  const next = async (query: string) => (await say(edge, "GET", `${SALE}/items?${query}`)).body.next_cursor;
  assert.equal(await next(`limit=${ITEMS}`), null, "no page of nothing follows");
  const cursor = await next(`limit=${ITEMS - 1}`);
  const last = await say(edge, "GET", `${SALE}/items?cursor=${cursor}`);
  assert.deepEqual([last.body.data.map((item: { id: number }) => item.id), last.body.next_cursor], [[id(ITEMS)], null]);
  assert.equal((await say(edge, "GET", `${SALE}/items?limit=1&state=sold`)).body.next_cursor, null);
  for (const query of [`cursor=${cursor}&state=available`, "cursor=x", "limit=0", "limit=1001", "limit=1&limit=1"]) {
    assert.equal(await code(edge, "GET", `${SALE}/items?${query}`), "400 invalid_request", query);
  }
  for (const query of ["limit=1&page=1", `cursor=${cursor}&per_page=1`, "limit=1&page_size=1", "page_num=1&limit=1"]) {
    assert.equal(await code(edge, "GET", `${SALE}/items?${query}`), "400 invalid_request", query);
  }
  await edge.sales.ask("2026-11-21T15Z", { ...open(ITEMS), number: NUMBER + 1 });
  assert.equal(await code(edge, "GET", `/api/sales/2026-11-21T15Z/items?cursor=${cursor}`), "400 invalid_request");
  assert.equal(await code(edge, "GET", `/api/sales/current/items?cursor=${cursor}`), "200");
  edge.clock.epoch += HOUR_MS;
  assert.equal(
    await code(edge, "GET", `/api/sales/current/items?cursor=${cursor}`),
    "400 invalid_request",
    "another now",
  );
  assert.equal(await code(edge, "GET", `/api/sales/2026-11-21T16Z/items?limit=1`), "404 sale_not_found");
});

test("attempts come in pages by cursor, each with the total; replays and malformed requests are none", async (edge) => {
  for (let place = 0; place < 5; place++) await say(edge, "POST", `/checkout?user_id=u${place}&id=${id(1)}`);
  await say(edge, "POST", `/checkout?user_id=u9&id=${id(ITEMS + 1)}`);
  const key = { "idempotency-key": "k" };
  for (let time = 0; time < 3; time++) await say(edge, "POST", `/checkout?user_id=k&id=${id(2)}`, key);
  for (const path of ["/checkout?user_id=a", `/checkout?id=${id(1)}`, "/checkout?user_id=a&id=x"]) {
    await say(edge, "POST", path);
  }
  const seen: string[] = [];
  for (let cursor = ""; cursor !== "&cursor=null";) {
    const { body } = await say(edge, "GET", `${SALE}/attempts?limit=3${cursor}`);
    assert.equal(body.total, 7);
    for (const { user_id, item_id, outcome } of body.data) seen.push(`${user_id} ${item_id - id(0)} ${outcome}`);
    cursor = `&cursor=${body.next_cursor}`;
  }
  const late = [1, 2, 3, 4].map((place) => `u${place} 1 item_unavailable`);
  assert.deepEqual(seen, ["u0 1 ok", ...late, `u9 ${ITEMS + 1} item_not_found`, "k 2 ok"]);
  const some = await say(edge, "GET", `${SALE}/attempts?outcome=item_unavailable&limit=2`);
  assert.deepEqual([some.body.data.length, some.body.total], [2, 4]);
});

test("a picture is an SVG that is not sent again to who has it, and HEAD tells of it without a body", async (edge) => {
  const path = `${SALE}/items/${id(3)}/image.svg`;
  const first = await say(edge, "GET", path);
  assert.deepEqual([first.status, first.headers.get("content-type")], [200, "image/svg+xml"]);
  const again = await say(edge, "GET", path, { "if-none-match": first.headers.get("etag")! });
  assert.deepEqual([again.status, again.body], [304, ""]);
  const head = await say(edge, "HEAD", path);
  assert.deepEqual([head.status, head.body, head.headers.get("etag")], [200, "", first.headers.get("etag")]);
  for (const path of ["/api/sales", SALE, `${SALE}/items`, `${SALE}/attempts`, `${SALE}/stream`]) {
    const { status, body } = await say(edge, "HEAD", path);
    assert.deepEqual([status, body], [200, ""], path);
  }
  assert.equal(edge.streams.count, 0, "a HEAD opens no stream");
});

test("a wrong method names the right ones", async (edge) => {
  const allow = async (path: string) => (await say(edge, "BREW", path)).headers.get("allow");
  assert.equal(await allow("/checkout"), "POST, GET, HEAD, DELETE");
  assert.equal(await allow("/purchase"), "POST, DELETE");
  assert.equal(await allow(SALE), "GET, HEAD, PATCH");
  for (const path of ["/api/sales", `${SALE}/items`, `${SALE}/attempts`, `${SALE}/items/${id(1)}/image.svg`]) {
    assert.equal(await allow(path), "GET, HEAD", path);
  }
});

test("an edit stops and resumes a sale, and without a body changes nothing but its time", async (edge) => {
  const touched = await say(edge, "PATCH", SALE);
  assert.deepEqual([touched.status, touched.body.id, touched.body.paused], [200, KEY, false]);
  for (const paused of [true, false]) {
    assert.equal((await patch(edge, { paused })).body.paused, paused);
    const answer = await code(edge, "POST", `/checkout?user_id=a${paused}&id=${id(1)}`);
    assert.equal(answer, paused ? "412 paused" : "200");
    assert.equal((await say(edge, "GET", SALE)).body.paused, paused);
  }
  assert.equal((await patch(edge, { paused: true }, "/api/sales/2026-11-21T13Z")).body.code, "sale_not_found");
});

test("a code of another sale, or of none, is unknown", async (edge) => {
  for (const unknown of [`${KEY}.${newCode()}`, `2026-11-21T13Z.${newCode()}`, newCode()]) {
    for (
      const [method, path] of [["POST", "purchase"], ["GET", "checkout"], ["DELETE", "checkout"], [
        "DELETE",
        "purchase",
      ]]
    ) {
      assert.equal(await code(edge, method!, `/${path}?code=${unknown}`), "404 code_unknown", `${method} ${path}`);
    }
  }
});
