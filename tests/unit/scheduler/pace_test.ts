/** How long does an audit rest after what it read? */
import assert from "node:assert/strict";
import { confirmed } from "../../../src/scheduler/audit.ts";
import { AuditStopped, Pace } from "../../../src/scheduler/pace.ts";
import { FakeAuditRows } from "../../support/fake_audit_rows.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

/** A pace of a third of the time, on reads of 10 ms; when each began. */
function makePace() {
  const clock = new FakeClock();
  const pace = new Pace(new FakeAuditRows(), clock, 1 / 3);
  const readAt: number[] = [];
  const look = async () => {
    readAt.push(clock.monotonic());
    await new Promise<void>((resolve) => clock.after(10, resolve));
  };
  return { clock, pace, readAt, look };
}

Deno.test("read() rests after each read for what that took, not for those before it", async () => {
  const { clock, pace, readAt, look } = makePace();
  (async () => {
    for (let read = 0; read < 4; read++) await pace.read(look);
  })();
  await clock.advance(200);
  assert.deepEqual(readAt.map(Math.round), [0, 30, 60, 90]);
});

Deno.test("readNow() leaves its rest to the next read()", async () => {
  const { clock, pace, readAt, look } = makePace();
  (async () => {
    await pace.readNow(look);
    for (let read = 0; read < 2; read++) await pace.read(look);
  })();
  await clock.advance(200);
  assert.deepEqual(readAt.map(Math.round), [0, 10, 60], "two reads, and the rest of both");
});

Deno.test("confirmed() looks again without rest at what may have moved", async () => {
  const { clock, pace, readAt, look } = makePace();
  const finding = { object: "", counter: "", says: "", rows: "" };
  confirmed(pace, async (read) => {
    await read(look);
    return readAt.length === 1 ? undefined : [finding];
  });
  await clock.advance(200);
  assert.deepEqual(readAt.map(Math.round), [0, 30, 40]);
});

Deno.test("stop() while something is read: there is no rest after it, and nothing is read", async () => {
  const { clock, pace, readAt, look } = makePace();
  let isOver = false;
  pace.read(look).then(() => isOver = true);
  await clock.advance(5);
  pace.stop();
  await clock.advance(5);
  assert.deepEqual([isOver, clock.timers], [true, 0]);
  await assert.rejects(pace.read(look), AuditStopped);
  await settle();
  assert.equal(readAt.length, 1);
});
