import assert from "node:assert/strict";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { LOOK_MIN_MS, SaleOpener } from "../../../src/scheduler/sale_opener.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { hours, makeOpeners, withOpeners } from "../../support/openers.ts";
import { StandingClock } from "../../support/standing_clock.ts";
import { gate } from "../../support/world.ts";

const MINUTE_MS = 60_000;
/** From 10:20 to 12:00:01. */
const RUN_MS = 100 * MINUTE_MS + 1_000;

for (const nodes of [1, 3]) {
  for (const ahead of [0, 1, 3]) {
    Deno.test(`${nodes} node(s), ${ahead} ahead: from 10:20 to 12:00:01 there are three sales and those ahead`, () =>
      withOpeners({ nodes, ahead }, async ({ clock, sales, openers, opened, failed }) => {
        const all = hours("10", "11", "12", "13", "14", "15");
        assert.deepEqual(sales.keys, all.slice(0, 1 + ahead), "at 10:20, at once");
        assert(openers.every((opener) => opener.ready));
        await clock.advance(40 * MINUTE_MS - 1);
        assert.deepEqual(sales.keys, all.slice(0, 1 + ahead), "at 10:59:59.999");
        await clock.advance(RUN_MS - 40 * MINUTE_MS + 1);
        assert.deepEqual(sales.keys, all.slice(0, 3 + ahead), "at 12:00:01");
        assert.deepEqual(opened.toSorted(), sales.keys, "each was made once, by one node");
        assert(openers.every((opener) => opener.ready));
        assert.deepEqual(failed, []);
        assert(sales.keys.every((key) => sales.sale(key)?.items === 10_000));
        assert.equal(sales.asked.length, nodes * (3 + ahead), "what is known to exist is not asked for again");
      }));
  }
}

Deno.test("a node that comes later finds the sales of the others, and is ready by them", () =>
  withOpeners({}, async ({ clock, sales, opened }) => {
    const later = new SaleOpener(sales, clock, { items: 5, ahead: 1 }, {
      opened: (key) => assert.fail(key),
      failed: (key) => assert.fail(key),
    });
    assert(!later.ready);
    later.start();
    await settle();
    assert(later.ready);
    assert.deepEqual(opened, hours("10", "11"));
    await later.stop();
  }));

Deno.test("the clock leaps two hours back: what exists stays, and the hours of the clock are ensured", () =>
  withOpeners({}, async ({ clock, sales, openers }) => {
    clock.epoch -= 2 * HOUR_MS;
    assert(!openers[0]!.ready, "08:00 was never made");
    await clock.advance(2_000);
    assert.deepEqual(sales.keys, hours("08", "09", "10", "11"));
    assert(openers[0]!.ready);
    await clock.advance(2 * HOUR_MS + RUN_MS);
    assert.deepEqual(sales.keys, hours("08", "09", "10", "11", "12", "13"), "none lost, none twice");
  }));

Deno.test("the clock stands still for two hours: nothing is lost, and it is looked at no oftener than need be", () => {
  const clock = new StandingClock(Date.UTC(2026, 10, 21, 10, 59, 59, 999));
  return withOpeners({ clock, ahead: 0 }, async ({ sales, openers }) => {
    clock.epoch -= 2 * HOUR_MS;
    let looks = 0;
    clock.after = (delayMs, callback) => {
      looks++;
      return FakeClock.prototype.after.call(clock, delayMs, callback);
    };
    await clock.advance(MINUTE_MS);
    assert(looks <= 1_200, `${looks} looks in a minute`);
    await clock.advance(2 * HOUR_MS - MINUTE_MS);
    assert.deepEqual(sales.keys, hours("10"));
    assert(openers[0]!.ready);
    await clock.advance(HOUR_MS);
    assert.deepEqual(sales.keys, hours("10", "11"));
  });
});

Deno.test("the clock leaps two hours on: the hours of the clock are there in seconds, the skipped one is not made up", () =>
  withOpeners({ ahead: 0 }, async ({ clock, sales, openers }) => {
    await clock.advance(10 * MINUTE_MS + 1);
    clock.epoch += 2 * HOUR_MS;
    assert(!openers[0]!.ready);
    await clock.advance(2_000);
    assert(openers[0]!.ready);
    assert.deepEqual(sales.keys, hours("10", "12"));
    await clock.advance(HOUR_MS);
    assert.deepEqual(sales.keys, hours("10", "12", "13"));
  }));

Deno.test("all nodes sleep for 25 hours: the current sale and the one ahead are made, the missed ones are not", () =>
  withOpeners({ nodes: 3 }, async ({ clock, sales, openers, opened }) => {
    clock.epoch += 25 * HOUR_MS;
    await clock.advance(2_000);
    assert.deepEqual(sales.keys, [...hours("10", "11"), "2026-11-22T11Z", "2026-11-22T12Z"]);
    assert.deepEqual(opened.toSorted(), sales.keys);
    assert(openers.every((opener) => opener.ready));
  }));

/** A clock whose timers fire at another time than they should. */
class CrookedClock extends FakeClock {
  constructor(epoch: number, readonly bend: (delayMs: number) => number) {
    super(epoch);
  }

  override after(delayMs: number, callback: () => void): () => void {
    return super.after(this.bend(delayMs), callback);
  }
}

Deno.test("a sale is made in its hour's first millisecond, no sooner by early timers, and little later by late ones", async () => {
  const cases: [bend: (delayMs: number) => number, latestMs: number][] = [
    [(ms) => ms, 0],
    [(ms) => ms * 0.1, LOOK_MIN_MS],
    [(ms) => ms - 1, LOOK_MIN_MS],
    [(ms) => ms + 3_000, 5_000],
  ];
  for (const [bend, latestMs] of cases) {
    const clock = new CrookedClock(Date.UTC(2026, 10, 21, 10, 20, 0, 700), bend);
    await withOpeners({ clock, ahead: 0 }, async ({ sales }) => {
      await clock.advance(RUN_MS + 4_000);
      assert.deepEqual(sales.keys, hours("10", "11", "12"));
      for (const { key, at } of sales.asked.slice(1)) {
        const lateMs = at - sales.sale(key)!.startsAt;
        assert(lateMs >= 0 && lateMs <= latestMs, `${key} was asked for ${lateMs} ms after its start`);
      }
    });
  }
});

Deno.test("the hour turns while an ask is under way: the new current sale is asked for next", () =>
  withOpeners({ ahead: 0 }, async ({ clock, sales, openers }) => {
    const held = gate();
    sales.gate = held.promise;
    await clock.advance(40 * MINUTE_MS);
    assert.equal(sales.asked.at(-1)!.key, "2026-11-21T11Z");
    clock.epoch += HOUR_MS;
    held.open();
    await settle();
    assert.deepEqual(sales.keys, hours("10", "11", "12"), "without waiting for a timer");
    assert(openers[0]!.ready);
  }));

Deno.test("stop() asks for nothing more, waits for what is asked, and leaves no timer", async () => {
  const { clock, sales, openers: [opener] } = makeOpeners({ ahead: 3 });
  const held = gate();
  sales.gate = held.promise;
  opener!.start();
  await settle();
  let stopped = false;
  const stopping = opener!.stop().then(() => stopped = true);
  await settle();
  assert(!stopped, "an ask is under way");
  held.open();
  await stopping;
  assert.deepEqual(sales.keys, hours("10"));
  await clock.advance(HOUR_MS);
  assert.equal(sales.asked.length, 1);
  assert.equal(clock.timers, 0);
});
