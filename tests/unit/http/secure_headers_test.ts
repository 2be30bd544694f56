/** Does every answer say how little a browser may do with it, and whose pages may read it? */
import assert from "node:assert/strict";
import { itemIdOf } from "../../../src/domain/sale_ids.ts";
import { Cors } from "../../../src/http/auth/cors.ts";
import { get, post, type TestDoor, type TestEdge, withEdge } from "../../support/edge.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { KEY, NUMBER, open, settingsOf } from "../../support/sale_commands.ts";
import { knownCallers } from "../../support/tokens.ts";

const SHOP = "https://shop.example";
const PICTURE = `/api/sales/${KEY}/items/${itemIdOf(NUMBER, 1)}/image.svg`;

function test(name: string, body: (edge: TestEdge) => Promise<void>, door: TestDoor = {}): void {
  const ready = async (edge: TestEdge) => {
    await edge.sales.ask(KEY, open(5));
    await body(edge);
  };
  Deno.test(name, () => withEdge(ready, 10_000, settingsOf(), door));
}

async function headersOf(edge: TestEdge, request: Request): Promise<Headers> {
  const { headers, body } = await edge.fetch(request);
  await body?.cancel();
  return headers;
}

const claim = (more: Record<string, string> = {}) =>
  post("/api/coupons/claim", { user_id: "a", coupon_name: "x" }, more);

test("every answer is taken for what it says, leads nowhere, and is not stored; hot ones are POSTs, which nothing stores", async (edge) => {
  const requests: [string, Request][] = [
    ["a success", get("/api/coupons")],
    ["a refusal", get("/api/coupons/none")],
    ["an unknown path", get("/nowhere")],
    ["an unknown method", get("/api/coupons", "BREW")],
    ["an act", post("/api/coupons", { name: "x", amount: 1 })],
    ["health", get("/livez")],
    ["metrics", get("/metrics")],
    ["a stream", get(`/api/sales/${KEY}/stream`)],
    ["a bad host", new Request("http://a@b/", { headers: {} })],
  ];
  for (const [name, request] of requests) {
    const headers = await headersOf(edge, request);
    assert.equal(headers.get("x-content-type-options"), "nosniff", name);
    assert.equal(headers.get("cache-control"), "no-store", name);
    assert.equal(headers.get("referrer-policy"), "no-referrer", name);
    assert.match(headers.get("content-security-policy")!, /^default-src 'none'; frame-ancestors 'none'/, name);
    assert.equal(headers.get("access-control-allow-origin"), null, name);
  }
  for (const request of [claim(), get("/checkout", "POST"), get("/purchase?code=x", "POST")]) {
    const names = [...(await headersOf(edge, request)).keys()].toSorted();
    assert.deepEqual(names, ["content-type", "x-content-type-options", "x-request-id"]);
  }
});

test("a picture may be stored and shown anywhere, but does nothing as a page", async (edge) => {
  const headers = await headersOf(edge, get(PICTURE));
  assert.match(headers.get("cache-control")!, /^public, max-age=\d+, immutable$/);
  assert.equal(headers.get("content-security-policy"), "default-src 'none'; sandbox");
  assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
});

test("by default no other origin's page may read or ask", async (edge) => {
  const question = get("/api/coupons", "OPTIONS", { origin: SHOP, "access-control-request-method": "GET" });
  const { status, headers, body } = await edge.fetch(question);
  await body?.cancel();
  assert.equal(status, 405);
  for (const name of ["access-control-allow-origin", "vary"]) assert.equal(headers.get(name), null);
});

const cors = new Cors([SHOP, "http://localhost:3000"]);

test("a page of an origin that is named may read answers, refusals too; others may not", async (edge) => {
  for (const request of [claim, (more: Record<string, string>) => get("/api/coupons", "GET", more)]) {
    for (const origin of [SHOP, "http://localhost:3000"]) {
      const headers = await headersOf(edge, request({ origin }));
      assert.equal(headers.get("access-control-allow-origin"), origin);
      const exposed = headers.get("access-control-expose-headers")!.split(", ");
      for (const name of ["Retry-After", "Location", "Content-Disposition", "ETag"]) {
        assert(exposed.includes(name), name);
      }
      assert.equal(headers.get("vary"), "Origin");
      assert.equal(headers.get("access-control-allow-credentials"), null);
    }
    for (const origin of ["https://evil.example", "https://shop.example.evil.example", "null", SHOP + ":8443"]) {
      const headers = await headersOf(edge, request({ origin }));
      assert.equal(headers.get("access-control-allow-origin"), null, origin);
      assert.equal(headers.get("vary"), "Origin");
    }
  }
  assert.equal(
    (await headersOf(edge, claim())).get("vary"),
    "Origin",
    "also without an origin: a cache may stand between",
  );
}, { cors });

test("a browser's question is answered without a token, where its page may ask", async (edge) => {
  const question = (path: string, origin: string) =>
    edge.fetch(get(path, "OPTIONS", { origin, "access-control-request-method": "POST" }));
  for (
    const [path, methods] of [["/checkout?code=x", "POST, GET, HEAD, DELETE"], ["/api/coupons", "POST, GET, HEAD"]]
  ) {
    const { status, headers, body } = await question(path!, SHOP);
    assert.deepEqual([status, body], [204, null]);
    assert.equal(headers.get("access-control-allow-origin"), SHOP);
    assert.equal(headers.get("access-control-allow-methods"), methods);
    assert.match(headers.get("access-control-allow-headers")!, /^Authorization, Content-Type, Idempotency-Key/);
    assert.match(headers.get("x-request-id")!, /./);
  }
  const statuses = [await question("/api/coupons", "https://evil.example"), await question("/nowhere", SHOP)];
  for (const { body } of statuses) await body?.cancel();
  assert.deepEqual(statuses.map(({ status }) => status), [405, 404]);
  const plain = await edge.fetch(get("/api/coupons", "OPTIONS", { origin: SHOP }));
  await plain.body?.cancel();
  assert.equal(plain.status, 405, "no question");
}, { cors, callers: knownCallers(new FakeClock()) });

test("who shows no token, or a bad one, is told how to show one", async (edge) => {
  const asked = async (headers: Record<string, string>) => {
    const response = await edge.fetch(claim(headers));
    const { code } = await response.json();
    return [response.status, code, response.headers.get("www-authenticate")];
  };
  assert.deepEqual(await asked({}), [401, "unauthenticated", 'Bearer realm="doorbuster"']);
  const bad = [401, "unauthenticated", 'Bearer realm="doorbuster", error="invalid_token"'];
  assert.deepEqual(await asked({ authorization: "Bearer nonsense" }), bad);
}, { callers: knownCallers(new FakeClock()) });
