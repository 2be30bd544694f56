/** Does every malformed request get a 4xx problem with a code, leak nothing, and store nothing? */
import assert from "node:assert/strict";
import { BAD_MONEY, BAD_TERMS } from "../support/bad_terms.ts";
import { get, makeEdge, post } from "../support/edge.ts";

type Case = readonly [what: string, request: () => Request, status: number, code: string];

const CLAIM = "/api/coupons/claim";
const CREATE = "/api/coupons";
const INVALID = "invalid_request";

const notObjects = ["", " ", "null", "true", "5", '"text"', "[]", '[{"user_id":"a"}]', "{", "}", "{]", '{"a":}', "nul"];
notObjects.push('{"user_id":"a","coupon_name":"promo"', '{"user_id":"a" "coupon_name":"promo"}', "{'user_id':'a'}");
notObjects.push('{"user_id":"a","coupon_name":"promo",}', "user_id=a&coupon_name=promo", "<a/>", "\u0000", "NaN");

const badTexts: unknown[] = ["", " ", "\u3000", "\n", "a\u0000b", "a\u001fb", "\u007f", "\u0085", "\ufffd", "x\ufffdy"];
badTexts.push("x".repeat(256), "🎉".repeat(256), 5, 0, -1, 1.5, null, true, false, [], ["a"], {}, { a: 1 });
const badNames: unknown[] = [...badTexts, ".", "..", "a/b", "/", "a／b", "․․", " . "];
const badAmounts: unknown[] = [
  0,
  -1,
  1.5,
  2_147_483_648,
  1e10,
  9_007_199_254_740_993,
  1e300,
  "5",
  "",
  null,
  true,
  [],
  {},
];
const badTimes: unknown[] = [
  "",
  "now",
  "2026-11-21",
  "2026-11-21 14:00:00Z",
  "2026-11-21T14:00:00",
  0,
  1e12,
  true,
  {},
  [],
];
badTimes.push("2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21T25:00:00Z", "2026-11-21T14:61:00Z");
badTimes.push("2026-11-21T24:00:00Z", "2026-11-21T14:00:60Z", "2026-11-21T14:00:00+24:00", "2026-11-21T14:00:00+01:60");
badTimes.push("+02026-11-21T14:00:00Z", "1969-12-31T23:59:59Z", "2026-11-21T14:00:00+99:00");
const badKeys = ["a b", "ü", "x".repeat(256), "a, b"];
const badTypes = ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"];
badTypes.push("application/json; charset=utf-16", "application/json; charset=latin1", "text/json", "json");

const good = { user_id: "a", coupon_name: "promo" };
const short = (value: unknown) => (JSON.stringify(value) ?? "undefined").slice(0, 40);

const cases: Case[] = [
  ...notObjects.map((body): Case => [`claim of ${short(body)}`, () => post(CLAIM, body), 400, INVALID]),
  ...notObjects.map((body): Case => [`create of ${short(body)}`, () => post(CREATE, body), 400, INVALID]),
  ...notObjects.slice(1).map((body): Case => [
    `edit by ${short(body)}`,
    () => post(`${CREATE}/promo`, body, {}, "PATCH"),
    400,
    INVALID,
  ]),
  ...badTexts.map((user_id): Case => [
    `claim by user ${short(user_id)}`,
    () => post(CLAIM, { ...good, user_id }),
    400,
    INVALID,
  ]),
  ...badNames.map((coupon_name): Case => [
    `claim on ${short(coupon_name)}`,
    () => post(CLAIM, { ...good, coupon_name }),
    400,
    INVALID,
  ]),
  ...badNames.map((name): Case => [`create ${short(name)}`, () => post(CREATE, { name, amount: 1 }), 400, INVALID]),
  ...badAmounts.map((amount): Case => [
    `create with amount ${short(amount)}`,
    () => post(CREATE, { name: "new", amount }),
    400,
    INVALID,
  ]),
  ...badAmounts.map((amount): Case => [
    `edit to amount ${short(amount)}`,
    () => post(`${CREATE}/promo`, { amount }, {}, "PUT"),
    400,
    INVALID,
  ]),
  ...BAD_MONEY.map((order_amount): Case => [
    `claim for an order of ${short(order_amount)}`,
    () => post(CLAIM, { ...good, order_amount }),
    400,
    INVALID,
  ]),
  ...BAD_TERMS.map((body): Case => [`create ${JSON.stringify(body)}`, () => post(CREATE, body), 400, INVALID]),
  ...[{ kind: "plain" }, { segment: 5 }, { credit: 0 }, { min_order: "1.005" }, { order_amount: 5 }].map((
    body,
  ): Case => [
    `edit by ${short(body)}`,
    () => post(`${CREATE}/promo`, body, {}, "PATCH"),
    400,
    INVALID,
  ]),
  ...[{ credit: 5 }, { percent_off: 5 }].map((body): Case => [
    `edit by ${short(body)}, which a plain coupon cannot have`,
    () => post(`${CREATE}/promo`, body, {}, "PATCH"),
    400,
    "invalid_terms",
  ]),
  ...badTimes.map((starts_at): Case => [
    `create from ${short(starts_at)}`,
    () => post(CREATE, { name: "new", amount: 1, starts_at }),
    400,
    INVALID,
  ]),
  ...badKeys.map((key): Case => [
    `claim with key ${short(key)}`,
    () =>
      post(CLAIM, good, {
        "idempotency-key": encodeURI(key) === key
          ? key
          : [...new TextEncoder().encode(key)].map((byte) => String.fromCharCode(byte)).join(""),
      }),
    400,
    "invalid_idempotency_key",
  ]),
  ...badTypes.map((type): Case => [
    `claim as ${short(type)}`,
    () => post(CLAIM, good, { "content-type": type }),
    415,
    "unsupported_media_type",
  ]),
  ["a lone surrogate", () => post(CLAIM, '{"user_id":"\\ud800","coupon_name":"promo"}'), 400, INVALID],
  ["a reversed pair", () => post(CLAIM, '{"user_id":"\\udc00\\ud800","coupon_name":"promo"}'), 400, INVALID],
  ["a surrogate in a name", () => post(CREATE, '{"name":"a\\udfff","amount":1}'), 400, INVALID],
  ["an escaped NUL", () => post(CLAIM, '{"user_id":"a\\u0000","coupon_name":"promo"}'), 400, INVALID],
  ["a number beyond 2^53", () => post(CREATE, '{"name":"new","amount":9007199254740993}'), 400, INVALID],
  ["a number beyond doubles", () => post(CREATE, '{"name":"new","amount":1e999}'), 400, INVALID],
  ["a misspelt field", () => post(CREATE, { name: "new", amount: 1, ammount: 2 }), 400, INVALID],
  ["a misspelt limit in a claim", () => post(CLAIM, { ...good, order_ammount: "5" }), 400, INVALID],
  ["__proto__", () => post(CLAIM, '{"user_id":"a","coupon_name":"promo","__proto__":{}}'), 400, INVALID],
  ["a field of no name", () => post(CLAIM, { ...good, "": 1 }), 400, INVALID],
  ["no user", () => post(CLAIM, { coupon_name: "promo" }), 400, INVALID],
  ["no coupon", () => post(CLAIM, { user_id: "a" }), 400, INVALID],
  ["no amount", () => post(CREATE, { name: "new" }), 400, INVALID],
  ["no name", () => post(CREATE, { amount: 1 }), 400, INVALID],
  ["an edit of the name", () => post(`${CREATE}/promo`, { name: "other" }, {}, "PATCH"), 400, INVALID],
  ["an edit to no amount", () => post(`${CREATE}/promo`, { amount: null }, {}, "PATCH"), 400, INVALID],
  ["paused by text", () => post(`${CREATE}/promo`, { paused: "yes" }, {}, "PATCH"), 400, INVALID],
  ["paused by null", () => post(`${CREATE}/promo`, { paused: null }, {}, "PATCH"), 400, INVALID],
  [
    "an end before the start",
    () => post(CREATE, { name: "new", amount: 1, starts_at: "2026-11-21T14:00:00Z", ends_at: "2026-11-21T14:00:00Z" }),
    400,
    INVALID,
  ],
  [
    "an edit that ends before it starts",
    () => post(`${CREATE}/promo`, { starts_at: "2027-01-01T00:00:00Z", ends_at: "2026-01-01T00:00:00Z" }, {}, "PATCH"),
    400,
    "invalid_period",
  ],
  ["16 KiB and one byte", () => post(CLAIM, '"' + "x".repeat(16 * 1024 - 1) + '"'), 413, "body_too_large"],
  ["a megabyte", () => post(CREATE, "[" + "0,".repeat(500_000) + "0]"), 413, "body_too_large"],
  ["deep nesting", () => post(CLAIM, "[".repeat(8_000) + "]".repeat(8_000)), 400, INVALID],
  ["an empty key", () => post(CLAIM, good, { "idempotency-key": "" }), 400, "invalid_idempotency_key"],
  [
    "a key on an edit",
    () => post(`${CREATE}/promo`, {}, { "idempotency-key": "a b" }, "PUT"),
    400,
    "invalid_idempotency_key",
  ],
  [
    "a text edit",
    () => post(`${CREATE}/promo`, "{}", { "content-type": "text/plain" }, "PUT"),
    415,
    "unsupported_media_type",
  ],
  ["an unknown route", () => get("/nowhere"), 404, "not_found"],
  ["the root", () => get("/"), 404, "not_found"],
  ["a trailing slash", () => get("/api/coupons/"), 404, "not_found"],
  ["a double slash", () => get("/api//coupons"), 404, "not_found"],
  ["a deeper path", () => get("/api/coupons/promo/claims/a/b"), 404, "not_found"],
  ["dots", () => get("/api/coupons/../../etc/passwd"), 404, "not_found"],
  ["a claim by GET with a query is a coupon named claim", () => get(`${CLAIM}?user_id=a`), 404, "coupon_not_found"],
  ["a claim by DELETE", () => get(CLAIM, "DELETE"), 405, "method_not_allowed"],
  ["a coupon by POST", () => post("/api/coupons/promo", {}), 405, "method_not_allowed"],
  ["a coupon by DELETE", () => get("/api/coupons/promo", "DELETE"), 405, "method_not_allowed"],
  ["coupons by PUT", () => post("/api/coupons", {}, {}, "PUT"), 405, "method_not_allowed"],
  ["claims by POST", () => post("/api/coupons/promo/claims", {}), 405, "method_not_allowed"],
  ["health by POST", () => post("/health", {}), 405, "method_not_allowed"],
  ["an unknown method", () => get("/api/coupons", "BREW"), 405, "method_not_allowed"],
  ["options", () => get("/api/coupons", "OPTIONS"), 405, "method_not_allowed"],
  ["half a percent", () => get("/api/coupons/%"), 400, INVALID],
  ["ill-formed UTF-8 in a path", () => get("/api/coupons/%ff"), 400, INVALID],
  ["an overlong encoding", () => get("/api/coupons/%c0%af"), 400, INVALID],
  ["a surrogate in a path", () => get("/api/coupons/%ed%a0%80"), 400, INVALID],
  ["an encoded slash", () => get("/api/coupons/a%2Fb"), 404, "coupon_not_found"],
  ["an encoded NUL", () => get("/api/coupons/a%00"), 404, "coupon_not_found"],
  ["no such coupon", () => get("/api/coupons/nope"), 404, "coupon_not_found"],
  ["claims of no such coupon", () => get("/api/coupons/nope/claims"), 404, "coupon_not_found"],
  ["a claim of no such coupon", () => get("/api/coupons/nope/claims/a"), 404, "coupon_not_found"],
  ["no such claim", () => get("/api/coupons/promo/claims/nobody"), 404, "claim_not_found"],
  ["a void of no claim", () => get("/api/coupons/promo/claims/nobody", "DELETE"), 404, "claim_not_found"],
  ["a bad edit of no coupon", () => post("/api/coupons/nope", { amount: 0 }, {}, "PUT"), 404, "coupon_not_found"],
  ...["0", "-1", "abc", "1.5", "1e3", "", " 1", "99999999999", "2147483648", "0x1"].map((page): Case => [
    `page=${page}`,
    () => get(`/api/coupons?page=${encodeURIComponent(page)}`),
    400,
    INVALID,
  ]),
  ...["0", "101", "-5", "abc", ""].map((size): Case => [
    `per_page=${size}`,
    () => get(`/api/coupons?per_page=${size}`),
    400,
    INVALID,
  ]),
  ...["0", "1001", "ten"].map((limit): Case => [
    `limit=${limit}`,
    () => get(`/api/coupons/promo/claims?limit=${limit}`),
    400,
    INVALID,
  ]),
  ...["", "x", "0", "Y2xhaW1zOjA", "Y2xhaW1zOi0x", "Y2xhaW1zOjEuNQ", "!!!", "b3RoZXI6MQ", "x".repeat(100)].map((
    cursor,
  ): Case => [
    `cursor=${cursor.slice(0, 20)}`,
    () => get(`/api/coupons/promo/claims?cursor=${encodeURIComponent(cursor)}`),
    400,
    INVALID,
  ]),
  ["a search with a control character", () => get("/api/coupons?search=%00"), 400, INVALID],
  ["a search too long", () => get(`/api/coupons?search=${"x".repeat(256)}`), 400, INVALID],
];

Deno.test("there are at least 150 malformed requests", () => assert(cases.length >= 150, String(cases.length)));

Deno.test("each malformed request is a 4xx problem with its code, leaks nothing and stores nothing", async (t) => {
  const edge = makeEdge();
  const made = await edge.fetch(post(CREATE, { name: "promo", amount: 5 }));
  assert.equal(made.status, 201);
  await made.body?.cancel();
  for (const [what, request, status, code] of cases) {
    await t.step(what, async () => {
      const response = await edge.fetch(request());
      const text = await response.text();
      assert.deepEqual([response.status, JSON.parse(text).code], [status, code], text);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.equal(JSON.parse(text).status, status);
      assert(!/node_modules|src\/|at \w+ \(|SyntaxError|TypeError|postgres|select /i.test(text), text);
      assert(response.headers.get("x-request-id"));
      assert.equal(response.headers.has("allow"), status === 405);
    });
  }
  assert.deepEqual(edge.failures, []);
  assert.deepEqual([...edge.store.rows.byKey.keys()], ["promo"]);
  assert.equal(edge.store.rows.byKey.get("promo")!.events.length, 1);
  edge.close();
});
