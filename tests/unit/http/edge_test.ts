import assert from "node:assert/strict";
import { get, makeEdge, post, test, type TestEdge } from "../../support/edge.ts";
import { settle } from "../../support/fake_clock.ts";
import { COUPON_REFUSALS } from "../../../src/domain/coupon.ts";
import { PROBLEMS } from "../../../src/http/answers/answer.ts";

const CLAIM = "/api/coupons/claim";

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
type Answer = { status: number; headers: Headers; body: any };

async function say(edge: TestEdge, request: Request): Promise<Answer> {
  const response = await edge.fetch(request);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith("{") ? JSON.parse(text) : text };
}

test("a coupon's life reads as its documents say", async (edge) => {
  const made = await say(edge, post("/api/coupons", { name: "PROMO_SUPER", amount: 2 }));
  assert.equal(made.status, 201);
  assert.equal(made.body.remaining_amount, 2);
  const claimed = await say(edge, post(CLAIM, { user_id: "user_12345", coupon_name: " promo_super" }));
  assert.equal(claimed.status, 200);
  const { message, claim_id, claimed_at, ...rest } = claimed.body;
  assert.equal(message, "Coupon claimed successfully");
  assert.match(claim_id, /^[0-9a-f-]{36}$/);
  assert.match(claimed_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, { coupon_name: "PROMO_SUPER", user_id: "user_12345", remaining_amount: 1 });
  const again = await say(edge, post(CLAIM, { user_id: "user_12345", coupon_name: "PROMO_SUPER" }));
  assert.deepEqual([again.status, again.body.code], [409, "already_claimed"]);
  const shown = await say(edge, get("/api/coupons/PROMO_SUPER"));
  assert.deepEqual([shown.body.claimed_by, shown.body.claimed_count], [["user_12345"], 1]);
  const one = await say(edge, get("/api/coupons/PROMO_SUPER/claims/user_12345"));
  assert.equal(one.body.claim_id, claim_id);
  const touched = await say(edge, get("/api/coupons/PROMO_SUPER", "PUT"));
  assert.deepEqual([touched.status, touched.body.message, touched.body.rows_affected], [
    200,
    "Coupon updated successfully",
    1,
  ]);
  const voided = await say(edge, get("/api/coupons/PROMO_SUPER/claims/user_12345", "DELETE"));
  assert.deepEqual([voided.status, voided.body.remaining_amount], [200, 2]);
  const twice = await say(edge, get("/api/coupons/PROMO_SUPER/claims/user_12345", "DELETE"));
  assert.deepEqual([twice.status, twice.body.code], [404, "claim_not_found"]);
  const anew = await say(edge, post(CLAIM, { user_id: "user_12345", coupon_name: "PROMO_SUPER" }));
  assert.equal(anew.status, 200);
  assert.notEqual(anew.body.claim_id, claim_id);
});

test("a touch has no body, whatever its headers say of one", async (edge) => {
  await say(edge, post("/api/coupons", { name: "promo", amount: 5 }));
  const path = "http://127.0.0.1/api/coupons/promo";
  const type = { "content-type": "application/json" };
  const touches: RequestInit[] = [
    {},
    { headers: type },
    { headers: { ...type, "content-length": "0" }, body: "" },
    { headers: type, body: new Blob([]).stream() },
    { headers: { "content-type": "text/plain" }, body: new Blob([]).stream() },
    { headers: type, body: new Blob(["{}"]).stream() },
  ];
  for (const touch of touches) {
    const { status, body } = await say(edge, new Request(path, { ...touch, method: "PUT" }));
    assert.deepEqual([status, body.rows_affected], [200, 1], JSON.stringify(touch.headers));
  }
  const typeless = await say(edge, new Request(path, { method: "PUT", body: new Blob(["{}"]).stream() }));
  assert.deepEqual([typeless.status, typeless.body.code], [415, "unsupported_media_type"]);
});

test("a body may say that it is JSON in UTF-8, encoded as nothing else", async (edge) => {
  await say(edge, post("/api/coupons", { name: "promo", amount: 5 }));
  const ways: Record<string, string>[] = [
    { "content-type": "application/json; charset=utf-8" },
    { "content-type": 'Application/JSON;charset="UTF-8"' },
    { "content-encoding": "identity" },
    { "content-encoding": "Identity" },
  ];
  for (const [user, headers] of ways.entries()) {
    const { status } = await say(edge, post(CLAIM, { user_id: `${user}`, coupon_name: "promo" }, headers));
    assert.equal(status, 200, JSON.stringify(headers));
  }
});

test("validate answers what a claim would, and changes nothing", async (edge) => {
  const validate = () => say(edge, post("/api/coupons/validate", { user_id: "a", coupon_name: "promo" }));
  assert.equal((await validate()).status, 404);
  await say(edge, post("/api/coupons", { name: "promo", amount: 1 }));
  for (let time = 0; time < 2; time++) {
    const { status, body } = await validate();
    assert.deepEqual([status, body.remaining_amount], [200, 0]);
  }
  await say(edge, post(CLAIM, { user_id: "a", coupon_name: "promo" }));
  assert.equal((await validate()).body.code, "already_claimed");
});

test("an Idempotency-Key gives the same answer again, binds no refusal, and refuses other content", async (edge) => {
  await say(edge, post("/api/coupons", { name: "promo", amount: 1 }, { "idempotency-key": "make" }));
  const made = await say(edge, post("/api/coupons", { name: "promo", amount: 1 }, { "idempotency-key": "make" }));
  assert.equal(made.status, 201);
  const other = await say(edge, post("/api/coupons", { name: "promo", amount: 2 }, { "idempotency-key": "make" }));
  assert.deepEqual([other.status, other.body.code], [422, "idempotency_key_reused"]);
  const claim = (user_id: string, key: string) =>
    say(edge, post(CLAIM, { user_id, coupon_name: "promo" }, { "idempotency-key": key }));
  const first = await claim("a", "one");
  assert.deepEqual((await claim("a", "one")).body, first.body);
  assert.equal((await claim("b", "one")).status, 422);
  assert.equal((await claim("b", "two")).body.code, "sold_out");
  await say(edge, get("/api/coupons/promo/claims/a", "DELETE"));
  assert.equal((await claim("b", "two")).status, 200);
  assert.deepEqual((await claim("a", "one")).body, first.body, "a later void notwithstanding");
});

test("the same key on two coupons is two commands", async (edge) => {
  for (const name of ["one", "two"]) await say(edge, post("/api/coupons", { name, amount: 1 }));
  const claim = (coupon_name: string) =>
    say(edge, post(CLAIM, { user_id: "a", coupon_name }, { "idempotency-key": "k" }));
  const [one, two] = [await claim("one"), await claim("two")];
  assert.deepEqual([one.status, two.status], [200, 200]);
  assert.notEqual(one.body.claim_id, two.body.claim_id);
});

test("a request id is echoed in all three headers, or made and answered in one", async (edge) => {
  const ids = async (headers: Record<string, string>) => {
    const answer = await say(edge, get("/health", "GET", headers));
    return ["x-request-id", "correlation-id", "x-trace-id"].map((name) => answer.headers.get(name));
  };
  assert.deepEqual(await ids({ "x-trace-id": "t" }), ["t", "t", "t"]);
  assert.deepEqual(await ids({ "x-trace-id": "t", "correlation-id": "c" }), ["c", "c", "c"]);
  assert.deepEqual(await ids({ "x-trace-id": "t", "correlation-id": "c", "x-request-id": "r" }), ["r", "r", "r"]);
  const [made, ...none] = await ids({});
  assert(made!.length > 0);
  assert.deepEqual(none, [null, null]);
  assert.notEqual((await ids({}))[0], made);
  const [replaced, ...same] = await ids({ "x-request-id": "x".repeat(129) });
  assert(replaced!.length < 128);
  assert.deepEqual(same, [replaced, replaced]);
});

test("health answers in its four spellings, liveness and readiness apart", async (edge) => {
  for (const path of ["/health", "/healthcheck", "/api/health", "/api/healthcheck", "/livez"]) {
    assert.deepEqual((await say(edge, get(path))).body, { status: "healthy" }, path);
  }
  assert.equal((await say(edge, get("/readyz"))).status, 200);
  edge.health.leave();
  const leaving = await say(edge, get("/readyz"));
  assert.deepEqual([leaving.status, leaving.body.code, leaving.headers.get("retry-after")], [503, "not_ready", "1"]);
  assert.equal((await say(edge, get("/livez"))).status, 200);
});

test("a wrong method names the right ones", async (edge) => {
  const allow = async (path: string) => (await say(edge, get(path, "BREW"))).headers.get("allow");
  assert.equal(await allow(CLAIM), "GET, HEAD, PUT, PATCH, POST", "also those of a coupon that is called so");
  assert.equal(await allow("/api/coupons"), "POST, GET, HEAD");
  assert.equal(await allow("/api/coupons/promo"), "GET, HEAD, PUT, PATCH");
  assert.equal(await allow("/api/coupons/promo/claims/a"), "GET, HEAD, DELETE");
});

test("trouble of the machinery is 503 with Retry-After, and tells nothing of itself", async (edge) => {
  await say(edge, post("/api/coupons", { name: "promo", amount: 5 }));
  edge.store.failures.push("unavailable");
  const { status, headers, body } = await say(edge, post(CLAIM, { user_id: "a", coupon_name: "promo" }));
  assert.deepEqual([status, headers.get("retry-after"), body.code], [503, "1", "storage_unavailable"]);
  assert.equal(edge.failures.length, 1);
  assert.equal((await say(edge, post(CLAIM, { user_id: "a", coupon_name: "promo" }))).status, 200);
});

test("a body without a length is read up to 16 KiB, and must be well-formed UTF-8", async (edge) => {
  const streamed = (...chunks: (string | Uint8Array<ArrayBuffer>)[]) => {
    const bytes = chunks.map((chunk) => typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
    const body = ReadableStream.from(bytes);
    return new Request(`http://127.0.0.1/api/coupons`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
  };
  assert.equal((await say(edge, streamed('{"name":"promo",', '"amount":1}'))).status, 201);
  assert.equal((await say(edge, streamed(...Array(20).fill(" ".repeat(1024))))).body.code, "body_too_large");
  const illFormed = await say(edge, streamed('{"name":"x', new Uint8Array([0xff]), '","amount":1}'));
  assert.equal(illFormed.body.code, "invalid_request");
  const marked = await say(edge, streamed('\ufeff{"name":"marked","amount":1}'));
  assert.equal(marked.status, 201, "RFC 8259, section 8.1: a byte order mark may be ignored");
});

test("a body that does not arrive is given up with 408", async (edge) => {
  let cancel = () => {};
  const body = new ReadableStream({ start: (controller) => void (cancel = () => controller.close()) });
  const headers = { "content-type": "application/json" };
  const { status, body: said } = await say(
    edge,
    new Request("http://127.0.0.1" + CLAIM, { method: "POST", body, headers }),
  );
  assert.deepEqual([status, said.code], [408, "request_timeout"]);
  cancel();
}, 50);

test("all bodies that do not arrive in the same time are given up together", async (edge) => {
  const cancels: (() => void)[] = [];
  const told: unknown[] = [];
  const asked = Array.from({ length: 20 }, async () => {
    const body = new ReadableStream({ start: (controller) => void cancels.push(() => controller.close()) });
    const headers = { "content-type": "application/json" };
    told.push((await say(edge, new Request("http://127.0.0.1" + CLAIM, { method: "POST", body, headers }))).status);
  });
  await Promise.race(asked);
  await settle();
  assert.deepEqual(told, Array(20).fill(408));
  for (const cancel of cancels) cancel();
}, 50);

test("metrics tell requests and claims by their outcomes, in Prometheus's form", async (edge) => {
  await say(edge, post("/api/coupons", { name: "promo", amount: 1 }));
  for (const user_id of ["a", "a", "b"]) await say(edge, post(CLAIM, { user_id, coupon_name: "promo" }));
  const { body, headers } = await say(edge, get("/metrics"));
  assert.match(headers.get("content-type")!, /^text\/plain/);
  for (
    const line of [
      'doorbuster_claims_total{code="accepted"} 1',
      'doorbuster_claims_total{code="already_claimed"} 1',
      'doorbuster_claims_total{code="sold_out"} 1',
      'doorbuster_requests_total{route="POST /api/coupons/claim",status="200"} 1',
      "doorbuster_actors_awake 1",
      "doorbuster_mailbox_depth 0",
      "doorbuster_activations_total 0",
      "doorbuster_fenced_writes_total 0",
    ]
  ) assert(body.includes(line + "\n"), line);
  for (const name of ["turn_commands_bucket", "commit_seconds_count"]) {
    assert(body.includes(`doorbuster_${name}`), name);
  }
});

test("metrics count an outcome by what was asked, whatever the spelling of its path", async (edge) => {
  await say(edge, post("/api/coupons/%63laim", { user_id: "a", coupon_name: "promo" }));
  for (const path of ["/checkout?code=x", "/checkout?%63ode=x", "/purchase?code=x", "/%70urchase?code=x"]) {
    assert.equal((await say(edge, get(path, "POST"))).body.code, "code_unknown", path);
  }
  await say(edge, get("/checkout?user_id=code&id=1", "POST"));
  const { body } = await say(edge, get("/metrics"));
  for (
    const line of [
      'doorbuster_claims_total{code="coupon_not_found"} 1',
      'doorbuster_purchases_total{code="code_unknown"} 4',
      'doorbuster_checkouts_total{code="item_not_found"} 1',
    ]
  ) assert(body.includes(line + "\n"), line);
});

Deno.test("every refusal of a coupon has its place in the table from code to status", () => {
  for (const code of COUPON_REFUSALS) {
    if (code === "membership_needed") continue; // no client is told
    assert(PROBLEMS[code].status >= 400 && PROBLEMS[code].status < 500, code);
  }
});

Deno.test("a cursor is good for its own list alone", async () => {
  const edge = makeEdge();
  for (const coupon_name of ["a", "b"]) {
    await edge.fetch(post("/api/coupons", { name: coupon_name, amount: 5 }));
    for (const user_id of ["x", "y", "z"]) await edge.fetch(post("/api/coupons/claim", { user_id, coupon_name }));
  }
  const ask = async (path: string) => {
    const response = await edge.fetch(get(path));
    return { status: response.status, body: await response.json() };
  };
  const { next_cursor } = (await ask("/api/coupons/a/claims?limit=2")).body;
  assert.equal((await ask(`/api/coupons/A/claims?cursor=${next_cursor}`)).body.data.length, 1);
  assert.equal((await ask(`/api/coupons/b/claims?cursor=${next_cursor}`)).status, 400);
  edge.close();
});
