import assert from "node:assert/strict";
import { get, post, test, type TestEdge } from "../../support/edge.ts";

const NOW_S = Date.UTC(2026, 10, 21, 14) / 1_000;

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
type Answer = { status: number; body: any };

async function say(edge: TestEdge, request: Request): Promise<Answer> {
  const response = await edge.fetch(request);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

const user = (ID: unknown, segment: unknown, expiredSegment: unknown) => ({ ID, segment, expiredSegment });

test("POST /users as the seed documents it is 201, and 200 once it is there", async (edge) => {
  const body = user("fsas42aa3af", "1aa1x", 1655209411);
  const made = await say(edge, post("/users", body));
  assert.deepEqual([made.status, made.body], [201, {
    message: "User created successfully",
    id: "fsas42aa3af",
    segment: "1aa1x",
    expired_segment: 1655209411,
    expires_at: "2022-06-14T12:23:31.000Z",
  }]);
  const again = await say(edge, post("/users", user("fsas42aa3af", "1aa1x", NOW_S + 9)));
  assert.deepEqual([again.status, again.body.message], [200, "User updated successfully"]);
  const counts = await say(edge, get("/segments/count"));
  assert.deepEqual([counts.status, counts.body], [200, [{ title: "1aa1x", usersCount: 1 }]]);
  await edge.clock.advance(9_000);
  assert.deepEqual((await say(edge, get("/segments/count"))).body, [], "it expires by itself");
});

test("POST /users refuses what is no membership with 400, and stores nothing", async (edge) => {
  const wrong: unknown[] = [
    "{",
    "",
    [],
    null,
    {},
    user("", "s", 1),
    user(" ", "s", 1),
    user(7, "s", 1),
    user("a".repeat(256), "s", 1),
    user("a\u0000", "s", 1),
    user("a", "", 1),
    user("a", null, 1),
    user("a", "s".repeat(256), 1),
    user("a", "s", -1),
    user("a", "s", 1.5),
    user("a", "s", "1"),
    user("a", "s", null),
    user("a", "s", 253_402_300_800),
    user("a", "s", 1e300),
    { ID: "a", segment: "s" },
    { ...user("a", "s", NOW_S + 9), more: 1 },
    { id: "a", segment: "s", expiredSegment: NOW_S + 9 },
  ];
  for (const body of wrong) {
    const { status, body: { code } } = await say(edge, post("/users", body));
    assert.deepEqual([status, code], [400, "invalid_request"], JSON.stringify(body));
  }
  assert.equal((await say(edge, post("/users", "x", { "content-type": "text/plain" }))).status, 415);
  assert.deepEqual((await say(edge, get("/segments/count"))).body, []);
  for (const fine of [user("a", "s", 0), user("ünï 🎉", "🎉".repeat(255), 253_402_300_799)]) {
    assert.equal((await say(edge, post("/users", fine))).status, 201);
  }
});

for (const method of ["GET", "POST"]) {
  test(`${method} /api/users/register makes the demonstration's 101 users, once`, async (edge) => {
    const first = await say(edge, get("/api/users/register", method));
    assert.deepEqual([first.status, first.body], [
      200,
      { message: "Users registered successfully", users: 101, created: 101 },
    ]);
    assert.equal((await say(edge, get("/api/users/register", method))).body.created, 0);
    for (const [name, status] of [["user_0", 200], ["user_100", 200], ["user_101", 404]] as const) {
      assert.equal((await say(edge, get(`/api/users/${name}`))).status, status, name);
    }
  });
}

test("GET /api/users/{id} shows live segments and the balance; of whom nothing is known it is 404", async (edge) => {
  for (const [segment, seconds] of [["vip", 60], ["old", -1], ["a/b", 90]] as const) {
    await say(edge, post("/users", user("ann b", segment, NOW_S + seconds)));
  }
  edge.users.entries.push(
    { userId: "ann b", couponName: "C", claimId: "1", isVoid: false, amount: "7.50", at: 0 },
    { userId: "ann b", couponName: "C", claimId: "2", isVoid: false, amount: "0.25", at: 1 },
  );
  const { status, body } = await say(edge, get("/api/users/ann%20b"));
  assert.deepEqual([status, body], [200, {
    id: "ann b",
    segments: [
      { title: "a/b", expires_at: "2026-11-21T14:01:30.000Z" },
      { title: "vip", expires_at: "2026-11-21T14:01:00.000Z" },
    ],
    balance: "7.75",
  }]);
  for (const path of ["nobody", "nobody/wallet", "nobody/claims", "nobody/purchases", "nobody/wallet.csv", "%00"]) {
    const missing = await say(edge, get(`/api/users/${path}`));
    assert.deepEqual([missing.status, missing.body.code], [404, "user_not_found"], path);
  }
});

test("a user's wallet, claims and purchases are pages by cursor", async (edge) => {
  const number = NOW_S / 3_600;
  for (let n = 1; n <= 5; n++) {
    const at = { at: n * 1_000, claimedAt: n * 1_000, purchasedAt: n * 1_000 };
    const mine = { userId: "ann", couponName: `C${n}`, claimId: `id-${n}`, ...at };
    edge.users.entries.push({ ...mine, isVoid: n % 2 === 0, amount: n % 2 === 0 ? "-1.00" : "1.00" });
    edge.users.claimed.push(mine);
    edge.users.purchased.push({ ...mine, number, n, code: "A".repeat(22) });
  }
  edge.users.claimed.push({ userId: "bob", couponName: "C", claimId: "other", claimedAt: 0 });
  const at = "1970-01-01T00:00:02.000Z";
  const second = {
    wallet: { coupon_name: "C2", claim_id: "id-2", kind: "void", amount: "-1.00", at },
    claims: { coupon_name: "C2", claim_id: "id-2", user_id: "ann", claimed_at: at },
    purchases: {
      item: {
        id: number * 1_000_000 + 2,
        sale: "2026-11-21T14Z",
        image_url: `/api/sales/2026-11-21T14Z/items/${number * 1_000_000 + 2}/image.svg`,
      },
      user_id: "ann",
      code: "2026-11-21T14Z." + "A".repeat(22),
      purchased_at: at,
    },
  };
  for (const [list, wanted] of Object.entries(second)) {
    const all: Record<string, unknown>[] = [];
    let cursor = "";
    for (let page = 0; page < 3; page++) {
      const { status, body } = await say(edge, get(`/api/users/ann/${list}?limit=2${cursor}`));
      assert.equal(status, 200);
      all.push(...body.data);
      cursor = `&cursor=${body.next_cursor}`;
      assert.equal(body.next_cursor === null, page === 2, list);
    }
    assert.equal(all.length, 5);
    if (list === "purchases") delete (all[1]!["item"] as Record<string, unknown>)["name"];
    assert.deepEqual(all[1], wanted);
    for (const query of ["limit=0", "limit=1001", "limit=x", "cursor=", "cursor=bm90aGluZw", "limit=1&limit=2"]) {
      const { status, body } = await say(edge, get(`/api/users/ann/${list}?${query}`));
      assert.deepEqual([status, body.code], [400, "invalid_request"], `${list}?${query}`);
    }
  }
});
