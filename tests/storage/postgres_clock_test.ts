/** When does the clock read Postgres's time, and when no more? */
import assert from "node:assert/strict";
import { PostgresClock } from "../../src/storage/postgres_clock.ts";
import type { Row } from "../../src/storage/sql.ts";

/** The clock, its timers in the hands of the test. */
class HeldClock extends PostgresClock {
  readonly due: (() => void)[] = [];

  override after(_delayMs: number, callback: () => void): () => void {
    this.due.push(callback);
    return () => this.due.splice(this.due.indexOf(callback), 1);
  }
}

/** A database that answers when told to. */
function heldSql() {
  const answers: ((rows: Row[]) => void)[] = [];
  return { answers, query: () => new Promise<Row[]>((resolve) => answers.push(resolve)) };
}

Deno.test("follow() reads again after each reading, until stop()", async () => {
  const clock = new HeldClock();
  const sql = heldSql();
  const following = clock.follow(sql);
  sql.answers.shift()!([[5_000_000]]);
  await following;
  assert(clock.now() >= 5_000_000 && clock.now() < 5_060_000);
  assert.equal(clock.due.length, 1);
  clock.stop();
  assert.equal(clock.due.length, 0);
});

Deno.test("stop() while a reading is on its way: none comes after it", async () => {
  const clock = new HeldClock();
  const sql = heldSql();
  const following = clock.follow(sql);
  clock.stop();
  sql.answers.shift()!([[5_000_000]]);
  await following;
  assert.equal(clock.due.length, 0);
});

Deno.test("now() stands still where Postgres's time leaps back, until that is past", async () => {
  const clock = new HeldClock();
  const sql = heldSql();
  const read = async (ms: number) => {
    const following = clock.follow(sql);
    sql.answers.shift()!([[ms]]);
    await following;
  };
  await read(5_000_000);
  const before = clock.now();
  for (let readings = 0; readings < 20; readings++) await read(1_000_000);
  assert.equal(clock.now(), before);
});

/** A clock that reads a database by a process's time that the test sets: what was read, and how long that took. */
async function withProcessTime(
  body: (
    follow: (atMs: number, roundTripMs: number, told: number) => Promise<void>,
    clock: HeldClock,
    set: (ms: number) => void,
  ) => Promise<void>,
): Promise<void> {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms;
  try {
    const clock = new HeldClock();
    const follow = async (atMs: number, roundTripMs: number, told: number) => {
      ms = atMs;
      const sql = heldSql();
      const following = clock.follow(sql);
      ms += roundTripMs;
      sql.answers.shift()!([[told]]);
      await following;
    };
    await body(follow, clock, (to) => ms = to);
  } finally {
    performance.now = now;
  }
}

Deno.test("now() is what Postgres told, half a round trip ago", async () => {
  await withProcessTime(async (follow, clock, set) => {
    await follow(1_000, 200, 5_000_000);
    assert.equal(clock.now(), 5_000_100);
    set(2_200);
    assert.equal(clock.now(), 5_001_100);
  });
});

Deno.test("of the last ten readings the one with the least round trip counts, of two such the first", async () => {
  await withProcessTime(async (follow, clock, set) => {
    // Each tells of a time one millisecond further on than the first does.
    const roundTrips = [40, 20, 10, 10, 30, 30, 30, 30, 30, 30, 30, 30];
    const best = [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2];
    for (const [at, roundTripMs] of roundTrips.entries()) {
      const atMs = 1_000 * at;
      await follow(atMs, roundTripMs, 5_000_000 + atMs + at + roundTripMs / 2);
      assert.equal(clock.now() - atMs - roundTripMs, 5_000_000 + best[at]!, `reading ${at}`);
    }
    await follow(12_000, 30, 5_000_000 + 12_000 + 12 + 15);
    assert.equal(clock.now() - 12_030, 5_000_003, "the third is too old, the fourth counts");
    await follow(13_000, 30, 5_000_000 + 13_000 + 13 + 15);
    assert.equal(clock.now() - 13_030, 5_000_004, "so is the fourth");
    set(20_000);
  });
});

Deno.test("a clock that was set is followed at the next reading; set back, now() stands and shared() does not", async () => {
  await withProcessTime(async (follow, clock) => {
    for (let at = 0; at < 5; at++) await follow(1_000 * at, 2, 5_000_000 + 1_000 * at + 1);
    assert.equal(clock.now(), 5_004_002);
    await follow(5_000, 900, 5_605_000);
    assert.equal(clock.now(), 5_605_450, "set forward by ten minutes, though the reading before was a better one");
    await follow(6_000, 900, 5_006_450);
    assert.deepEqual([clock.now(), clock.shared()], [5_605_450, 5_006_900], "and back again");
    await follow(7_000, 4, 5_007_002);
    assert.deepEqual([clock.now(), clock.shared()], [5_605_450, 5_007_004]);
    await follow(8_000, 900, 5_008_000);
    assert.equal(clock.shared(), 5_008_900, "a reading that may be as true throws none away");
  });
});

Deno.test("isFollowed is whether Postgres answered within four seconds", async () => {
  await withProcessTime(async (follow, clock, set) => {
    assert(!clock.isFollowed);
    await follow(0, 1_000, 5_000_000);
    for (const [ms, isFollowed] of [[1_000, true], [5_000, true], [5_001, false]] as const) {
      set(ms);
      assert.equal(clock.isFollowed, isFollowed, `${ms} ms`);
    }
  });
});

Deno.test("follow() waits a second between two readings, and goes on after one that failed", async () => {
  const waits: number[] = [];
  const clock = new PostgresClock();
  clock.after = (delayMs) => {
    waits.push(delayMs);
    return () => {};
  };
  await clock.follow({ query: () => Promise.reject(new Error("as the test wants it")) });
  await clock.follow({ query: () => Promise.resolve([[5_000_000]]) });
  assert.deepEqual(waits, [1_000, 1_000]);
  clock.stop();
});
