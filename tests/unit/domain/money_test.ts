import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareMoney,
  isMoney,
  lesserOf,
  lessOf,
  MONEY_MAX,
  moneyOf,
  percentageOf,
} from "../../../src/domain/money.ts";

/** Cents as the text that they are; reckoned apart from the code under test. */
function text(cents: bigint): string {
  return `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
}

const cents = fc.bigInt({ min: 0n, max: 999_999_999_999_999n });

Deno.test("moneyOf() takes decimal texts and numbers of up to two places, and gives one form", () => {
  const cases: [unknown, string][] = [
    ["7.50", "7.50"],
    ["7.5", "7.50"],
    ["7", "7.00"],
    [7, "7.00"],
    [7.5, "7.50"],
    [0, "0.00"],
    [-0, "0.00"],
    ["0", "0.00"],
    ["0.01", "0.01"],
    [0.01, "0.01"],
    [49.99, "49.99"],
    [1_000_000, "1000000.00"],
    ["9999999999999.99", MONEY_MAX],
    [9999999999999.99, MONEY_MAX],
  ];
  for (const [value, expected] of cases) assert.equal(moneyOf(value), expected, String(value));
});

Deno.test("moneyOf() takes nothing else", () => {
  const wrong = [
    "",
    " ",
    "1 ",
    "+1",
    "-1",
    "-0.01",
    "01",
    "1.",
    ".5",
    "1.005",
    "1e3",
    "1,5",
    "0x10",
    "NaN",
    "Infinity",
    "٣",
  ];
  const values = [...wrong, "10000000000000", "10000000000000.00", 1e13, 1e21, 1.005, -1, 0.1 + 0.2, NaN, Infinity];
  for (const value of [...values, null, undefined, true, [], ["1"], {}, 5n]) {
    assert.equal(moneyOf(value), undefined, String(value));
  }
});

Deno.test("isMoney() holds for the one form alone", () => {
  for (const value of ["0.00", "7.50", MONEY_MAX]) assert(isMoney(value), value);
  for (const value of ["7.5", "7", "07.50", "-1.00", "10000000000000.00", 7.5, null]) {
    assert(!isMoney(value), String(value));
  }
});

Deno.test("moneyOf() and its reckoning are exact for every amount of cents", () => {
  fc.assert(fc.property(cents, cents, (one, other) => {
    assert.equal(moneyOf(text(one)), text(one));
    assert.equal(moneyOf(Number(text(one))), text(one), "as a number");
    assert.equal(Math.sign(compareMoney(text(one), text(other))), one < other ? -1 : one > other ? 1 : 0);
    const [less, more] = one < other ? [one, other] : [other, one];
    assert.equal(lesserOf(text(one), text(other)), text(less));
    assert.equal(lessOf(text(more), text(less)), text(more - less));
  }));
  assert.throws(() => lessOf("1.00", "1.01"), RangeError);
});

Deno.test("percentageOf() rounds to cents, half to the even cent", () => {
  const cases: [amount: string, percent: string, expected: string][] = [
    ["50.00", "15.00", "7.50"],
    ["99.99", "15.00", "15.00"], // 14.9985
    ["0.50", "25.00", "0.12"], // 0.125
    ["0.54", "25.00", "0.14"], // 0.135
    ["0.50", "25.01", "0.13"],
    ["0.10", "5.00", "0.00"], // 0.005
    ["0.30", "5.00", "0.02"], // 0.015
    ["100.00", "0.01", "0.01"],
    ["33.33", "33.33", "11.11"], // 11.108889
    [MONEY_MAX, "100.00", MONEY_MAX],
    [MONEY_MAX, "50.00", "5000000000000.00"], // …999.995
    ["9999999999999.97", "50.00", "4999999999999.98"], // …999.985
  ];
  for (const [amount, percent, expected] of cases) assert.equal(percentageOf(amount, percent), expected, amount);
});

Deno.test("percentageOf() is what whole numbers say", () => {
  fc.assert(fc.property(cents, fc.bigInt({ min: 1n, max: 10_000n }), (amount, percent) => {
    const exact = amount * percent; // in 1/10,000 of a cent
    const down = exact / 10_000n;
    const rest = exact % 10_000n;
    const up = rest > 5_000n || rest === 5_000n && down % 2n === 1n;
    assert.equal(percentageOf(text(amount), text(percent)), text(up ? down + 1n : down));
  }));
});
