/** Is a target parsed as RFC 3986 says, once, and only where it is not too long? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Target, TARGET_MAX } from "../../../src/http/requests/target.ts";
import { get, makeEdge, post, withEdge } from "../../support/edge.ts";

const ORIGIN = "http://127.0.0.1";

/** A request whose URL stands as a server that does not parse it puts it together. */
function sent(target: string, method = "GET", headers: Record<string, string> = {}): Request {
  const request = new Request(ORIGIN, { method, headers });
  Object.defineProperty(request, "url", { value: ORIGIN + target });
  return request;
}

async function answerTo(request: Request, edge = makeEdge()): Promise<[status: number, code?: string]> {
  try {
    const response = await edge.fetch(request);
    const { code } = await response.json();
    return [response.status, code];
  } finally {
    edge.close();
  }
}

Deno.test("dot segments are removed from a path, as RFC 3986, section 5.2.4, says", () => {
  const paths: Record<string, string> = {
    "/a/b/c/./../../g": "/a/g",
    "/api/../health": "/health",
    "/../../health": "/health",
    "/./health": "/health",
    "/api/./health?x=/../y": "/api/health",
    "/a/b/.": "/a/b/",
    "/a/b/..": "/a/",
    "/..": "/",
    "/a//../b": "/a/b",
    "/a/.b/..c/...": "/a/.b/..c/...",
    "/a/%2e%2e/%2E/b": "/a/%2e%2e/%2E/b",
    "/a/..\\b": "/a/..\\b",
    "/": "/",
  };
  for (const [target, path] of Object.entries(paths)) assert.equal(new Target(ORIGIN + target).path, path, target);
});

Deno.test("a path of any segments is resolved as a URL parser resolves it", () => {
  const segment = fc.constantFrom("", ".", "..", "a", "b.", "...", ".c");
  fc.assert(fc.property(fc.array(segment, { minLength: 1, maxLength: 12 }), (segments) => {
    const path = "/" + segments.join("/");
    assert.equal(new Target(ORIGIN + path).path, new URL(ORIGIN + path).pathname);
  }));
});

Deno.test("a path sent with dot segments finds the route that it resolves to, a hot one too", async () => {
  for (const path of ["/api/../health", "/x/../api/./coupons", "/../livez", "/api/coupons/../sales"]) {
    assert.equal((await answerTo(sent(path)))[0], 200, path);
  }
  assert.deepEqual(await answerTo(sent("/api/x/../coupons/claim", "POST")), [415, "unsupported_media_type"]);
  assert.deepEqual(await answerTo(sent("/x/../checkout?user_id=a", "POST")), [400, "invalid_request"]);
  assert.deepEqual(await answerTo(sent("/livez/..")), [200, undefined], "the root");
  assert.deepEqual(await answerTo(sent("/api/livez/..")), [404, "not_found"]);
  assert.deepEqual(await answerTo(sent("/livez/.")), [404, "not_found"]);
  assert.deepEqual(await answerTo(sent("/api/%2e%2e/health")), [404, "not_found"], "an encoded dot is no dot segment");
});

Deno.test("a target over 16 KiB is 414, before anything else is looked at", async () => {
  const fill = (begin: string, length: number) => begin + "x".repeat(length - begin.length);
  const most = fill("/livez?", TARGET_MAX);
  assert.deepEqual(await answerTo(sent(most)), [200, undefined]);
  assert.deepEqual(await answerTo(sent(most + "x")), [414, "uri_too_long"]);
  const begins = ["/", "/api/coupons/claim?", "/checkout?", "/api/audit?", "/api/coupons/", "/a/../"];
  for (const begin of begins) {
    for (const method of ["GET", "POST", "DELETE", "OPTIONS", "BREW"]) {
      const headers = { host: "a/b", authorization: "none", "access-control-request-method": "GET" };
      const long = sent(fill(begin, TARGET_MAX + 1), method, headers);
      assert.deepEqual(await answerTo(long), [414, "uri_too_long"], `${method} ${begin}`);
    }
  }
});

Deno.test("the longest name and the longest user id fit one target, percent-encoded", () =>
  withEdge(async (edge) => {
    // Three code points each, which NFKC makes one; and the largest code points that there are.
    const name = "\u1112\u1161\u11ab".repeat(255);
    const user = "\u{10fffd}".repeat(255);
    const made = await edge.fetch(post("/api/coupons", { name, amount: 1 }));
    assert.equal(made.status, 201);
    const claimed = await edge.fetch(post("/api/coupons/claim", { user_id: user, coupon_name: name }));
    assert.equal(claimed.status, 200);
    const path = `/api/coupons/${encodeURIComponent(name)}/claims/${encodeURIComponent(user)}`;
    const found = await edge.fetch(get(path));
    assert.equal(found.status, 200, `${path.length} characters`);
    assert.equal((await found.json()).user_id, user);
  }));

Deno.test("each part of a target is parsed once", () => {
  const target = new Target(`${ORIGIN}/a/b?c=d&e`);
  assert.equal(target.segments, target.segments);
  assert.equal(target.query, target.query);
  assert.deepEqual([...target.query], [["c", "d"], ["e", ""]]);
  assert.deepEqual(target.segments, ["", "a", "b"]);
});

Deno.test("a request reads its query at most once, whatever becomes of it", async () => {
  const { URLSearchParams: Real } = globalThis;
  for (const path of ["/checkout?user_id=a&id=1", "/checkout?code=x", "/purchase?code=x", "/purchase", "/checkout"]) {
    let parsed = 0;
    globalThis.URLSearchParams = class extends Real {
      constructor(...init: ConstructorParameters<typeof Real>) {
        super(...init);
        parsed++;
      }
    };
    try {
      await answerTo(sent(path, "POST"));
    } finally {
      globalThis.URLSearchParams = Real;
    }
    assert.equal(parsed, 1, path);
  }
});
