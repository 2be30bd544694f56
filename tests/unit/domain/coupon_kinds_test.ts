/** Do discounts, charges and coupons for members follow the rules? */
import assert from "node:assert/strict";
import { contentOf, type Coupon, type CouponCommand, decide, evolve, undo } from "../../../src/domain/coupon.ts";
import { claim, create, edit, terms, validate, voidClaim } from "../../support/commands.ts";
import { apply, couponOf, NOW } from "../../support/coupons.ts";

const DISCOUNT = { kind: "discount", percentOff: "15.00", maxDiscount: "20.00", minOrder: "50.00" } as const;
const CHARGE = { kind: "charge", credit: "1000000.00" } as const;
const keyed = () => ({ id: crypto.randomUUID(), keyed: true });
const member = (segment: string, until: number) => ({ membership: { segment, until } });

/** What a claim, or a question, is answered with beside its unit. */
function detailsOf(coupon: Coupon, command: CouponCommand): unknown {
  const decision = decide(coupon, command, NOW);
  assert(decision.kind === "accepted" || decision.kind === "allowed", JSON.stringify(decision));
  return (decision.answer as { details?: unknown }).details;
}

Deno.test("decide() tests eligibility after the period, then the minimum, then the stock", () => {
  const gone = () => {
    const coupon = couponOf(1, { ...DISCOUNT, segment: "gold" });
    assert.equal(apply(coupon, claim("holder", {}, { ...member("gold", NOW + 1), orderAmount: "50.00" })), "accepted");
    return coupon;
  };
  const over = Object.assign(gone(), { endsAt: NOW });
  const small = { orderAmount: "49.99" };
  const cases: [string, Coupon, CouponCommand, string][] = [
    ["ended, though nobody knows of a membership", over, claim("u"), "ended"],
    ["a holder needs no membership", gone(), claim("holder"), "already_claimed"],
    ["no membership given", gone(), claim("u"), "membership_needed"],
    ["one of another segment", gone(), claim("u", {}, member("silver", NOW + 1)), "membership_needed"],
    ["one that is over", gone(), claim("u", {}, member("gold", NOW)), "not_eligible"],
    ["none", gone(), claim("u", {}, member("gold", 0)), "not_eligible"],
    ["a member without an order", gone(), claim("u", {}, member("gold", NOW + 1)), "below_minimum"],
    ["a member with a small order", gone(), claim("u", {}, { ...member("gold", NOW + 1), ...small }), "below_minimum"],
    ["a member", gone(), claim("u", {}, { ...member("gold", NOW + 1), orderAmount: "50.00" }), "sold_out"],
    ["a question", gone(), validate("u"), "membership_needed"],
    ["a question of a member", gone(), validate("u", {}, member("gold", NOW + 1)), "below_minimum"],
  ];
  for (const [name, coupon, command, expected] of cases) assert.equal(apply(coupon, command), expected, name);
});

Deno.test("decide() lets a member claim up to the last millisecond of the membership", () => {
  const coupon = couponOf(9, { segment: "gold" });
  const until = NOW + 1_000;
  assert.equal(apply(coupon, claim("a", {}, member("gold", until)), until - 1), "accepted");
  assert.equal(apply(coupon, claim("b", {}, member("gold", until)), until), "not_eligible");
});

Deno.test("decide() takes no notice of memberships where the coupon is for everyone", () => {
  const coupon = couponOf(9, {});
  assert.equal(apply(coupon, claim("a", {}, member("gold", 0))), "accepted");
});

Deno.test("decide() answers a claim, and a question, with the discount on its order", () => {
  const coupon = couponOf(9, DISCOUNT);
  const expected = { orderAmount: "99.99", discountAmount: "15.00", finalAmount: "84.99" };
  assert.deepEqual(detailsOf(coupon, claim("u", {}, { orderAmount: "99.99" })), expected);
  assert.deepEqual(detailsOf(coupon, validate("u", {}, { orderAmount: "99.99" })), expected);
  assert.equal(apply(coupon, claim("u")), "below_minimum", "no order at all");
  const any = couponOf(9, { kind: "discount", amountOff: "5.00" });
  assert.equal(detailsOf(any, claim("u")), undefined, "no order, and none is needed");
});

Deno.test("decide() answers a claim on a charge with its credit, whatever the order; a plain one with nothing", () => {
  assert.deepEqual(detailsOf(couponOf(9, CHARGE), claim("u", {}, { orderAmount: "5.00" })), { credit: "1000000.00" });
  assert.deepEqual(detailsOf(couponOf(9, CHARGE), validate("u")), { credit: "1000000.00" });
  assert.equal(detailsOf(couponOf(9, {}), claim("u", {}, { orderAmount: "5.00" })), undefined);
});

Deno.test("decide() edits a kind's terms, clears what is null, and refuses what the kind cannot have", () => {
  const coupon = couponOf(9, DISCOUNT);
  assert.equal(apply(coupon, edit({ percentOff: null })), "invalid_terms");
  assert.equal(apply(coupon, edit({ amountOff: "5.00" })), "invalid_terms");
  assert.equal(apply(coupon, edit({ credit: "5.00" })), "invalid_terms");
  assert.deepEqual([coupon.percentOff, coupon.amountOff], ["15.00", null], "a refusal changes nothing");
  assert.equal(
    apply(coupon, edit({ percentOff: null, amountOff: "5.00", minOrder: null, segment: "gold" })),
    "accepted",
  );
  const { kind, percentOff, amountOff, maxDiscount, minOrder, segment } = coupon;
  assert.deepEqual({ kind, percentOff, amountOff, maxDiscount, minOrder, segment }, {
    ...{ kind: "discount", percentOff: null, amountOff: "5.00", maxDiscount: "20.00", minOrder: null },
    segment: "gold",
  });
  assert.equal(apply(coupon, edit({ segment: null })), "accepted");
  assert.equal(coupon.segment, null);
  const charge = couponOf(9, CHARGE);
  assert.equal(apply(charge, edit({ credit: null })), "invalid_terms");
  assert.equal(apply(charge, edit({ credit: "7.00", kind: "plain", name: "x" } as never)), "accepted");
  assert.deepEqual([charge.credit, charge.kind, charge.name], ["7.00", "charge", "Promo"], "kind and name stay");
  assert.equal(apply(couponOf(9, {}), edit({ maxDiscount: "1.00" })), "invalid_terms");
});

Deno.test("decide() binds a key to the order, and to every term", () => {
  const coupon = couponOf(9, { kind: "discount", percentOff: "10.00" });
  const who = keyed();
  assert.equal(apply(coupon, claim("u", who, { orderAmount: "5.00" })), "accepted");
  assert.equal(apply(coupon, claim("u", who, { orderAmount: "5.00" })), "replay");
  assert.equal(apply(coupon, claim("u", who, { orderAmount: "5.01" })), "idempotency_key_reused");
  assert.equal(apply(coupon, claim("u", who)), "idempotency_key_reused");
  assert.equal(apply(coupon, voidClaim("u")), "accepted");
  assert.equal(apply(coupon, claim("u", who, { orderAmount: "5.00" })), "replay", "after a void too");
  const plain = couponOf(9, {});
  assert.equal(apply(plain, claim("u", who, { orderAmount: "5.00" })), "accepted");
  assert.equal(apply(plain, claim("u", who)), "idempotency_key_reused", "of a plain coupon too");
});

Deno.test("contentOf() differs wherever a request does, but not for a membership", () => {
  const who = keyed();
  const commands = [
    claim("u", who),
    claim("5.00 u", who),
    claim("u", who, { orderAmount: "5.00" }),
    claim("u", who, { orderAmount: "5.10" }),
    ...[DISCOUNT, CHARGE, { ...CHARGE, segment: "gold" }, { segment: "gold" }, { ...DISCOUNT, minOrder: null }].map((
      more,
    ) => create(terms("Promo", 1, more), who)),
    ...[{ segment: "gold" }, { segment: null }, { credit: "1.00" }, { minOrder: "1.00" }, { minOrder: null }].map((
      more,
    ) => edit(more, who)),
  ];
  assert.equal(new Set(commands.map(contentOf)).size, commands.length);
  assert.equal(contentOf(claim("u", who)), contentOf(claim("u", who, member("gold", 5))));
});

Deno.test("contentOf() of what there was before there were kinds is what it was", () => {
  assert.equal(contentOf(claim("u")), "claim u");
  assert.equal(contentOf(create(terms("Promo", 5, { endsAt: 7 }))), 'create ["Promo",5,null,7]');
  assert.equal(contentOf(create(terms("Promo", 5, { kind: "plain", segment: null }))), 'create ["Promo",5,null,null]');
  assert.equal(contentOf(edit({ amount: 5, endsAt: null })), "edit 5 - null -");
});

Deno.test("undo() takes back claims that came to more than their unit", () => {
  const coupon = couponOf(9, CHARGE);
  const who = keyed();
  const decision = decide(coupon, claim("u", who, { orderAmount: "1.00" }), NOW);
  assert(decision.kind === "accepted");
  evolve(coupon, decision.event);
  assert.equal(undo(coupon, [decision.event]), coupon);
  assert.deepEqual([coupon.remaining, coupon.holders.size, coupon.keys.has(who.id)], [9, 0, false]);
});
