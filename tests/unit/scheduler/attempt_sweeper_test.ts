import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { type AttemptStore, AttemptSweeper } from "../../../src/scheduler/attempt_sweeper.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { StandingClock } from "../../support/standing_clock.ts";
import { gate } from "../../support/world.ts";

const START = Date.UTC(2026, 10, 21, 10, 20);
const MINUTE_MS = 60_000;
const KEEP_MS = 30 * 24 * HOUR_MS;

/** Attempts in memory: each sale's key with its end. */
class FakeAttempts implements AttemptStore {
  readonly ends = new Map<string, number>();
  /** Milliseconds before which attempts were to be dropped, call by call. */
  readonly calls: number[] = [];
  failure: Fault | undefined;
  gate: Promise<void> = Promise.resolve();

  async dropAttempts(beforeMs: number): Promise<string[]> {
    this.calls.push(beforeMs);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const old = [...this.ends].filter(([, endsAt]) => endsAt < beforeMs).map(([key]) => key);
    for (const key of old) this.ends.delete(key);
    return old;
  }
}

interface Told {
  readonly dropped: string[][];
  readonly failed: unknown[];
}

async function withSweepers(
  nodes: number,
  attempts: FakeAttempts,
  body: (clock: FakeClock, told: Told) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock(START);
  const told: Told = { dropped: [], failed: [] };
  const events = {
    dropped: (keys: readonly string[]) => void told.dropped.push([...keys]),
    failed: (error: unknown) => void told.failed.push(error),
  };
  const sweepers = Array.from({ length: nodes }, () => new AttemptSweeper(attempts, clock, KEEP_MS, events));
  for (const sweeper of sweepers) sweeper.start();
  await settle();
  await body(clock, told);
  for (const sweeper of sweepers) await sweeper.stop();
  assert.equal(clock.timers, 0, "no timer is left");
}

/** When calls were made, as minutes after the start. */
function minutes(attempts: FakeAttempts): number[] {
  return attempts.calls.map((beforeMs) => (beforeMs + KEEP_MS - START) / MINUTE_MS);
}

Deno.test("attempts are swept once at the start, and then each hour at half past", async () => {
  const attempts = new FakeAttempts();
  await withSweepers(1, attempts, async (clock) => {
    assert.deepEqual(minutes(attempts), [0]);
    await clock.advance(3 * HOUR_MS);
    assert.deepEqual(minutes(attempts), [0, 10, 70, 130]);
  });
});

Deno.test("attempts older than they are kept are dropped, each sale's once, by however many nodes", async () => {
  const attempts = new FakeAttempts();
  attempts.ends.set("older", START - KEEP_MS - 1);
  attempts.ends.set("old in an hour", START - KEEP_MS + HOUR_MS);
  attempts.ends.set("young", START);
  await withSweepers(3, attempts, async (clock, told) => {
    assert.deepEqual(told.dropped, [["older"]]);
    await clock.advance(2 * HOUR_MS);
    assert.deepEqual(told.dropped, [["older"], ["old in an hour"]]);
    assert.deepEqual([...attempts.ends.keys()], ["young"]);
    assert.deepEqual(told.failed, []);
  });
});

Deno.test("a fault is told, and the next sweep tries again", async () => {
  const attempts = new FakeAttempts();
  attempts.ends.set("older", START - KEEP_MS - 1);
  attempts.failure = new Fault("storage_unavailable", "as the test wants it");
  await withSweepers(1, attempts, async (clock, told) => {
    assert.deepEqual(told, { dropped: [], failed: [attempts.failure] });
    attempts.failure = undefined;
    await clock.advance(10 * MINUTE_MS);
    assert.equal(told.failed.length, 1);
    assert.deepEqual(told.dropped, [["older"]]);
  });
});

Deno.test("wherever the clock leaps, the next sweep comes within an hour, and goes by the clock's own time", async () => {
  for (const leapMs of [-2 * HOUR_MS, 2 * HOUR_MS, 25 * HOUR_MS]) {
    const attempts = new FakeAttempts();
    await withSweepers(1, attempts, async (clock) => {
      clock.epoch += leapMs;
      await clock.advance(HOUR_MS);
      assert.deepEqual(minutes(attempts), [0, leapMs / MINUTE_MS + 10]);
    });
  }
});

Deno.test("a timer that fires early sweeps no second time", async () => {
  const attempts = new FakeAttempts();
  await withSweepers(1, attempts, async (clock) => {
    clock.epoch -= 5 * MINUTE_MS;
    await clock.advance(10 * MINUTE_MS);
    assert.deepEqual(minutes(attempts), [0], "10:25 by the clock");
    await clock.advance(5 * MINUTE_MS);
    assert.deepEqual(minutes(attempts), [0, 10]);
  });
});

Deno.test("the clock stands still just before half past: it is looked at no oftener than need be", async () => {
  const attempts = new FakeAttempts();
  const clock = new StandingClock(START + 10 * MINUTE_MS - 1);
  const sweeper = new AttemptSweeper(attempts, clock, KEEP_MS, { dropped() {}, failed() {} });
  sweeper.start();
  await settle();
  clock.epoch -= HOUR_MS;
  let looks = 0;
  clock.after = (delayMs, callback) => {
    looks++;
    return FakeClock.prototype.after.call(clock, delayMs, callback);
  };
  await clock.advance(HOUR_MS - 1);
  assert.equal(attempts.calls.length, 1);
  assert(looks <= 60, `${looks} looks in an hour`);
  await clock.advance(2 * MINUTE_MS);
  assert.equal(attempts.calls.length, 2);
  await sweeper.stop();
});

Deno.test("stop() waits for the sweep under way, and no other follows", async () => {
  const attempts = new FakeAttempts();
  const clock = new FakeClock(START);
  const held = gate();
  attempts.gate = held.promise;
  const sweeper = new AttemptSweeper(attempts, clock, KEEP_MS, { dropped() {}, failed() {} });
  sweeper.start();
  let stopped = false;
  const stopping = sweeper.stop().then(() => stopped = true);
  await settle();
  assert(!stopped);
  held.open();
  await stopping;
  await clock.advance(3 * HOUR_MS);
  assert.deepEqual(minutes(attempts), [0]);
  assert.equal(clock.timers, 0);
});
