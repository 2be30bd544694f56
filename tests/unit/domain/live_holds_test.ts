import assert from "node:assert/strict";
import fc from "fast-check";
import { type Hold, isLive, LiveHolds } from "../../../src/domain/live_holds.ts";

const hold = (expiresAt: number): Hold => ({ code: "", n: 1, userId: "u", expiresAt, ended: false, slot: 0 });

Deno.test("a hold is live until it ends, and before its expiry only", () => {
  const one = hold(1_000);
  assert.equal(isLive(one, 999), true);
  assert.equal(isLive(one, 1_000), false);
  one.ended = true;
  assert.equal(isLive(one, 999), false);
});

Deno.test("LiveHolds counts, and finds the last, as if it looked at every hold each time", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), ttl: fc.integer({ min: 1, max: 30 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 20 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("take" as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), fc.nat(), (steps, other) => {
      const holds = new LiveHolds();
      const all: Hold[] = [];
      let now = 0;
      const live = (at: number) => all.filter((one) => isLive(one, at));
      for (const one of steps) {
        const open = live(now);
        if (one.do === "add") {
          const added = hold(now + one.ttl);
          holds.add(added);
          all.push(added);
        } else if (one.do === "end" && open.length > 0) {
          open[one.which % open.length]!.ended = true;
          holds.noteEnded();
        } else if (one.do === "wait") {
          now += one.ms;
        } else if (one.do === "take") {
          for (let past = holds.takePast(now); past !== undefined; past = holds.takePast(now)) {
            assert(!isLive(past, now));
          }
        }
        const but = all.length > 0 ? all[other % all.length] : undefined;
        for (const at of [now, now + 5]) {
          assert.equal(holds.countAt(at), live(at).length);
          const last = (left: Hold[]) => Math.max(at, ...left.map(({ expiresAt }) => expiresAt));
          assert.equal(holds.lastUntil(at), last(live(at)));
          assert.equal(holds.lastUntil(at, but), last(live(at).filter((one) => one !== but)));
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("takePast() gives each hold that is past once, and none that is live", () => {
  const holds = new LiveHolds();
  const all = Array.from({ length: 100 }, (_, place) => hold(place + 1));
  for (const one of all.toReversed()) holds.add(one);
  const taken: number[] = [];
  for (let now = 0; now <= 120; now += 7) {
    for (let past = holds.takePast(now); past !== undefined; past = holds.takePast(now)) taken.push(past.expiresAt);
    assert.equal(taken.length, Math.min(now, 100));
  }
  assert.deepEqual(taken, all.map(({ expiresAt }) => expiresAt));
});
