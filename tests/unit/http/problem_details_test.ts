/** Does a problem say what a client needs: which request, which field, who may, and where it is explained? */
import assert from "node:assert/strict";
import { ROUTES } from "../../../src/http/routes/mod.ts";
import { itemIdOf } from "../../../src/domain/sale_ids.ts";
import { type ProblemCode, PROBLEMS, typeOf } from "../../../src/http/answers/problem_table.ts";
import { get, makeEdge, post, test, type TestEdge } from "../../support/edge.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { KEY, NUMBER, open, settingsOf } from "../../support/sale_commands.ts";
import { ADMIN_TOKEN, bearer, knownCallers, SERVICE_TOKEN, userToken } from "../../support/tokens.ts";

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
async function problemOf(edge: TestEdge, request: Request): Promise<any> {
  const response = await edge.fetch(request);
  const body = await response.json();
  assert.equal(response.headers.get("content-type"), "application/problem+json", JSON.stringify(body));
  assert.equal(body.request_id, response.headers.get("x-request-id"));
  return body;
}

const CLAIM = "/api/coupons/claim";
const COUPONS = "/api/coupons";
const BULK = "/api/coupons/bulk";
const USERS = "/users";
const good = { user_id: "a", coupon_name: "promo" };
const coupon = { name: "new", amount: 1 };
const patch = (body: unknown) => post(`${COUPONS}/promo`, body, {}, "PATCH");
const key = { "idempotency-key": "a b" };

/** Requests with the field, parameter or header that alone is at fault; undefined where it is none, or not one. */
const AT_FAULT: [request: () => Request, param: string | undefined][] = [
  [() => post(CLAIM, { ...good, user_id: "" }), "user_id"],
  [() => post(CLAIM, { ...good, coupon_name: 5 }), "coupon_name"],
  [() => post(CLAIM, { ...good, order_amount: "1.005" }), "order_amount"],
  [() => post(CLAIM, { ...good, order_ammount: 1 }), "order_ammount"],
  [() => post(CLAIM, { ...good, coupon_name: "none" }), "coupon_name"],
  [() => post(CLAIM, { user_id: "a", coupon_name: "least" }), "order_amount"],
  [() => post(CLAIM, "[]"), undefined],
  [() => post(CLAIM, "{"), undefined],
  [() => post(CLAIM, good, key), "Idempotency-Key"],
  [() => post(CLAIM, good, { "content-type": "text/plain" }), "Content-Type"],
  [() => post(CLAIM, good, { "content-type": "application/json; charset=utf-16" }), "Content-Type"],
  [() => post(CLAIM, good, { "content-encoding": "gzip" }), "Content-Encoding"],
  [() => post(COUPONS, { ...coupon, amount: 0 }), "amount"],
  [() => post(COUPONS, { ...coupon, name: "" }), "name"],
  [() => post(COUPONS, { ...coupon, starts_at: "now" }), "starts_at"],
  [() => post(COUPONS, { ...coupon, kind: "gift" }), "kind"],
  [() => post(COUPONS, { ...coupon, segment: " " }), "segment"],
  [() => post(COUPONS, { ...coupon, credit: 5 }), "credit"],
  [() => post(COUPONS, { ...coupon, kind: "charge" }), "credit"],
  [() => post(COUPONS, { ...coupon, kind: "charge", credit: 0 }), "credit"],
  [() => post(COUPONS, { ...coupon, kind: "charge", credit: 5, min_order: 1 }), "min_order"],
  [() => post(COUPONS, { ...coupon, kind: "discount", percent_off: 101 }), "percent_off"],
  [() => post(COUPONS, { ...coupon, kind: "discount" }), undefined],
  [() => post(COUPONS, { ...coupon, kind: "discount", percent_off: 1, amount_off: 1 }), undefined],
  [() => post(COUPONS, { ...coupon, ammount: 5 }), "ammount"],
  [() => post(COUPONS, '{"name":"new","amount":1,"__proto__":{}}'), "__proto__"],
  [() => post(COUPONS, '{"name":"new","amount":1,"":1}'), ""],
  [
    () => post(COUPONS, { ...coupon, starts_at: "2027-01-01T00:00:00Z", ends_at: "2026-01-01T00:00:00Z" }),
    "ends_at",
  ],
  [() => patch({ paused: "yes" }), "paused"],
  [() => patch({ amount: 0 }), "amount"],
  [() => patch({ name: "other" }), "name"],
  [() => post(`/api/sales/${KEY}`, { pause: true }, {}, "PATCH"), "pause"],
  [() => post(BULK, { count: 0, unguessable: true }), "count"],
  [() => post(BULK, { count: 5, pattern: "#" }), "count"],
  [() => post(BULK, { count: 5, pattern: "a/#" }), "pattern"],
  [() => post(BULK, { count: 5 }), undefined],
  [() => post(BULK, { count: 5, unguessable: true, name: "x" }), "name"],
  [() => post(USERS, { ID: "u", segment: "gold", expiredSegment: "1" }), "expiredSegment"],
  [() => post(USERS, { id: "u", segment: "gold", expiredSegment: 1 }), "id"],
  [() => get("/checkout?id=1", "POST"), "user_id"],
  [() => get("/checkout?user_id=a", "POST"), "id"],
  [() => get("/checkout", "POST"), undefined],
  [() => get("/checkout?user_id=%20&id=1", "POST"), "user_id"],
  [() => get("/checkout?user_id=a&user_id=b&id=1", "POST"), "user_id"],
  [() => get("/checkout?user_id=a&id=1&item_id=1", "POST"), "id"],
  [() => get("/checkout?user_id=a&id=1&code=x", "POST"), "code"],
  [() => get("/checkout?user_id=a&id=x", "POST"), "id"],
  [() => get("/checkout?user_id=a&item_id=01", "POST"), "item_id"],
  [() => get(`/checkout?user_id=a&item_id=${itemIdOf(NUMBER, 10)}`, "POST"), "item_id"],
  [() => get("/purchase", "POST"), "code"],
  [() => get("/purchase?code=x", "POST"), "code"],
  [() => get("/purchase?code=x&code=y", "POST"), "code"],
  [() => get("/checkout"), "code"],
  [() => get("/api/coupons?page=0"), "page"],
  [() => get("/api/coupons?page_num=x"), "page_num"],
  [() => get("/api/coupons?per_page=101"), "per_page"],
  [() => get("/api/coupons?page_size=101"), "page_size"],
  [() => get("/api/coupons?page=1&page_num=1"), "page"],
  [() => get("/api/coupons?search=%00"), "search"],
  [() => get("/api/sales?state=none"), "state"],
  [() => get(`/api/sales/${KEY}/attempts?limit=0`), "limit"],
  [() => get(`/api/sales/${KEY}/attempts?cursor=x`), "cursor"],
  [() => get(`/api/sales/${KEY}/attempts?outcome=x`), "outcome"],
  [() => get("/api/coupons/%ff"), undefined],
  [() => get("/none"), undefined],
  [() => get("/livez", "POST"), undefined],
];

test("a problem names the field, parameter or header that is at fault, where it is one alone", async (edge) => {
  await edge.sales.ask(KEY, open(9));
  const least = { name: "least", amount: 5, kind: "discount", amount_off: 1, min_order: 5 };
  for (const body of [{ name: "promo", amount: 5 }, least]) {
    assert.equal((await edge.fetch(post(COUPONS, body))).status, 201);
  }
  for (const [request, param] of AT_FAULT) {
    const { method, url } = request();
    const body = await problemOf(edge, request());
    assert.equal(body.param, param, `${method} ${url}: ${JSON.stringify(body)}`);
    assert.equal("param" in body, param !== undefined);
  }
});

test("an unknown field is named in the detail, however odd, and only its beginning where it is long", async (edge) => {
  const cases: [field: string, shown: string][] = [
    ["ammount", "ammount"],
    ["", ""],
    ['a"b\n', 'a"b\n'],
    ["\ud800", "\ud800"],
    ["x".repeat(64), "x".repeat(64)],
    ["x".repeat(65), "x".repeat(64) + "…"],
    ["x".repeat(63) + "🎉", "x".repeat(63) + "\ufffd…"],
    ["x".repeat(10_000), "x".repeat(64) + "…"],
  ];
  for (const [path, fields] of [[CLAIM, good], [COUPONS, coupon]] as const) {
    for (const [field, shown] of cases) {
      const { detail, param } = await problemOf(edge, post(path, JSON.stringify({ ...fields, [field]: 1 })));
      assert.equal(param, shown, path);
      assert(detail.startsWith(`Unknown field ${JSON.stringify(shown)}; allowed fields are `), detail);
      assert(detail.length < 400, detail);
    }
  }
});

test("a problem has the request's id, whoever made it, and whatever stands in it", async (edge) => {
  for (const id of ["abc", 'a"b', "a\\b", "\\", "'{}", "~".repeat(128)]) {
    const body = await problemOf(edge, get("/api/coupons/none", "GET", { "x-request-id": id }));
    assert.equal(body.request_id, id);
  }
  const [one, other] = [await problemOf(edge, get("/none")), await problemOf(edge, get("/none"))];
  assert.notEqual(one.request_id, other.request_id);
});

test("each type leads to the explanation of its code, and each explanation stands once", async (edge) => {
  const page = await (await edge.fetch(get("/docs/errors"))).text();
  const anchors = [...page.matchAll(/ id="(\w+)"/g)].map(([, anchor]) => anchor);
  assert.equal(new Set(anchors).size, anchors.length);
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const { pathname, hash } = new URL(typeOf(code), "http://127.0.0.1");
    assert.equal(pathname, "/docs/errors");
    assert(anchors.includes(hash.slice(1)), code);
    const [, section = ""] = new RegExp(`<section id="${hash.slice(1)}">(.*?)</section>`, "s").exec(page) ?? [];
    assert(section.includes(`<strong>${PROBLEMS[code].status}</strong>`), code);
    assert((section.match(/<p>/g) ?? []).length >= 2, `${code} is explained`);
  }
  const { type } = await problemOf(edge, get("/api/coupons/none"));
  assert.equal(type, "/docs/errors#coupon_not_found");
  assert(!/`|undefined|style=|<script/.test(page));
});

Deno.test("403 says which kinds of caller may make the request", async () => {
  const clock = new FakeClock();
  const edge = makeEdge(10_000, settingsOf(), { callers: knownCallers(clock) });
  try {
    await edge.sales.ask(KEY, open(9));
    const eve = bearer(await userToken("eve", clock.now()));
    const service = bearer(SERVICE_TOKEN);
    const { code } = await (await edge.fetch(get(`/checkout?user_id=ann&id=${itemIdOf(NUMBER, 1)}`, "POST", service)))
      .json();
    const detailOf = async (request: Request) => {
      const { code, detail } = await problemOf(edge, request);
      assert.equal(code, "forbidden");
      return detail;
    };
    for (const { method, path, authority } of ROUTES) {
      const filled = path.replace(":user", "ann").replace(/:\w+/g, "x");
      const asked = (headers: Record<string, string>) => detailOf(get(filled, method, headers));
      if (typeof authority === "object" || authority === "admin") {
        for (const headers of [eve, service]) assert.match(await asked(headers), /^Only an administrator may/, path);
      } else if (authority === "service") {
        assert.match(await asked(eve), /^Only a service or an administrator may/, path);
      } else if (authority === "own") {
        assert.match(await asked(eve), /^Users may .* only for themselves; a service or an administrator may/, path);
      }
    }
    const own = /only for themselves/;
    assert.match(await detailOf(post(CLAIM, { user_id: "ann", coupon_name: "promo" }, eve)), own);
    assert.match(await detailOf(get("/checkout?user_id=ann&id=1", "POST", eve)), own);
    for (const [method, path] of [["POST", "purchase"], ["GET", "checkout"], ["DELETE", "checkout"]] as const) {
      const detail = await detailOf(get(`/${path}?code=${code}`, method, eve));
      assert.match(detail, /^Only the user who checked the item out, a service or an administrator may/);
    }
    assert.equal((await edge.fetch(get("/api/audit", "GET", bearer(ADMIN_TOKEN)))).status, 200);
  } finally {
    edge.close();
  }
});
