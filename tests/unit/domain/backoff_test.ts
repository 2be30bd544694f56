import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs } from "../../../src/domain/backoff.ts";

Deno.test("backoffMs() doubles with each failure up to the longest wait", () => {
  const openers = { minMs: 250, maxMs: 5_000 };
  assert.deepEqual([1, 2, 3, 4, 5, 6, 1_000, 10_000].map((failures) => backoffMs(openers, failures, 0)), [
    ...[125, 250, 500, 1_000, 2_000],
    ...[2_500, 2_500, 2_500],
  ]);
  const actors = { minMs: 50, maxMs: 500 };
  assert.deepEqual([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(actors, failures, 0)), [25, 50, 100, 200, 250, 250]);
});

Deno.test("backoffMs() has its jitter over the upper half of the wait", () => {
  const wait = fc.record({ minMs: fc.integer({ min: 1, max: 1_000 }), maxMs: fc.integer({ min: 1_000, max: 60_000 }) });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(wait, fc.integer({ min: 1, max: 2_000 }), random, (wait, failures, random) => {
    const least = backoffMs(wait, failures, 0);
    assert(least >= wait.minMs / 2 && least <= wait.maxMs / 2);
    const ms = backoffMs(wait, failures, random);
    assert(least <= ms && ms <= 2 * least, `${least} ${ms}`);
    assert.equal(ms, least * (1 + random));
  }));
});
