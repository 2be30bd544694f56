import assert from "node:assert/strict";
import fc from "fast-check";
import {
  detailsOf,
  discountOf,
  isMoneyTerm,
  isWhole,
  type KindTerms,
  PLAIN,
} from "../../../src/domain/coupon_terms.ts";
import { compareMoney, moneyOf } from "../../../src/domain/money.ts";

function discount(more: Partial<KindTerms>): KindTerms {
  return { ...PLAIN, kind: "discount", ...more };
}

Deno.test("discountOf() is the percentage or the fixed amount, no more than its cap and than the order", () => {
  const fifteen = discount({ percentOff: "15.00", maxDiscount: "20.00", minOrder: "50.00" });
  const five = discount({ amountOff: "5.00" });
  const cases: [KindTerms, order: string, discount: string][] = [
    [fifteen, "50.00", "7.50"],
    [fifteen, "99.99", "15.00"],
    [fifteen, "133.33", "20.00"],
    [fifteen, "1000.00", "20.00"],
    [discount({ percentOff: "15.00" }), "1000.00", "150.00"],
    [discount({ percentOff: "100.00" }), "12.34", "12.34"],
    [five, "50.00", "5.00"],
    [five, "5.00", "5.00"],
    [five, "4.99", "4.99"],
    [five, "0.00", "0.00"],
    [discount({ amountOff: "5.00", maxDiscount: "3.00" }), "50.00", "3.00"],
  ];
  for (const [terms, order, expected] of cases) assert.equal(discountOf(terms, order), expected, order);
});

const amount = fc.bigInt({ min: 1n, max: 999_999_999_999_999n }).map((cents) => money(cents));
const small = fc.bigInt({ min: 1n, max: 100_000n }).map((cents) => money(cents));
const some = fc.oneof(small, amount);
const percent = fc.bigInt({ min: 1n, max: 10_000n }).map((hundredths) => money(hundredths));

function money(cents: bigint): string {
  return moneyOf(`${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`)!;
}

function centsOf(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

Deno.test("what is left of an order is never below zero, a discount never above its cap, and both are the order", () => {
  const off = fc.oneof(percent.map((percentOff) => ({ percentOff })), some.map((amountOff) => ({ amountOff })));
  fc.assert(
    fc.property(off, fc.option(some), fc.oneof(some, fc.constant("0.00")), (given, maxDiscount, orderAmount) => {
      const details = detailsOf(discount({ ...given, maxDiscount }), orderAmount, false)!;
      const [less, final] = [details.discountAmount!, details.finalAmount!];
      assert.equal(centsOf(less) + centsOf(final), centsOf(orderAmount));
      assert(centsOf(less) >= 0n && centsOf(final) >= 0n);
      if (maxDiscount !== null) assert(compareMoney(less, maxDiscount) <= 0);
    }),
  );
});

Deno.test("detailsOf() keeps an order where there is a discount on it, or a key that binds it", () => {
  const charge: KindTerms = { ...PLAIN, kind: "charge", credit: "9.00" };
  const half = discount({ percentOff: "50.00" });
  const whole = { orderAmount: "3.00", discountAmount: "1.50", finalAmount: "1.50" };
  assert.equal(detailsOf(PLAIN, undefined, true), undefined);
  assert.equal(detailsOf(PLAIN, "3.00", false), undefined);
  assert.deepEqual(detailsOf(PLAIN, "3.00", true), { orderAmount: "3.00" });
  assert.equal(detailsOf(half, undefined, true), undefined);
  assert.deepEqual(detailsOf(half, "3.00", false), whole);
  assert.deepEqual(detailsOf(half, "3.00", true), whole);
  assert.deepEqual(detailsOf(charge, undefined, true), { credit: "9.00" });
  assert.deepEqual(detailsOf(charge, "3.00", false), { credit: "9.00" });
  assert.deepEqual(detailsOf(charge, "3.00", true), { orderAmount: "3.00", credit: "9.00" });
});

Deno.test("isWhole() holds for what a coupon of its kind needs and no more", () => {
  const whole: KindTerms[] = [
    PLAIN,
    { ...PLAIN, segment: "gold" },
    discount({ percentOff: "15.00" }),
    discount({ amountOff: "5.00", maxDiscount: "3.00", minOrder: "9.00", segment: "gold" }),
    { ...PLAIN, kind: "charge", credit: "1.00", segment: "gold" },
  ];
  const parts: KindTerms[] = [
    { ...PLAIN, percentOff: "15.00" },
    { ...PLAIN, minOrder: "15.00" },
    { ...PLAIN, credit: "15.00" },
    discount({}),
    discount({ percentOff: "15.00", amountOff: "5.00" }),
    discount({ percentOff: "15.00", credit: "5.00" }),
    discount({ maxDiscount: "3.00" }),
    { ...PLAIN, kind: "charge" },
    { ...PLAIN, kind: "charge", credit: "1.00", maxDiscount: "1.00" },
  ];
  for (const terms of whole) assert(isWhole(terms), JSON.stringify(terms));
  for (const terms of parts) assert(!isWhole(terms), JSON.stringify(terms));
});

Deno.test("isMoneyTerm() takes amounts above 0, and percentages up to 100", () => {
  for (const value of ["0.01", "100.00"]) assert(isMoneyTerm("percentOff", value), value);
  for (const value of ["0.00", "100.01", "15", 15]) assert(!isMoneyTerm("percentOff", value), String(value));
  assert(isMoneyTerm("credit", "100.01"));
  assert(!isMoneyTerm("credit", "0.00"));
});
