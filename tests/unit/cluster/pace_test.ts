import assert from "node:assert/strict";
import { ActorSystem } from "../../../src/actors/actor_system.ts";
import type { Admit } from "../../../src/ports/mod.ts";
import { Pace, PACED_MS, slotAfter } from "../../../src/cluster/pace.ts";
import { type CouponKind, couponRules } from "../../../src/domain/coupon.ts";
import { ClusterWorld } from "../../support/cluster_world.ts";
import { validate } from "../../support/commands.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { MemoryStore } from "../../support/memory_store.ts";
import { fate } from "../../support/world.ts";

const LIMITS = { mailboxMax: 10, awakeMax: 1_000, idleMs: 60_000, timeoutMs: 2_000 };
const EVENTS = { activated() {}, fenced() {}, turned() {} };

Deno.test("slotAfter() keeps the distance, and makes up for a short pause", () => {
  assert.equal(slotAfter(1_000, 100, 1_000), 1_010);
  assert.equal(slotAfter(1_005, 100, 1_000), 1_015, "one that waits pushes the next back");
  assert.equal(slotAfter(0, 100, 1_000), 980, "20 ms of a long pause count");
});

Deno.test("a second's activations are as many as the pace allows, and none is lost", async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 200);
  const actors = new ActorSystem<CouponKind>(
    couponRules,
    new MemoryStore(),
    clock,
    { ...LIMITS, timeoutMs: 5_000 },
    EVENTS,
    pace.admit,
  );
  await clock.advance(1_000);
  pace.start();
  let done = 0;
  const ask = (key: string) => actors.ask(key, validate("u")).then(() => done++);
  for (let key = 0; key < 500; key++) ask(`k${key}`);
  await settle();
  assert(done <= 5, `at once: ${done}`);
  await clock.advance(1_000);
  assert(done >= 200 && done <= 206, `after a second: ${done}`);
  await clock.advance(2_000);
  assert.equal(done, 500);
  await clock.advance(PACED_MS);
  for (let key = 0; key < 500; key++) ask(`k${key}`);
  await clock.advance(1);
  assert.equal(done, 1_000, "later none waits");
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

Deno.test("a pace lasts for five seconds, to the last millisecond", async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1);
  pace.start();
  await clock.advance(4_999);
  pace.take();
  assert(pace.take() > 0);
});

Deno.test("a node's pace begins when it joins", async () => {
  const world = new ClusterWorld();
  const { admit } = world.make("a").cluster;
  const waits = (ask: Admit) => Array.from({ length: 1_000 }, ask).some((wait) => wait !== undefined);
  assert(!waits(admit));
  await world.start("b");
  assert(!waits(admit), "of another it does not");
  await world.start("c");
  assert(waits(world.node("c").cluster.admit));
});

Deno.test("stop() while actors wait for the pace: each command is told something, and nothing is left", async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 10);
  const actors = new ActorSystem<CouponKind>(couponRules, new MemoryStore(), clock, LIMITS, EVENTS, pace.admit);
  pace.start();
  const fates = Array.from({ length: 30 }, (_, key) => fate(actors.ask(`k${key}`, validate("u"))));
  await clock.advance(50);
  let isOver = false;
  actors.stop().then(() => isOver = true);
  await clock.advance(3_100);
  assert(isOver);
  const told = await Promise.all(fates);
  assert.deepEqual(new Set(told.slice(0, 20)), new Set(["coupon_not_found"]));
  assert.deepEqual(new Set(told.slice(-5)), new Set(["deadline"]), "their turn came too late");
  assert.deepEqual([clock.timers, actors.awake], [0, 0]);
});
