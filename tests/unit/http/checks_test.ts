/** Do the checks allow what the domain does, and does the document allow all that they allow? */
import assert from "node:assert/strict";
import fc from "fast-check";
import type * as z from "zod";
import { moneyOf } from "../../../src/domain/money.ts";
import { isUserId, normalizeName } from "../../../src/domain/name_key.ts";
import { bulkOf } from "../../../src/contract/bulk_checks.ts";
import { changesOf, checked, claimOf, membershipOf, termsOf } from "../../../src/contract/checks.ts";
import {
  BulkBody,
  ClaimBody,
  CreateBody,
  EditBody,
  MembershipBody,
  SaleEditBody,
} from "../../../src/contract/bodies.ts";
import { ROUTES } from "../../../src/http/routes/mod.ts";
import { makeDocument } from "../../../src/http/openapi/document.ts";
import { named } from "../../../src/contract/named.ts";
import { InvalidRequest } from "../../../src/contract/invalid.ts";
import { Described } from "../../support/described.ts";

/** Texts at and beyond the edges of what names, ids and times may be. */
const TEXTS = [
  "",
  " ",
  "a",
  " a ",
  "\u3000",
  "\n",
  "a\u0000b",
  "\u007f",
  "\u0085",
  "\ufffd",
  "\ud800",
  "x".repeat(255),
];
TEXTS.push("x".repeat(256), "🎉".repeat(255), "🎉".repeat(256), "e\u0301".repeat(255), ".", "..", "a/b", "a／b", "․․");
TEXTS.push(
  "ﬀ".repeat(128),
  "PROMO",
  "2026-11-21T14:00:00Z",
  "2026-11-21t14:00:00.123456789+05:30",
  "2026-02-30T00:00:00Z",
);
TEXTS.push("2026-11-21 14:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "2026-11-21T24:00:00Z");
TEXTS.push(
  "2026-11-21T14:00:60Z",
  "2026-11-21T14:00:00+23:59",
  "2026-11-21T14:00:00-00:00",
  "2026-11-21T14:00:00+01:60",
);

const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: "binary", maxLength: 300 }), fc.string());
const number = fc.oneof(fc.constantFrom(0, -0, 1, 2_147_483_647, 2_147_483_648, 1.5, 1e300), fc.integer(), fc.double());
const any = fc.oneof(text, number, fc.constantFrom(true, false, null, undefined), fc.jsonValue());

/** Bodies of these fields: all good, and with some of them wrong, missing, or beside unknown ones. */
function bodies(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const good = fc.record(fields, { requiredKeys: [] });
  const some = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fc.oneof(value, any)]));
  const bad = fc.record(some, { requiredKeys: [] });
  const more = fc.tuple(bad, fc.oneof(fc.constantFrom("", "Amount", "constructor", "toString"), text), any)
    .map(([body, name, value]) => ({ ...body, [name]: value }));
  const mutated = fc.oneof({ weight: 4, arbitrary: good }, { weight: 4, arbitrary: bad }, more, any);
  // As they come: undefined fields are none, and __proto__ is a field like any other.
  return mutated.map((body) => JSON.parse(JSON.stringify(body ?? null).replace('"toString"', '"__proto__"')));
}

const name = fc.oneof(fc.constantFrom("PROMO", " promo ", "Ünï", "a b"), text);
const user = fc.oneof(fc.constantFrom("user_1", "🎉"), text);
const time = fc.oneof(
  fc.constant(null),
  fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }).map((date) => date.toISOString()),
);
const units = fc.oneof(fc.integer({ min: 1, max: 100 }), number);
/** Amounts at and beyond the edges of what one may be. */
const AMOUNTS = [
  "49.99",
  "0",
  "0.0",
  "0.01",
  "100",
  "100.01",
  "9999999999999.99",
  "10000000000000",
  "1.005",
  "01",
  "-1",
];
const money = fc.oneof(
  fc.constantFrom(...AMOUNTS, ...AMOUNTS.map(Number), null),
  fc.integer({ min: 1, max: 100_000 }).map((cents) => cents / 100),
  fc.integer({ min: 1, max: 9_999 }).map((cents) => (cents / 100).toFixed(2)),
);
const segment = fc.oneof(fc.constantFrom("gold", null), text);
const CLAIM = { user_id: user, coupon_name: name, order_amount: money };
const TERMS = { amount: units, starts_at: time, ends_at: time, segment };
const DISCOUNT = { kind: fc.constant("discount"), max_discount: money, min_order: money };
/** Of each kind, and of none. */
const KINDS: Record<string, fc.Arbitrary<unknown>>[] = [
  {},
  { kind: fc.constantFrom("plain", "gift", null), segment },
  { ...DISCOUNT, percent_off: money },
  { ...DISCOUNT, amount_off: money },
  { kind: fc.constant("charge"), credit: money },
];
const MONEY = { percent_off: money, amount_off: money, max_discount: money, min_order: money, credit: money };
const EDIT = { ...TERMS, ...MONEY, paused: fc.boolean() };
const BULK = { count: units, pattern: fc.oneof(fc.constantFrom("A-####-????", "\\#-????", "#"), text), ...TERMS };
const MEMBERSHIP = { ID: user, segment, expiredSegment: fc.oneof(fc.integer({ min: 0 }), number) };

/** What a check makes of a body; undefined where it refuses. */
function allowed<T>(check: (body: unknown) => T, body: unknown): T | undefined {
  try {
    return check(body);
  } catch (error) {
    assert(error instanceof InvalidRequest, String(error));
    return undefined;
  }
}

/** A check as the guard and the handler make it: the schema, then what it means. */
function by<Body, T>(schema: z.ZodType<Body>, meaning: (body: Body) => T): (body: unknown) => T {
  return (body) => meaning(checked(schema, body));
}

Deno.test("a claim's body is taken where user, name and amount each keep the domain's rule, and not else", () => {
  const counts = { allowed: 0, refused: 0 };
  const check = (body: unknown) => {
    const claim = allowed(by(ClaimBody, claimOf), body);
    // deno-lint-ignore no-explicit-any -- it may be anything
    const { user_id, coupon_name, order_amount, ...more } = Object(body) as any;
    const fold = typeof coupon_name === "string" ? normalizeName(coupon_name) : undefined;
    const hasAmount = order_amount !== undefined && order_amount !== null;
    const orderAmount = hasAmount ? moneyOf(order_amount) : undefined;
    const isRight = !Array.isArray(body) && Object.keys(more).length === 0 && isUserId(user_id) && fold !== undefined &&
      hasAmount === (orderAmount !== undefined);
    const right = { userId: user_id, fold, ...orderAmount !== undefined && { orderAmount } };
    assert.deepEqual(claim, isRight ? right : undefined, JSON.stringify(body));
    counts[isRight ? "allowed" : "refused"]++;
  };
  for (const one of TEXTS) {
    for (const other of ["a", one]) {
      check({ user_id: one, coupon_name: other });
      check({ user_id: other, coupon_name: one });
    }
    check({ user_id: "a", coupon_name: "a", order_amount: one });
  }
  for (const order_amount of [...AMOUNTS, ...AMOUNTS.map(Number), null, true, [], {}, 1e21, 1e-7]) {
    check({ user_id: "a", coupon_name: "a", order_amount });
  }
  for (const body of [null, [], 5, "a", {}, { user_id: "a" }, { coupon_name: "a" }, [{ user_id: "a" }]]) check(body);
  fc.assert(fc.property(bodies(CLAIM), check), { numRuns: 3_000 });
  assert(counts.allowed > 100 && counts.refused > 100, JSON.stringify(counts));
});

/** A body's name, schema and check, the least that is allowed, and bodies of all kinds. */
const CHECKS: [string, z.ZodObject, (body: unknown) => unknown, Record<string, unknown>, fc.Arbitrary<unknown>][] = [
  ["a claim", ClaimBody, by(ClaimBody, claimOf), { user_id: "a", coupon_name: "a" }, bodies(CLAIM)],
  [
    "a create",
    CreateBody,
    by(CreateBody, termsOf),
    { name: "a", amount: 1 },
    fc.oneof(...KINDS.map((kind) => bodies({ name, ...TERMS, ...kind }))),
  ],
  [
    "a bulk request",
    BulkBody,
    by(BulkBody, bulkOf),
    { count: 1, pattern: "A-####-????" },
    fc.oneof(...KINDS.map((kind) => bodies({ ...BULK, ...kind })), bodies({ count: units, unguessable: fc.boolean() })),
  ],
  [
    "a membership",
    MembershipBody,
    by(MembershipBody, membershipOf),
    { ID: "a", segment: "a", expiredSegment: 1 },
    bodies(MEMBERSHIP),
  ],
  ["an edit", EditBody, by(EditBody, changesOf), {}, bodies(EDIT)],
  ["a sale's edit", SaleEditBody, by(SaleEditBody, (body) => body), {}, bodies({ paused: fc.boolean() })],
];

for (const [what, schema, check, least, arbitrary] of CHECKS) {
  Deno.test(`the document allows each body of ${what} that the check allows`, () => {
    const described = new Described(makeDocument(ROUTES));
    let count = 0;
    const hold = (body: unknown) => {
      if (allowed(check, body) === undefined) return;
      count++;
      const wrong = described.wrongBy(["components", "schemas", named.get(schema)!.id], body);
      assert.equal(wrong, undefined, JSON.stringify(body));
    };
    for (const field of Object.keys(schema.shape)) {
      for (const one of [...TEXTS, ...AMOUNTS, ...AMOUNTS.map(Number)]) hold({ ...least, [field]: one });
    }
    fc.assert(fc.property(arbitrary, hold), { numRuns: 2_000 });
    assert(count > 50, String(count));
  });
}

Deno.test("no check takes a field that it does not know, whatever it is called", () => {
  for (const [what, , check, least] of CHECKS) {
    check(least);
    for (const field of ["__proto__", "constructor", "", "Amount"]) {
      const body = JSON.parse(`{${JSON.stringify(least).slice(1, -1)},"${field}":{}}`.replace("{,", "{"));
      assert.equal(allowed(check, body), undefined, `${what} with ${field}`);
    }
  }
});
