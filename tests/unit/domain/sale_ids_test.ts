import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  formatCode,
  HOUR_MS,
  itemIdOf,
  ITEMS_MAX,
  parseCode,
  parseItemId,
  parseSaleKey,
  SALE_NUMBER_MAX,
  saleKeyOf,
  saleNumberAt,
  startsAtOf,
} from "../../../src/domain/sale_ids.ts";

const KEY = "2026-11-21T14Z";
const NUMBER = Date.UTC(2026, 10, 21, 14) / HOUR_MS;
const number = fc.integer({ min: 0, max: SALE_NUMBER_MAX });
const code = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("base64url"));

Deno.test("a sale's key, number and start are the same hour", () => {
  const cases: [string, number][] = [
    ["1970-01-01T00Z", 0],
    [KEY, NUMBER],
    ["2028-02-29T23Z", Date.UTC(2028, 1, 29, 23) / HOUR_MS],
    ["9999-12-31T23Z", SALE_NUMBER_MAX],
  ];
  for (const [key, number] of cases) {
    assert.equal(saleKeyOf(number), key);
    assert.equal(parseSaleKey(key), number);
    assert.equal(startsAtOf(number), Date.parse(key.replace("Z", ":00:00.000Z")));
  }
});

Deno.test("saleNumberAt() is the sale from its first millisecond to its last", () => {
  const start = startsAtOf(NUMBER);
  assert.equal(saleNumberAt(start - 1), NUMBER - 1);
  assert.equal(saleNumberAt(start), NUMBER);
  assert.equal(saleNumberAt(start + HOUR_MS - 1), NUMBER);
  assert.equal(saleNumberAt(start + HOUR_MS), NUMBER + 1);
});

Deno.test("saleKeyOf() and startsAtOf() name no hour outside the years 1970 to 9999, nor a part of one", () => {
  for (const number of [-1, SALE_NUMBER_MAX + 1, 0.5, NaN, Infinity]) {
    assert.throws(() => saleKeyOf(number), new RegExp(`RangeError.*received ${number}`), `${number}`);
    assert.throws(() => startsAtOf(number), RangeError, `${number}`);
  }
});

Deno.test("parseSaleKey() refuses every other spelling, and hours that never were", () => {
  const refused = ["", "2026-11-21", "2026-11-21T14", "2026-11-21T14:00Z", "2026-11-21T14z", "2026-11-21t14Z"];
  refused.push(" " + KEY, KEY + " ", KEY + "\n", "2026-11-21 14Z", "26-11-21T14Z", "+002026-11-21T14Z");
  refused.push("2026-11-21T24Z", "2026-11-21T25Z", "2026-13-01T00Z", "2026-00-01T00Z", "2026-02-29T00Z");
  refused.push("2026-02-30T00Z", "2026-04-31T00Z", "2026-01-00T00Z", "1969-12-31T23Z", "0000-01-01T00Z");
  refused.push("２026-11-21T14Z", "2026-11-2١T14Z");
  for (const key of refused) assert.equal(parseSaleKey(key), undefined, JSON.stringify(key));
});

Deno.test("parseSaleKey() reads what saleKeyOf() writes", () => {
  fc.assert(fc.property(number, (number) => {
    assert.equal(parseSaleKey(saleKeyOf(number)), number);
    assert.equal(saleNumberAt(startsAtOf(number)), number);
  }));
});

Deno.test("parseItemId() reads what itemIdOf() writes, and nothing else", () => {
  fc.assert(fc.property(number, fc.integer({ min: 0, max: ITEMS_MAX }), (number, n) => {
    assert.deepEqual(parseItemId(String(itemIdOf(number, n))), { number, n });
  }));
  assert.equal(itemIdOf(NUMBER, 7), NUMBER * 1_000_000 + 7);
  assert.deepEqual(parseItemId("0"), { number: 0, n: 0 });
  assert.deepEqual(parseItemId("70389527999999"), { number: SALE_NUMBER_MAX, n: ITEMS_MAX });
  const refused = ["", "00", "01", "+1", "-1", "-0", "1.0", "1e3", "0x1", " 1", "1 ", "1\n", "1_000", "१", "NaN", "x"];
  refused.push("70389528000000", "99999999999999", "100000000000000", "9".repeat(30));
  for (const text of refused) assert.equal(parseItemId(text), undefined, JSON.stringify(text));
});

Deno.test("parseCode() reads what formatCode() writes, for any 16 bytes", () => {
  fc.assert(fc.property(number, code, (number, code) => {
    const key = saleKeyOf(number);
    assert.deepEqual(parseCode(formatCode(key, code)), { key, number, code });
  }));
});

Deno.test("parseCode() takes 22 characters only where they are the one spelling of 16 bytes", () => {
  const almost = fc.tuple(
    fc.base64String({ minLength: 20, maxLength: 24 }),
    fc.constantFrom("", "A", "B", "Q", "=", "-"),
  );
  fc.assert(fc.property(almost, ([body, last]) => {
    const code = body.replace(/=+$/, "") + last;
    const bytes = Buffer.from(code, "base64url");
    const canonical = bytes.length === 16 && bytes.toString("base64url") === code;
    assert.equal(parseCode(`${KEY}.${code}`) !== undefined, canonical, code);
  }));
});

Deno.test("parseCode() refuses every other form", () => {
  const good = "A".repeat(22);
  assert.deepEqual(parseCode(`${KEY}.${good}`), { key: KEY, number: NUMBER, code: good });
  const refused = ["", ".", KEY, `${KEY}.`, good, `.${good}`, `${KEY}${good}`, `${KEY}..${good}`, `${KEY}.${good}.`];
  refused.push(`${KEY}.${good}A`, `${KEY}.${good.slice(1)}`, `${KEY}.${good}\n`, ` ${KEY}.${good}`, `${KEY}:${good}`);
  refused.push(`2026-11-21T24Z.${good}`, `2026-02-30T14Z.${good}`, `${KEY}.${"A".repeat(21)}B`);
  refused.push(
    `${KEY}.${"+".repeat(21)}A`,
    `${KEY}.${"/".repeat(21)}A`,
    `${KEY}.${"A".repeat(21)}=`,
    `${KEY}.é${good.slice(1)}`,
  );
  for (const text of refused) assert.equal(parseCode(text), undefined, JSON.stringify(text));
});
