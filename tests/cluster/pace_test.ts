import assert from "node:assert/strict";
import { Pace, PACED_MS, PacedStore, slotAfter } from "../../src/cluster/pace.ts";
import type { CouponKind } from "../../src/domain/coupon.ts";
import { FakeClock, settle } from "../support/fake_clock.ts";
import { MemoryStore } from "../support/memory_store.ts";

Deno.test("slotAfter() keeps the distance, and makes up for a short pause", () => {
  assert.equal(slotAfter(1_000, 100, 1_000), 1_010);
  assert.equal(slotAfter(1_005, 100, 1_000), 1_015, "one that waits pushes the next back");
  assert.equal(slotAfter(0, 100, 1_000), 980, "20 ms of a long pause count");
});

Deno.test("a second's activations are as many as the pace allows, and none is lost", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore();
  const pace = new Pace(clock, 200);
  const paced = new PacedStore<CouponKind>(store, pace);
  await clock.advance(1_000);
  pace.start();
  let done = 0;
  for (let key = 0; key < 500; key++) paced.activate(`k${key}`).then(() => done++);
  await settle();
  assert(done <= 5, `at once: ${done}`);
  await clock.advance(1_000);
  assert(done >= 200 && done <= 206, `after a second: ${done}`);
  await clock.advance(2_000);
  assert.equal(done, 500);
});

Deno.test("before joining and long after it nothing waits", async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1);
  assert.deepEqual([pace.take(), pace.take()], [0, 0]);
  pace.start();
  assert.equal(pace.take(), 0);
  assert(pace.take() > 900);
  await clock.advance(PACED_MS);
  assert.deepEqual([pace.take(), pace.take()], [0, 0]);
});
