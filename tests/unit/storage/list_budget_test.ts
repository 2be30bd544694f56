/** Who may read a list now, who waits, and who is refused? */
import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import {
  AT_ONCE,
  ListBudget,
  REST_MAX_MS,
  REST_MIN_MS,
  RESTS,
  ROUND_MS,
  WAIT_MS,
  WAITING_MAX,
} from "../../../src/storage/list_budget.ts";
import { NotConnected, type Row, SqlError } from "../../../src/storage/sql.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

/** A budget over a database that answers when the test says so. */
class Lists {
  readonly clock = new FakeClock();
  /** Statements under way. */
  readonly sent: PromiseWithResolvers<Row[]>[] = [];
  readonly budget = new ListBudget({
    query: () => {
      const answer = Promise.withResolvers<Row[]>();
      this.sent.push(answer);
      return answer.promise;
    },
  }, this.clock);
  /** What became of each that was asked for, in the order of the answers. */
  readonly told: string[] = [];

  ask(name: string): void {
    this.budget.query("select 1").then(
      () => this.told.push(name),
      (error) => this.told.push(`${name} ${error instanceof Fault ? error.code : error.name}`),
    );
  }

  /** Ends the statement under way, which took so long. */
  async end(tookMs: number, error?: Error): Promise<void> {
    await this.clock.advance(tookMs);
    const answer = this.sent.shift()!;
    if (error === undefined) answer.resolve([]);
    else answer.reject(error);
    await settle();
  }
}

Deno.test("one statement of a list is under way, a few wait in their order, and one more is refused at once", async () => {
  const lists = new Lists();
  for (let n = 0; n <= WAITING_MAX; n++) lists.ask(`${n}`);
  await settle();
  assert.deepEqual([lists.sent.length, lists.told], [1, []]);
  lists.ask("more");
  await settle();
  assert.deepEqual(lists.told, ["more overloaded"]);
  for (let n = 0; n <= WAITING_MAX; n++) {
    assert.equal(lists.sent.length, 1);
    await lists.end(1);
    await lists.clock.advance(REST_MIN_MS);
  }
  assert.deepEqual(lists.told.slice(1), Array.from({ length: WAITING_MAX + 1 }, (_, n) => `${n}`));
  assert.deepEqual([lists.sent.length, lists.clock.timers], [0, 0], "nothing is left");
});

Deno.test("whoever waits too long is refused, and takes no turn from those after", async () => {
  const lists = new Lists();
  for (const name of ["first", "second"]) lists.ask(name);
  await lists.clock.advance(WAIT_MS - 1);
  lists.ask("third");
  await lists.clock.advance(1);
  assert.deepEqual(lists.told, ["second overloaded"]);
  await lists.end(0);
  await lists.clock.advance(REST_MAX_MS);
  await lists.end(1);
  lists.ask("fourth");
  await lists.clock.advance(REST_MIN_MS);
  await lists.end(1);
  assert.deepEqual(lists.told, ["second overloaded", "first", "third", "fourth"]);
});

Deno.test("after a slow statement a list rests, but no longer than whoever asks alone may wait", async () => {
  for (
    const [tookMs, restMs] of [
      [0, REST_MIN_MS],
      [1, REST_MIN_MS],
      [100, 100 * RESTS],
      [500, REST_MAX_MS],
    ] as const
  ) {
    const lists = new Lists();
    lists.ask("first");
    await lists.end(tookMs);
    lists.ask("second");
    await settle();
    await lists.clock.advance(restMs - 1);
    assert.equal(lists.sent.length, 0, `${tookMs} ms`);
    await lists.clock.advance(1);
    assert.equal(lists.sent.length, 1, `${tookMs} ms`);
    await lists.end(1);
    assert.deepEqual([lists.told, lists.clock.timers], [["first", "second"], 0]);
  }
});

Deno.test("whoever would wait too long after those who wait already is refused at once", async () => {
  const lists = new Lists();
  lists.ask("first");
  await lists.end(200);
  for (const name of ["second", "third"]) lists.ask(name);
  await settle();
  assert.deepEqual(lists.told, ["first", "third overloaded"], "600 ms of rest, and then 800 ms");
  await lists.clock.advance(200 * RESTS);
  await lists.end(1);
  for (const name of ["fourth", "fifth", "sixth"]) lists.ask(name);
  for (let n = 0; n < 3; n++) {
    await lists.clock.advance(REST_MIN_MS);
    await lists.end(1);
  }
  assert.deepEqual(lists.told.slice(2), ["second", "fourth", "fifth", "sixth"], "quick ones wait for each other");
});

Deno.test("a statement that the server gave up is refused as overloaded; any other failure is told as it is", async () => {
  for (
    const [error, told] of [
      [new SqlError("57014", "canceling statement due to statement timeout"), "a overloaded"],
      [new SqlError("42501", "permission denied"), "a SqlError"],
      [new NotConnected("as the test wants it"), "a NotConnected"],
    ] as const
  ) {
    const lists = new Lists();
    lists.ask("a");
    await settle();
    await lists.end(1, error);
    lists.ask("b");
    await lists.clock.advance(REST_MIN_MS);
    await lists.end(1);
    assert.deepEqual(lists.told, [told, "b"]);
  }
});

Deno.test("who goes on asking when refused is refused in rounds: so many refusals take little of this process", async () => {
  const lists = new Lists();
  for (let n = 0; n <= WAITING_MAX; n++) lists.ask("in");
  const refused = () => lists.told.filter((it) => it === "out overloaded").length;
  for (let n = 0; n < 4 * AT_ONCE; n++) lists.ask("out");
  await settle();
  assert.equal(refused(), AT_ONCE, "the first ones at once");
  await lists.clock.advance(ROUND_MS);
  assert.equal(refused(), 4 * AT_ONCE, "the others within a round");
  lists.ask("out");
  await settle();
  assert.equal(refused(), 4 * AT_ONCE + 1, "a new round");
});
