import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contentOf,
  type Coupon,
  type CouponCommand,
  decide,
  evolve,
  undo,
  viewOf,
} from "../../../src/domain/coupon.ts";
import { claim, create, edit, terms, validate, voidClaim } from "../../support/commands.ts";
import { apply, couponOf, NOW } from "../../support/coupons.ts";

const HOUR = 3_600_000;

Deno.test("decide() refuses with the first reason in the written order", () => {
  const open = () => couponOf(1);
  const sold = () => {
    const coupon = couponOf(1);
    apply(coupon, claim("holder"));
    return coupon;
  };
  const paused = (coupon: Coupon) => Object.assign(coupon, { paused: true });
  const later = (coupon: Coupon) => Object.assign(coupon, { startsAt: NOW + 1 });
  const over = (coupon: Coupon) => Object.assign(coupon, { endsAt: NOW });
  const cases: [string, Coupon | undefined, CouponCommand, string][] = [
    ["a claim on nothing", undefined, claim("u"), "coupon_not_found"],
    ["an edit of nothing", undefined, edit({}), "coupon_not_found"],
    ["a void on nothing", undefined, voidClaim("u"), "coupon_not_found"],
    ["a second create", open(), create(terms("promo", 1)), "coupon_exists"],
    ["a holder on all reasons at once", over(later(paused(sold()))), claim("holder"), "already_claimed"],
    ["another on all reasons at once", over(later(paused(sold()))), claim("u"), "paused"],
    ["before the start, though ended and sold out", over(later(sold())), claim("u"), "not_started"],
    ["at the end, though sold out", over(sold()), claim("u"), "ended"],
    ["sold out", sold(), claim("u"), "sold_out"],
    ["a question when sold out", sold(), validate("u"), "sold_out"],
    ["a void of no claim", sold(), voidClaim("u"), "claim_not_found"],
    ["an end before the start", open(), edit({ startsAt: NOW, endsAt: NOW }), "invalid_period"],
    [
      "less than claimed",
      (() => {
        const coupon = couponOf(5);
        apply(coupon, claim("a"));
        apply(coupon, claim("b"));
        return coupon;
      })(),
      edit({ amount: 1 }),
      "amount_below_claimed",
    ],
    ["a claim", open(), claim("u"), "accepted"],
    ["a question", open(), validate("u"), "allowed"],
    ["a void", sold(), voidClaim("holder"), "accepted"],
    ["an edit of nothing", open(), edit({}), "accepted"],
  ];
  for (const [name, coupon, command, expected] of cases) {
    const decision = decide(coupon, command, NOW);
    assert.equal(decision.kind === "refused" ? decision.refusal : decision.kind, expected, name);
  }
});

Deno.test("decide() opens at the first millisecond of the period and closes at its last", () => {
  const coupon = couponOf(10, { startsAt: NOW, endsAt: NOW + HOUR });
  assert.equal(apply(coupon, claim("a"), NOW - 1), "not_started");
  assert.equal(apply(coupon, claim("a"), NOW), "accepted");
  assert.equal(apply(coupon, claim("b"), NOW + HOUR - 1), "accepted");
  assert.equal(apply(coupon, claim("c"), NOW + HOUR), "ended");
});

Deno.test("decide() replays the same id, and refuses it with other content", () => {
  const coupon = couponOf(5);
  const who = { id: crypto.randomUUID(), keyed: true };
  assert.equal(apply(coupon, claim("a", who)), "accepted");
  assert.equal(apply(coupon, claim("a", who)), "replay");
  assert.equal(apply(coupon, validate("a", who)), "replay");
  assert.equal(apply(coupon, claim("b", who)), "idempotency_key_reused");
  assert.equal(apply(coupon, edit({ amount: 9 }, who)), "idempotency_key_reused");
  assert.equal(apply(coupon, voidClaim("a")), "accepted");
  assert.equal(apply(coupon, claim("a", who)), "replay", "a later void notwithstanding");
});

Deno.test("decide() binds no key to a refusal", () => {
  const coupon = couponOf(1);
  const who = { id: crypto.randomUUID(), keyed: true };
  apply(coupon, claim("a"));
  assert.equal(apply(coupon, claim("b", who)), "sold_out");
  apply(coupon, edit({ amount: 2 }));
  assert.equal(apply(coupon, claim("b", who)), "accepted");
});

Deno.test("decide() edits what is given, clears what is null, keeps the rest", () => {
  const coupon = couponOf(10, { startsAt: NOW, endsAt: NOW + HOUR });
  apply(coupon, claim("a"));
  apply(coupon, edit({ amount: 20, startsAt: null, paused: true }), NOW + 5);
  assert.deepEqual(
    { amount: coupon.amount, remaining: coupon.remaining, startsAt: coupon.startsAt, endsAt: coupon.endsAt },
    { amount: 20, remaining: 19, startsAt: null, endsAt: NOW + HOUR },
  );
  assert.equal(coupon.paused, true);
  assert.equal(coupon.updatedAt, NOW + 5);
  apply(coupon, edit({}), NOW + 9);
  assert.equal(coupon.updatedAt, NOW + 9);
  assert.equal(coupon.paused, true);
});

Deno.test("any order of claims, voids and restocks keeps claims + remaining = amount, one claim a user", () => {
  const user = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const step = fc.oneof(
    user.map((userId) => claim(userId)),
    user.map((userId) => voidClaim(userId)),
    fc.integer({ min: 1, max: 8 }).map((amount) => edit({ amount })),
    fc.boolean().map((paused) => edit({ paused })),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60, size: "max" }), (amount, steps) => {
      const coupon = couponOf(amount);
      const holders = new Set<string>();
      for (const command of steps) {
        const said = apply(coupon, command);
        if (said === "accepted" && command.kind === "claim") {
          assert(!holders.has(command.userId), "one claim a user");
          holders.add(command.userId);
        }
        if (said === "accepted" && command.kind === "void") assert(holders.delete(command.userId));
        assert.equal(coupon.holders.size, holders.size);
        assert.equal(holders.size + coupon.remaining, coupon.amount);
        assert(coupon.remaining >= 0);
      }
    }),
  );
});

Deno.test("the same command twice is one change and a replay, whatever came between", () => {
  const user = fc.constantFrom("a", "b", "c");
  const who = fc.constantFrom("1", "2", "3", "4").map((id) => ({ id, keyed: true }));
  const step = fc.oneof(
    fc.tuple(user, who).map(([userId, id]) => claim(userId, id)),
    fc.tuple(user, who).map(([userId, id]) => voidClaim(userId, id)),
    fc.tuple(fc.integer({ min: 1, max: 4 }), who).map(([amount, id]) => edit({ amount }, id)),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
    const coupon = couponOf(3);
    const accepted = new Map<string, string>();
    for (const command of steps) {
      const before = JSON.stringify([coupon.amount, coupon.remaining, coupon.seq]);
      const said = apply(coupon, command);
      const content = contentOf(command);
      const known = accepted.get(command.id);
      if (known !== undefined) {
        assert.equal(said, known === content ? "replay" : "idempotency_key_reused");
        assert.equal(JSON.stringify([coupon.amount, coupon.remaining, coupon.seq]), before);
      } else if (said === "accepted") {
        accepted.set(command.id, content);
      }
    }
  }));
});

Deno.test("evolve() refuses an event of a coupon that was not created", () => {
  const decision = decide(couponOf(1), claim("a"), NOW);
  assert(decision.kind === "accepted");
  assert.throws(() => evolve(undefined, decision.event), /not created: received claimed/);
});

Deno.test("undo() of claims, turn by turn in any order, brings the state before them; of others none", () => {
  const turns = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(turns, fc.boolean(), (sizes, reversed) => {
    const coupon = couponOf(100);
    apply(coupon, claim("first"));
    const before = { ...viewOf(coupon), seq: coupon.seq, keys: [...coupon.keys] };
    const events = sizes.map((size, turn) =>
      Array.from({ length: size }, (_, user) => {
        const decision = decide(coupon, claim(`${turn}-${user}`, { id: crypto.randomUUID(), keyed: user === 0 }), NOW);
        assert(decision.kind === "accepted");
        evolve(coupon, decision.event);
        return decision.event;
      })
    );
    for (const turn of reversed ? events.toReversed() : events) assert.equal(undo(coupon, turn), coupon);
    assert.deepEqual({ ...viewOf(coupon), seq: coupon.seq, keys: [...coupon.keys] }, before);
    assert.deepEqual([coupon.holders.size, coupon.holders.has("first")], [1, true]);
  }));
  const decision = decide(couponOf(1), edit({ paused: true }), NOW);
  assert(decision.kind === "accepted");
  assert.equal(undo(couponOf(1), [decision.event]), undefined);
});
