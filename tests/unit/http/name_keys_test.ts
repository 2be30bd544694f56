/** Is a coupon, or a segment, found by what users paste: other cases, blanks, dashes, invisible characters? */
import assert from "node:assert/strict";
import { get, post, test, type TestEdge } from "../../support/edge.ts";

const SPELLINGS = [
  "Straße–10",
  "STRASSE-10",
  "strasse-10\t",
  "\r\n straße‑10 ",
  "stra\u00adße\u200b—10",
  "\ufeffＳＴＲＡＳＳＥ－１０",
  "STRAẞE−10",
];

async function say(edge: TestEdge, request: Request): Promise<[number, Record<string, unknown>]> {
  const response = await edge.fetch(request);
  return [response.status, await response.json()];
}

test("a coupon is one by each spelling, on every route, and shown as it was made", async (edge) => {
  const make = (name: string) => post("/api/coupons", { name, amount: 100 });
  assert.equal((await say(edge, make(SPELLINGS[0]!)))[0], 201);
  for (const [user, name] of SPELLINGS.entries()) {
    const path = `/api/coupons/${encodeURIComponent(name)}`;
    const claimed = await say(edge, post("/api/coupons/claim", { user_id: `u${user}`, coupon_name: name }));
    assert.deepEqual([claimed[0], claimed[1]["coupon_name"]], [200, "Straße–10"], JSON.stringify(name));
    assert.equal((await say(edge, make(name)))[1]["code"], "coupon_exists");
    for (
      const request of [
        get(path),
        get(`${path}/claims`),
        get(`${path}/claims/u${user}`),
        post(path, { paused: false }, {}, "PATCH"),
        post("/api/coupons/validate", { user_id: "new", coupon_name: name }),
        get(`${path}/claims/u${user}`, "DELETE"),
        get(`/cluster/actors/${encodeURIComponent(name)}`),
      ]
    ) {
      assert.equal((await say(edge, request))[0], 200, `${request.method} ${request.url}`);
    }
    const file = await edge.fetch(get(`${path}/claims.csv`));
    assert.equal(file.status, 200);
    await file.body?.cancel();
    const search = `/api/coupons?search=${encodeURIComponent(name.slice(0, -1))}`;
    assert.equal(((await say(edge, get(search)))[1]["data"] as unknown[]).length, 1, search);
  }
  assert.equal([...edge.store.rows.byKey.keys()].join(), "strasse-10");
});

test("a name of which nothing is left is refused, and a tab or line end within one is a blank", async (edge) => {
  for (const name of ["\u200b", "\u00ad\ufeff", "\t", "\u3164", "..\u200b", "a\u0000", "a\u001bb"]) {
    const [status, { code }] = await say(edge, post("/api/coupons", { name, amount: 1 }));
    assert.deepEqual([status, code], [400, "invalid_request"], JSON.stringify(name));
  }
  const [status, made] = await say(edge, post("/api/coupons", { name: "\tBig\r\nSale\n", amount: 1 }));
  assert.deepEqual([status, made["name"]], [201, "Big Sale"], "no control character is shown");
  assert.equal((await say(edge, get("/api/coupons/big%20%20sale")))[0], 200);
});

test("segments are one by each spelling, and shown as the first was written", async (edge) => {
  for (const [user, segment] of [" Gold\tClub ", "gold club", "ＧＯＬＤ  CLUB", "gold\u200b club"].entries()) {
    const [status, shown] = await say(edge, post("/users", { ID: `u${user}`, segment, expiredSegment: 4e9 }));
    assert.deepEqual([status, String(shown["segment"]).trim()], [201, shown["segment"]]);
  }
  const counts = await edge.fetch(get("/segments/count"));
  assert.deepEqual(await counts.json(), [{ title: "Gold Club", usersCount: 4 }]);
  const [, { segments }] = await say(edge, get("/api/users/u2"));
  assert.deepEqual((segments as { title: string }[]).map(({ title }) => title), ["Gold Club"]);
  for (const segment of ["\u200b", "\t", "a\u0000"]) {
    assert.equal((await say(edge, post("/users", { ID: "u", segment, expiredSegment: 4e9 })))[0], 400);
  }
});
