/** When does the clock read PostgreSQL's time, through which session, and what does it make of it? */
import assert from "node:assert/strict";
import { DRIFT, PostgresClock } from "../../../src/storage/postgres_clock.ts";
import { type Connection, NotConnected } from "../../../src/storage/sql.ts";
import { ClockSession } from "../../support/clock_session.ts";
import { settle } from "../../support/fake_clock.ts";
import { withProcessTime } from "../../support/process_time.ts";

/** A clock whose timers and sessions are in the hands of the test. */
class HeldClock extends PostgresClock {
  readonly due: { readonly ms: number; readonly callback: () => void }[] = [];
  readonly sessions: ClockSession[] = [];

  override after(ms: number, callback: () => void): () => void {
    const timer = { ms, callback };
    this.due.push(timer);
    return () => void (this.due.includes(timer) && this.due.splice(this.due.indexOf(timer), 1));
  }

  /** Lets the timer of so many milliseconds fall due. */
  async fire(ms: number): Promise<void> {
    const at = this.due.findIndex((timer) => timer.ms === ms);
    assert(at >= 0, `a timer of ${ms} ms`);
    this.due.splice(at, 1)[0]!.callback();
    await settle();
  }

  readonly connect = (): Promise<Connection> => {
    this.sessions.push(new ClockSession());
    return Promise.resolve(this.sessions.at(-1)!);
  };

  /** Makes the first reading. */
  async begin(time: number): Promise<void> {
    const following = this.follow(this.connect);
    await settle();
    this.sessions[0]!.answer(time);
    await following;
  }

  /** Makes the next reading: it is answered at once. */
  async next(time: number): Promise<void> {
    await this.fire(1_000);
    this.sessions.at(-1)!.answer(time);
    await settle();
  }
}

Deno.test("follow() reads each second through one session, until stop(), which ends it", async () => {
  const clock = new HeldClock();
  await clock.begin(5_000_000);
  assert(clock.now() >= 5_000_000 && clock.now() < 5_060_000);
  for (let reading = 0; reading < 3; reading++) await clock.next(6_000_000 + reading);
  assert.deepEqual([clock.sessions.length, clock.due.map(({ ms }) => ms)], [1, [1_000]]);
  clock.stop();
  assert.deepEqual([clock.due, clock.sessions[0]!.lost], [[], true]);
});

Deno.test("follow() fails where the first reading does: a node without PostgreSQL's time has none", async () => {
  const unreachable = new HeldClock();
  await assert.rejects(
    unreachable.follow(() => Promise.reject(new NotConnected("as the test wants it"))),
    NotConnected,
  );
  const clock = new HeldClock();
  const following = clock.follow(clock.connect);
  await settle();
  clock.sessions[0]!.destroy();
  await assert.rejects(following, /as the test wants it/);
  assert.deepEqual([clock.due, clock.now(), clock.isFollowed], [[], 0, false]);
});

Deno.test("stop() while a reading, or its session, is on its way: none comes after it", async () => {
  const reading = new HeldClock();
  await reading.begin(5_000_000);
  await reading.fire(1_000);
  reading.stop();
  await settle();
  assert.deepEqual(reading.due, []);

  const connecting = new HeldClock();
  await connecting.begin(5_000_000);
  connecting.sessions[0]!.destroy();
  const late = Promise.withResolvers<Connection>();
  (connecting as { connect: unknown }).connect = () => late.promise;
  const session = new ClockSession();
  await connecting.fire(1_000);
  connecting.stop();
  late.resolve(session);
  await settle();
  assert.deepEqual([connecting.due, session.sent.length], [[], 0]);
});

Deno.test("a session that is lost, or silent for two seconds, is replaced at the next reading", async () => {
  const clock = new HeldClock();
  await clock.begin(5_000_000);
  clock.sessions[0]!.destroy();
  await clock.next(6_000_000);
  assert.equal(clock.sessions.length, 2);
  await clock.fire(1_000);
  await clock.fire(2_000);
  assert(clock.sessions[1]!.lost, "it is given up");
  await clock.next(7_000_000);
  assert.equal(clock.sessions.length, 3);
  assert(clock.now() >= 7_000_000);
  clock.stop();
});

Deno.test("a reading is timed from its sending: what the session took to be made counts for nothing", async () => {
  await withProcessTime(async (set) => {
    const clock = new HeldClock();
    const made = Promise.withResolvers<Connection>();
    const following = clock.follow(() => made.promise);
    set(9_000);
    const session = new ClockSession();
    made.resolve(session);
    await settle();
    set(9_030);
    session.answer(5_000_000);
    await following;
    assert.equal(clock.now(), 5_000_000);
    assert(Math.abs(clock.uncertaintyMs - 30 * (1 + DRIFT)) < 0.01);
    clock.stop();
  });
});

Deno.test("now() stands still where PostgreSQL's time leaps back, until that is past; shared() goes back", async () => {
  await withProcessTime(async (set) => {
    const clock = new HeldClock();
    await clock.begin(5_000_000);
    assert.equal(clock.now(), 5_000_000);
    set(1_000);
    await clock.next(4_400_000);
    assert.deepEqual([clock.now(), clock.shared()], [5_000_000, 4_400_000]);
    set(2_000);
    await clock.next(5_000_500);
    assert.deepEqual([clock.now(), clock.shared()], [5_000_500, 5_000_500]);
    clock.stop();
  });
});

Deno.test("isFollowed is whether PostgreSQL answered within four seconds", async () => {
  await withProcessTime(async (set) => {
    const clock = new HeldClock();
    assert(!clock.isFollowed);
    set(1_000);
    await clock.begin(5_000_000);
    for (const [ms, isFollowed] of [[1_000, true], [5_000, true], [5_001, false]] as const) {
      set(ms);
      assert.equal(clock.isFollowed, isFollowed, `${ms} ms`);
    }
    await clock.next(5_005_000);
    assert(clock.isFollowed);
    clock.stop();
  });
});
