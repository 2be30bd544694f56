/** Does every malformed request that asks for a change get a 4xx problem with a code, leak nothing, and store nothing? */
import assert from "node:assert/strict";
import { BAD_MONEY, BAD_TERMS } from "../../support/bad_terms.ts";
import { assertRefused, type BadRequestCase as Case } from "../../support/bad_requests.ts";
import { post } from "../../support/edge.ts";

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
  ...["gzip", "br", "GZIP, identity", "x"].map((coding): Case => [
    `claim encoded as ${coding}`,
    () => post(CLAIM, good, { "content-encoding": coding }),
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
];

Deno.test("there are at least 150 malformed requests", () => assert(cases.length >= 150, String(cases.length)));

assertRefused("each malformed request", cases);
