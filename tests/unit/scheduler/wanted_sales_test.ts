import assert from "node:assert/strict";
import fc from "fast-check";
import { OWED_MAX, WantedSales } from "../../../src/scheduler/wanted_sales.ts";

Deno.test("missing() is the clock's hour, those ahead, then what is owed from the latest back", () => {
  /** Each step: the clock's hour, what should be missing, and which of it is then made. */
  type Step = readonly [hour: number, missing: number[], made: number[]];
  const cases: [what: string, ahead: number, steps: Step[]][] = [
    ["all goes well", 1, [[10, [10, 11], [10, 11]], [10, [], []], [11, [12], [12]], [12, [13], [13]]]],
    ["none ahead", 0, [[10, [10], [10]], [11, [11], [11]]]],
    ["three ahead", 3, [[10, [10, 11, 12, 13], [10]], [10, [11, 12, 13], []]]],
    ["the current one fails, those ahead do not", 1, [[10, [10, 11], [11]], [11, [12, 10], [12, 10]], [11, [], []]]],
    ["nothing can be made for three hours", 1, [
      [10, [10, 11], []],
      [11, [11, 12, 10], []],
      [12, [12, 13, 11, 10], [12, 13, 11, 10]],
      [12, [], []],
    ]],
    ["asleep for 25 hours", 1, [[10, [10, 11], [10, 11]], [35, [35, 36], [35, 36]], [35, [], []]]],
    ["asleep with a sale that failed ahead: its hour was slept through", 1, [[10, [10, 11], [10]], [35, [35, 36], []]]],
    ["asleep with the current sale owed", 1, [[10, [10, 11], [11]], [35, [35, 36, 10], []]]],
    ["two hours on", 1, [[10, [10, 11], [10, 11]], [12, [12, 13], []]]],
    ["two hours back, and forth", 1, [
      [10, [10, 11], [10, 11]],
      [8, [8, 9], [8, 9]],
      [9, [10], [10]],
      [10, [11], [11]],
    ]],
    ["back behind what is owed: it is not made too early", 1, [[10, [10, 11], []], [8, [8, 9], [8, 9]], [8, [], []]]],
  ];
  for (const [what, ahead, steps] of cases) {
    const wanted = new WantedSales(ahead);
    for (const [hour, missing, made] of steps) {
      assert.deepEqual(wanted.missing(hour), missing, `${what}, at ${hour}`);
      for (const number of made) wanted.add(number);
    }
  }
});

Deno.test("missing() gives up the oldest where more is owed than can be", () => {
  const wanted = new WantedSales(0);
  for (let hour = 0; hour < 1_000; hour++) wanted.missing(hour);
  assert.deepEqual(wanted.missing(1_000), Array.from({ length: OWED_MAX }, (_, index) => 1_000 - index));
});

Deno.test("missing() always has the current hour, unless it is there, and never one beyond those ahead", () => {
  const step = fc.record({ hour: fc.integer({ min: 0, max: 60 }), made: fc.array(fc.nat(5)) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), fc.array(step, { maxLength: 40, size: "max" }), (ahead, steps) => {
      const wanted = new WantedSales(ahead);
      const there = new Set<number>();
      const lived = new Set<number>();
      for (const { hour, made } of steps) {
        lived.add(hour);
        const missing = wanted.missing(hour);
        assert.equal(new Set(missing).size, missing.length, "none twice");
        assert.equal(missing[0] === hour, !wanted.has(hour), "the current one comes first");
        if (wanted.has(hour)) assert(there.has(hour), "what is there was made");
        for (let next = hour; next <= hour + ahead; next++) {
          assert(missing.includes(next) || there.has(next), `${next}`);
        }
        for (const number of missing) {
          assert(number <= hour + ahead, "none too early");
          assert(number >= hour || lived.has(number), "no hour that was slept through");
        }
        for (const index of made) {
          if (missing[index] === undefined) continue;
          wanted.add(missing[index]);
          there.add(missing[index]);
        }
      }
    }),
  );
});
