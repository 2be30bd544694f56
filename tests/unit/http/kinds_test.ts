/** What does HTTP say of discounts, charges, and coupons for members? */
import assert from "node:assert/strict";
import { get, makeEdge, post, type TestEdge } from "../../support/edge.ts";

const CLAIM = "/api/coupons/claim";
const DISCOUNT = { kind: "discount", percent_off: 15, max_discount: "20", min_order: 50 };
const CHARGE = { kind: "charge", credit: 1_000_000 };

type Body = Readonly<Record<string, unknown>>;

/** An edge with a coupon of some terms, and a way to ask it. */
async function withCoupon(
  terms: Body,
  body: (ask: (request: Request) => Promise<{ status: number; body: Body }>, edge: TestEdge) => Promise<void>,
): Promise<void> {
  const edge = makeEdge();
  const ask = async (request: Request) => {
    const response = await edge.fetch(request);
    return { status: response.status, body: await response.json() };
  };
  try {
    const { status, body: told } = await ask(post("/api/coupons", { name: "Promo", amount: 3, ...terms }));
    assert.equal(status, 201, JSON.stringify(told));
    await body(ask, edge);
  } finally {
    edge.close();
  }
}

const claimBy = (user_id: string, more: Body = {}, headers = {}) =>
  post(CLAIM, { user_id, coupon_name: "promo", ...more }, headers);

Deno.test("a coupon shows its kind, and what is set of it, money with two places", async () => {
  await withCoupon({ ...DISCOUNT, segment: "gold" }, async (ask) => {
    const { kind, segment, percent_off, max_discount, min_order, ...more } =
      (await ask(get("/api/coupons/promo"))).body;
    assert.deepEqual([kind, segment, percent_off, max_discount, min_order], [
      ...["discount", "gold", "15.00", "20.00", "50.00"],
    ]);
    for (const field of ["amount_off", "credit"]) assert(!(field in more), field);
    const { body } = await ask(post("/api/coupons/promo", { min_order: null, max_discount: 9.5 }, {}, "PATCH"));
    assert.deepEqual([body["max_discount"], "min_order" in body], ["9.50", false]);
    const { data } = (await ask(get("/api/coupons"))).body as { data: Body[] };
    assert.equal(data[0]!["max_discount"], "9.50");
  });
  await withCoupon({}, async (ask) => {
    const { body } = await ask(get("/api/coupons/promo"));
    assert.equal(body["kind"], "plain");
    for (const field of ["segment", "credit", "percent_off"]) assert(!(field in body), field);
  });
});

Deno.test("a claim on a discount answers with the amounts of its order, and so do its question and its look-up", async () => {
  await withCoupon(DISCOUNT, async (ask) => {
    for (const order_amount of [undefined, null, "49.99", 49.99, 0]) {
      const { status, body } = await ask(claimBy("a", { order_amount }));
      assert.deepEqual([status, body["code"]], [400, "below_minimum"], String(order_amount));
    }
    const asked = await ask(
      post("/api/coupons/validate", { user_id: "a", coupon_name: "promo", order_amount: "99.99" }),
    );
    const claimed = await ask(claimBy("a", { order_amount: 99.99 }));
    const found = await ask(get("/api/coupons/promo/claims/a"));
    const { data } = (await ask(get("/api/coupons/promo/claims"))).body as { data: Body[] };
    for (const { discount_amount, final_amount, credit } of [asked.body, claimed.body, found.body, data[0]!]) {
      assert.deepEqual([discount_amount, final_amount, credit], ["15.00", "84.99", undefined]);
    }
  });
});

Deno.test("a claim on a charge answers with its credit; one on a plain coupon with no amounts, whatever the order", async () => {
  await withCoupon(CHARGE, async (ask) => {
    const { body } = await ask(claimBy("a", { order_amount: "5" }, { "idempotency-key": "k" }));
    assert.deepEqual([body["credit"], "final_amount" in body], ["1000000.00", false]);
    await ask(post("/api/coupons/promo", { credit: 5 }, {}, "PATCH"));
    assert.equal((await ask(get("/api/coupons/promo/claims/a"))).body["credit"], "1000000.00", "as it was claimed");
    assert.equal((await ask(claimBy("b"))).body["credit"], "5.00");
  });
  await withCoupon({}, async (ask) => {
    for (const headers of [{}, { "idempotency-key": "k" }]) {
      const user = `user${Object.keys(headers)}`;
      const { status, body } = await ask(claimBy(user, { order_amount: "5.00" }, headers));
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(body), [
        ...["message", "claim_id", "coupon_name", "user_id", "remaining_amount", "claimed_at"],
      ]);
    }
  });
});

Deno.test("a key replays a claim with its amounts, after an edit and a void too, and is 422 for another order", async () => {
  await withCoupon(DISCOUNT, async (ask) => {
    const key = { "idempotency-key": "k" };
    const first = await ask(claimBy("a", { order_amount: "100" }, key));
    assert.equal(first.body["discount_amount"], "15.00");
    await ask(post("/api/coupons/promo", { percent_off: 50, max_discount: null }, {}, "PATCH"));
    assert.deepEqual(await ask(claimBy("a", { order_amount: 100 }, key)), first);
    assert.equal((await ask(get("/api/coupons/promo/claims/a", "DELETE"))).status, 200);
    assert.deepEqual(await ask(claimBy("a", { order_amount: "100.0" }, key)), first);
    for (const order_amount of ["100.01", undefined]) {
      assert.equal((await ask(claimBy("a", { order_amount }, key))).status, 422);
    }
    assert.equal((await ask(claimBy("a", { order_amount: "100" }))).body["discount_amount"], "50.00");
  });
});

Deno.test("a coupon for a segment goes to members alone, as they are when they ask", async () => {
  await withCoupon({ segment: "gold" }, async (ask, { memberships, clock }) => {
    memberships.until.set("gold a", clock.now() + 1_000);
    memberships.until.set("gold b", clock.now() + 1_000);
    memberships.until.set("gold over", clock.now());
    memberships.until.set("silver c", clock.now() + 1_000);
    for (const user of ["nobody", "over", "c"]) {
      const { status, body } = await ask(claimBy(user));
      assert.deepEqual([status, body["code"]], [403, "not_eligible"], user);
    }
    assert.equal((await ask(post("/api/coupons/validate", { user_id: "a", coupon_name: "promo" }))).status, 200);
    assert.equal((await ask(claimBy("a"))).status, 200);
    await clock.advance(1_000);
    assert.equal((await ask(claimBy("b"))).body["code"], "not_eligible", "expired between two claims");
    memberships.until.set("gold b", clock.now() + 1);
    assert.equal((await ask(claimBy("b"))).status, 200, "and renewed");
    const reads = memberships.reads;
    assert.equal((await ask(claimBy("a"))).body["code"], "already_claimed");
    assert.equal(memberships.reads, reads, "a holder's membership is not looked at");
  });
});

Deno.test("no membership is read for a coupon that is for everyone", async () => {
  await withCoupon({}, async (ask, { memberships }) => {
    assert.equal((await ask(claimBy("a"))).status, 200);
    assert.equal((await ask(claimBy("nobody", { coupon_name: "none" }))).status, 404);
    assert.equal(memberships.reads, 0);
  });
});

Deno.test("a coupon whose segment is edited under way asks for the new one; a client never hears of it", async () => {
  await withCoupon({ segment: "s0" }, async (ask, edge) => {
    const { memberships, clock } = edge;
    const until = clock.now() + 1_000;
    for (let place = 0; place < 20; place++) memberships.until.set(`s${place} a`, until);
    let edits = 0;
    let most = 1;
    // The membership that is about to be read is of the segment that was; the coupon has another once it is asked.
    const stale = memberships.membership.bind(memberships);
    memberships.membership = async (fold, userId) => {
      const membership = await stale(fold, userId);
      if (edits < most) await ask(post("/api/coupons/promo", { segment: `s${++edits}` }, {}, "PATCH"));
      return membership;
    };
    assert.equal((await ask(claimBy("a"))).status, 200);
    [edits, most] = [1, 19];
    memberships.until.set("s1 b", until);
    const { status, body } = await ask(claimBy("b"));
    assert.deepEqual([status, body["code"]], [503, "moved"]);
  });
});

Deno.test("a coupon that is opened to everyone under way takes the claim", async () => {
  await withCoupon({ segment: "gold" }, async (ask, { memberships }) => {
    const stale = memberships.membership.bind(memberships);
    memberships.membership = async (fold, userId) => {
      await ask(post("/api/coupons/promo", { segment: null }, {}, "PATCH"));
      return await stale(fold, userId);
    };
    assert.equal((await ask(claimBy("nobody"))).status, 200);
  });
});

Deno.test("what is said of an amount that is not allowed names the bounds of its own field", async () => {
  await withCoupon(DISCOUNT, async (ask) => {
    for (const value of ["abc", -1, 0, "0.00", 100.01, 101, 1e20, 12.345, true]) {
      for (
        const [field, bounds] of [["percent_off", /above 0 and up to 100$/], [
          "amount_off",
          /above 0 and up to 9999/,
        ]] as const
      ) {
        const { status, body } = await ask(
          post("/api/coupons", { name: "x", amount: 1, kind: "discount", [field]: value }),
        );
        if (field === "amount_off" && [100.01, 101].includes(value as number)) continue;
        assert.deepEqual([status, body["param"]], [400, field], `${field} ${value}`);
        assert.match(body["detail"] as string, bounds, `${field} ${value}`);
      }
    }
    const { body } = await ask(claimBy("ann", { order_amount: "abc" }));
    assert.match(body["detail"] as string, /^order_amount must be an amount .* from 0 to 9999/);
  });
});
