import assert from "node:assert/strict";
import { SegmentSweeper, SWEEP_EVERY_MS } from "../../../src/scheduler/segment_sweeper.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function makeSweeper(sweep: (now: number) => Promise<boolean>) {
  const clock = new FakeClock();
  const failed: unknown[] = [];
  return { clock, failed, sweeper: new SegmentSweeper({ sweep }, clock, { failed: (error) => failed.push(error) }) };
}

Deno.test("start() sweeps at once and each second, until stop()", async () => {
  const times: number[] = [];
  const { clock, sweeper } = makeSweeper((now) => Promise.resolve(times.push(now) < 0));
  sweeper.start();
  await clock.advance(2 * SWEEP_EVERY_MS);
  await sweeper.stop();
  await clock.advance(10 * SWEEP_EVERY_MS);
  assert.deepEqual(times, [0, 1, 2].map((rounds) => clock.epoch + rounds * SWEEP_EVERY_MS));
});

Deno.test("a round goes on while there is more to sweep, and ends where it is stopped", async () => {
  let left = 5;
  const { clock, sweeper } = makeSweeper(() => Promise.resolve(--left > 0));
  sweeper.start();
  await clock.advance(0);
  assert.equal(left, 0);
  left = 1_000_000;
  await clock.advance(SWEEP_EVERY_MS);
  await sweeper.stop();
  assert(left > 0, "it does not sweep all before it stops");
});

Deno.test("a sweep that fails is told once, tried again, and told anew after one that succeeded", async () => {
  const fates = [false, true, true, false, true];
  const { clock, failed, sweeper } = makeSweeper(() => {
    return fates.shift() === true ? Promise.reject(new Error("gone")) : Promise.resolve(false);
  });
  sweeper.start();
  await clock.advance(2 * SWEEP_EVERY_MS);
  assert.equal(failed.length, 1);
  await clock.advance(2 * SWEEP_EVERY_MS);
  assert.equal(failed.length, 2);
  await sweeper.stop();
});
