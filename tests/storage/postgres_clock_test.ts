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
