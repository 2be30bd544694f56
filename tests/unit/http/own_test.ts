/** Does a user's token reach what is that user's, and nothing else? */
import assert from "node:assert/strict";
import { itemIdOf } from "../../../src/domain/sale_ids.ts";
import { get, makeEdge, post, type TestEdge } from "../../support/edge.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { KEY, newCode, NUMBER, open, settingsOf } from "../../support/sale_commands.ts";
import { ADMIN_TOKEN, bearer, knownCallers, SERVICE_TOKEN, userToken } from "../../support/tokens.ts";

interface Tokens {
  readonly ann: string;
  readonly eve: string;
}

function test(name: string, body: (edge: TestEdge, tokens: Tokens) => Promise<void>): void {
  Deno.test(name, async () => {
    const clock = new FakeClock();
    const edge = makeEdge(10_000, settingsOf(), { callers: knownCallers(clock) });
    await edge.sales.ask(KEY, open(9));
    await edge.fetch(post("/api/coupons", { name: "promo", amount: 9 }, bearer(ADMIN_TOKEN)));
    const [ann, eve] = await Promise.all(["ann", "eve"].map((sub) => userToken(sub, clock.now()))) as [string, string];
    try {
      await body(edge, { ann, eve });
    } finally {
      edge.close();
    }
  });
}

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
async function say(edge: TestEdge, request: Request): Promise<{ told: string; body: any }> {
  const response = await edge.fetch(request);
  const body = await response.json();
  return { told: response.ok ? String(response.status) : `${response.status} ${body.code}`, body };
}

const claim = (body: unknown, token: string, more: Record<string, string> = {}) =>
  post("/api/coupons/claim", body, { ...bearer(token), ...more });

test(
  "a claim for another is forbidden, once its body is one, and whether or not there is such a coupon",
  async (edge, tokens) => {
    const cases: [unknown, string][] = [
      [{ user_id: "ann", coupon_name: "promo" }, "403 forbidden"],
      [{ user_id: "ann", coupon_name: "none" }, "403 forbidden"],
      [{ user_id: "EVE", coupon_name: "promo" }, "403 forbidden"],
      [{ user_id: "ann", coupon_name: "" }, "400 invalid_request"],
      [{ coupon_name: "promo" }, "400 invalid_request"],
      [{ user_id: "eve", coupon_name: "none" }, "404 coupon_not_found"],
      [{ user_id: "eve", coupon_name: "promo" }, "200"],
    ];
    for (const [body, expected] of cases) {
      assert.equal((await say(edge, claim(body, tokens.eve))).told, expected, JSON.stringify(body));
    }
  },
);

test("a body is not read before its caller is known", async (edge) => {
  let pulled = false;
  const body = new ReadableStream({ pull: () => void (pulled = true) }, { highWaterMark: 0 });
  const headers = { "content-type": "application/json" };
  const request = new Request("http://127.0.0.1/api/coupons/claim", { method: "POST", body, headers });
  assert.equal((await say(edge, request)).told, "401 unauthenticated");
  assert(!pulled);
});

test("who may not ask at all is told so before the path is looked at", async (edge, { ann }) => {
  assert.equal((await say(edge, get("/cluster/actors/%ff", "GET", bearer(ann)))).told, "403 forbidden");
  assert.equal((await say(edge, get("/cluster/actors/%ff"))).told, "401 unauthenticated");
  assert.equal((await say(edge, get("/cluster/actors/%ff", "GET", bearer(ADMIN_TOKEN)))).told, "400 invalid_request");
});

test("a hot route asks who it is by whatever spelling of its path", async (edge, { eve }) => {
  for (const path of ["/api/coupons/claim", "/api/coupons/%63laim", "/api/coupons/claim?x"]) {
    const body = { user_id: "ann", coupon_name: "promo" };
    assert.equal((await say(edge, post(path, body))).told, "401 unauthenticated", path);
    assert.equal((await say(edge, post(path, body, bearer(eve)))).told, "403 forbidden", path);
  }
  for (const path of ["/%63heckout?code=x", "/purchas%65?code=x"]) {
    assert.equal((await say(edge, get(path, "POST"))).told, "401 unauthenticated", path);
  }
});

test(
  "a code works for its user, a service and the admin; another user is forbidden all of it",
  async (edge, tokens) => {
    const hold = async (n: number) => {
      const path = `/checkout?user_id=ann&id=${itemIdOf(NUMBER, n)}`;
      const { body } = await say(edge, get(path, "POST", bearer(tokens.ann)));
      return body.code as string;
    };
    const acts = [["GET", "/checkout"], ["POST", "/checkout"], ["POST", "/purchase"], ["DELETE", "/checkout"]] as const;
    for (const [place, [method, path]] of acts.entries()) {
      const by = (code: string, token: string) => say(edge, get(`${path}?code=${code}`, method, bearer(token)));
      const code = await hold(place + 1);
      assert.equal((await by(code, tokens.eve)).told, "403 forbidden", `${method} ${path}`);
      assert.equal((await by(newCode(), tokens.eve)).told, "404 code_unknown");
      assert.equal((await by(`${KEY}.${newCode()}`, tokens.eve)).told, "404 code_unknown");
      const { told, body } = await by(code, tokens.ann);
      assert.deepEqual([told, body.user_id], ["200", "ann"]);
    }
    const others = [await hold(6), await hold(7)];
    for (const [place, token] of [SERVICE_TOKEN, ADMIN_TOKEN].entries()) {
      assert.equal((await say(edge, get(`/purchase?code=${others[place]}`, "POST", bearer(token)))).told, "200");
    }
  },
);

test("a checkout for another is forbidden, after 400 and before 404", async (edge, { eve }) => {
  const look = (query: string) => say(edge, get(`/checkout?${query}`, "POST", bearer(eve)));
  assert.equal((await look(`user_id=ann&id=${itemIdOf(NUMBER, 1)}`)).told, "403 forbidden");
  assert.equal((await look("user_id=ann&id=none")).told, "403 forbidden");
  assert.equal((await look("user_id=ann")).told, "400 invalid_request");
  assert.equal((await look("user_id=eve&id=none")).told, "404 item_not_found");
});

test(
  "a claim is shown to its user, whoever else asks is forbidden to learn whether it is",
  async (edge, { ann, eve }) => {
    await say(edge, claim({ user_id: "ann", coupon_name: "promo" }, ann));
    const look = (path: string, token: string) => say(edge, get(`/api/coupons/${path}`, "GET", bearer(token)));
    assert.equal((await look("promo/claims/ann", ann)).told, "200");
    assert.equal((await look("promo/claims/%61nn", ann)).told, "200");
    for (const path of ["promo/claims/ann", "promo/claims/bob", "none/claims/ann"]) {
      assert.equal((await look(path, eve)).told, "403 forbidden", path);
    }
    assert.equal((await look("promo/claims/%ff", eve)).told, "400 invalid_request");
  },
);

test("an Idempotency-Key is its caller's own", async (edge, { ann }) => {
  const key = { "idempotency-key": "k" };
  const first = await say(edge, claim({ user_id: "ann", coupon_name: "promo" }, ann, key));
  assert.equal(first.told, "200");
  assert.deepEqual(await say(edge, claim({ user_id: "ann", coupon_name: "promo" }, ann, key)), first, "replayed");
  const others: [string, string][] = [[SERVICE_TOKEN, "u1"], [ADMIN_TOKEN, "u2"]];
  for (const [token, user_id] of others) {
    assert.equal((await say(edge, claim({ user_id, coupon_name: "promo" }, token, key))).told, "200");
  }
  assert.equal(
    (await say(edge, claim({ user_id: "ann", coupon_name: "promo" }, SERVICE_TOKEN, key))).told,
    "422 idempotency_key_reused",
  );
});
