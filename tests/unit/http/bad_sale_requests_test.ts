/** Does every malformed request on sales get a 4xx problem with a code, leak nothing, and store nothing? */
import assert from "node:assert/strict";
import { itemIdOf } from "../../../src/domain/sale_ids.ts";
import { get, makeEdge, post } from "../../support/edge.ts";
import { KEY, newCode, NUMBER, open } from "../../support/sale_commands.ts";

type Case = readonly [method: string, path: string, status: number, code: string, body?: unknown];

const INVALID = "invalid_request";
const SALE = `/api/sales/${KEY}`;
const ITEM = String(itemIdOf(NUMBER, 1));
const CODE = `${KEY}.${newCode()}`;

/** Item ids of forms that name nothing; those that name the sale are stored as attempts, and stand elsewhere. */
const badIds = [
  "",
  "0",
  "-1",
  "-0",
  "+5",
  "1e3",
  "0x10",
  "007",
  `0${ITEM}`,
  `${ITEM}.0`,
  `${ITEM}.5`,
  ` ${ITEM}`,
  "NaN",
];
badIds.push("x", "null", "undefined", "[]", "9".repeat(14), "9".repeat(30), "9".repeat(4_000), "１", "٣", "%00", "%ff");
badIds.push("Infinity", `${ITEM},${ITEM}`, `${ITEM}%00`, `${ITEM}%0a`, `${ITEM}n`, "1_000", "'; drop table items --");
badIds.push(String(itemIdOf(NUMBER + 1, 1)), String(itemIdOf(NUMBER - 1, 1)));

const secret = CODE.slice(KEY.length + 1);
const badCodes = [
  "",
  "x",
  ".",
  KEY,
  `${KEY}.`,
  secret,
  `${KEY}.${secret.slice(1)}`,
  `${KEY}.${secret}A`,
  ` ${CODE}`,
  `${CODE} `,
];
badCodes.push(`${KEY}.${"!".repeat(22)}`, `${KEY}.${"A".repeat(21)}B`, `${KEY}.${"A".repeat(21)}=`, `${KEY}-${secret}`);
badCodes.push(`2026-11-21T24Z.${secret}`, `2026-02-30T01Z.${secret}`, `9999999999999Z.${secret}`, "x".repeat(4_000));
badCodes.push("%00", `${KEY}.%00${secret.slice(1)}`, `${KEY}.%ff${secret.slice(1)}`, CODE.toLowerCase(), CODE);

const badUsers = [
  "",
  "%20",
  "%00",
  "a%00",
  "a%1fb",
  "%7f",
  "%c2%85",
  "%ff",
  "%ed%a0%80",
  "%ef%bf%bd",
  "x".repeat(256),
  "%e3%80%80",
];
const badSales = [
  "2026-11-21T15Z",
  "2026-11-21T24Z",
  "2026-02-30T01Z",
  "2026-11-21",
  "2026-11-21t14z",
  "Current",
  "0",
  "%00",
  "x",
  "%20",
];
const badBodies: unknown[] = ["", " ", "null", "true", "[]", "{", '{"paused":}', "paused=true", { paused: null }, {
  paused: 1,
}];
badBodies.push({ paused: "true" }, { paused: [] }, { Paused: true }, { paused: true, items: 5 }, { items: 5 }, {
  sold: 0,
}, '{"__proto__":{}}');
const badNumbers = ["0", "-1", "1.5", "1e1", "abc", "", "%20", "99999999999", "0x1"];
const badCursors = [
  "",
  "x",
  "0",
  "!!!",
  btoa("claims:1"),
  btoa("attempts:0"),
  btoa("attempts:-1"),
  btoa("attempts:1.5"),
  btoa("attempts:01"),
];
badCursors.push(btoa("attempts:99999999999"), btoa("attempts:"), "x".repeat(100), "%00", "YXR0ZW1wdHM6MQ=");

const cases: Case[] = [
  ["POST", "/checkout", 400, INVALID],
  ["POST", "/checkout?", 400, INVALID],
  ["POST", "/checkout?user_id=a", 400, INVALID],
  ["POST", `/checkout?id=${ITEM}`, 400, INVALID],
  ["POST", `/checkout?USER_ID=a&id=${ITEM}`, 400, INVALID],
  ["POST", `/checkout?user_id=a&user_id=a&id=${ITEM}`, 400, INVALID],
  ["POST", `/checkout?user_id=a&id=${ITEM}&id=${ITEM}`, 400, INVALID],
  ["POST", `/checkout?user_id=a&id=${ITEM}&item_id=${ITEM}`, 400, INVALID],
  ["POST", `/checkout?user_id=a&id=${ITEM}&code=${CODE}`, 400, INVALID],
  ["POST", `/checkout?user_id=a&item_id=${ITEM}&code=`, 400, INVALID],
  ["POST", `/checkout?code=${CODE}&code=${CODE}`, 400, INVALID],
  ["POST", "/checkout", 400, INVALID, { user_id: "a", id: ITEM }],
  ["POST", "/checkout/", 404, "not_found"],
  ["POST", "//checkout", 404, "not_found"],
  ...["/purchase", "/purchase?", "/purchase?Code=x", `/purchase?code=${CODE}&code=${CODE}`].map((path): Case => [
    ...["POST", path, 400, INVALID] as const,
  ]),
  ...["/checkout", "/checkout?code=a&code=a", "/checkout?user_id=a"].flatMap((path): Case[] => [
    ["GET", path, 400, INVALID],
    ["DELETE", path, 400, INVALID],
  ]),
  ["DELETE", "/purchase", 400, INVALID],
  ["GET", `/purchase?code=${CODE}`, 405, "method_not_allowed"],
  ["PUT", `/checkout?code=${CODE}`, 405, "method_not_allowed"],
  ["POST", "/api/sales", 405, "method_not_allowed", {}],
  ["DELETE", SALE, 405, "method_not_allowed"],
  ["PUT", SALE, 405, "method_not_allowed", { paused: true }],
  ["POST", `${SALE}/attempts`, 405, "method_not_allowed", {}],
  ["DELETE", `${SALE}/items/${ITEM}`, 405, "method_not_allowed"],
  ["POST", `${SALE}/stream`, 405, "method_not_allowed", {}],
  ...badIds.map((id): Case => ["POST", `/checkout?user_id=a&id=${id}`, 404, "item_not_found"]),
  ...badUsers.map((user): Case => ["POST", `/checkout?user_id=${user}&id=${ITEM}`, 400, INVALID]),
  ...badCodes.flatMap((code): Case[] => [
    ["POST", `/purchase?code=${code}`, 404, "code_unknown"],
    ["POST", `/checkout?code=${code}`, 404, "code_unknown"],
    ["GET", `/checkout?code=${code}`, 404, "code_unknown"],
    ["DELETE", `/checkout?code=${code}`, 404, "code_unknown"],
    ["DELETE", `/purchase?code=${code}`, 404, "code_unknown"],
  ]),
  ...badSales.flatMap((sale): Case[] => [
    ...["", "/items", "/attempts", "/stream"].map((path): Case => [
      ...["GET", `/api/sales/${sale}${path}`, 404, "sale_not_found"] as const,
    ]),
    ["GET", `/api/sales/${sale}/items/${ITEM}`, 404, "item_not_found"],
    ["GET", `/api/sales/${sale}/items/${ITEM}/image.svg`, 404, "item_not_found"],
    ["PATCH", `/api/sales/${sale}`, 404, "sale_not_found", { paused: true }],
    ["PATCH", `/api/sales/${sale}`, 404, "sale_not_found", { paused: "no" }],
  ]),
  ...[...badIds.filter((id) => !/^$|drop/.test(id)), "6", String(itemIdOf(NUMBER, 0)), String(itemIdOf(NUMBER, 6))]
    .flatMap((id): Case[] => {
      if (id === "%ff") return [["GET", `${SALE}/items/${id}`, 400, INVALID]];
      const unknown = ["GET", `${SALE}/items/${id}`, 404, "item_not_found"] as const;
      return [unknown, ["GET", `${SALE}/items/${id}/image.svg`, 404, "item_not_found"]];
    }),
  ...badBodies.slice(1).map((body): Case => ["PATCH", SALE, 400, INVALID, body]),
  ...badNumbers.flatMap((number): Case[] => [
    ...["page", "per_page", "page_num", "page_size"].flatMap((name): Case[] => [
      ["GET", `/api/sales?${name}=${number}`, 400, INVALID],
      ["GET", `${SALE}/items?${name}=${number}`, 400, INVALID],
    ]),
    ["GET", `${SALE}/attempts?limit=${number}`, 400, INVALID],
  ]),
  ["GET", "/api/sales?per_page=101", 400, INVALID],
  ["GET", `${SALE}/items?page_size=101`, 400, INVALID],
  ["GET", `${SALE}/attempts?limit=1001`, 400, INVALID],
  ...["", "OPEN", "held", "x", "%00"].map((state): Case => ["GET", `/api/sales?state=${state}`, 400, INVALID]),
  ...["", "open", "SOLD", "x", "%00"].map((state): Case => ["GET", `${SALE}/items?state=${state}`, 400, INVALID]),
  ...["", "OK", "200", "x", "%00", "a%00b"].map((it): Case => ["GET", `${SALE}/attempts?outcome=${it}`, 400, INVALID]),
  ...badCursors.map((cursor): Case => ["GET", `${SALE}/attempts?cursor=${cursor}`, 400, INVALID]),
];

function requestOf([method, path, , , body]: Case, headers: Record<string, string> = {}): Request {
  return body === undefined ? get(path, method, headers) : post(path, body, headers, method);
}

Deno.test("each malformed request on sales is a 4xx problem with its code, leaks nothing and stores nothing", async () => {
  const edge = makeEdge();
  try {
    await edge.sales.ask(KEY, open(5));
    const state = async () => {
      const answers = await Promise.all([SALE, `${SALE}/attempts`, "/api/sales"].map((path) => edge.fetch(get(path))));
      return await Promise.all(answers.map((response) => response.text()));
    };
    const before = await state();
    const keyed = [
      ...["a b", "", "x".repeat(256)].flatMap((key) => {
        const headers = { "idempotency-key": key };
        const paths = [`/checkout?user_id=a&id=${ITEM}`, `/purchase?code=${CODE}`];
        return paths.map((path) => [["POST", path, 400, "invalid_idempotency_key"] as Case, headers] as const);
      }),
      [["PATCH", SALE, 415, "unsupported_media_type", {}] as Case, { "content-type": "text/plain" }] as const,
    ];
    const all = [...cases.map((it) => [it, {}] as const), ...keyed];
    assert(all.length >= 300, String(all.length));
    for (const [it, headers] of all) {
      const [method, path, status, code] = it;
      const response = await edge.fetch(requestOf(it, headers));
      const text = await response.text();
      const what = `${method} ${path.slice(0, 120)} ${JSON.stringify(it[4] ?? "")}: ${text}`;
      assert.deepEqual([response.status, JSON.parse(text).code], [status, code], what);
      assert.equal(response.headers.get("content-type"), "application/problem+json", what);
      assert(!/node_modules|src\/|at \w+ \(|SyntaxError|TypeError|postgres|select /i.test(text), what);
      assert(response.headers.get("x-request-id"), what);
      assert.equal(response.headers.has("allow"), status === 405, what);
    }
    assert.deepEqual(edge.failures, []);
    assert.deepEqual(await state(), before, "nothing is stored");
  } finally {
    edge.close();
  }
});
