import assert from "node:assert/strict";
import type { Batch, Job } from "../../src/storage/batch.ts";
import { Lane } from "../../src/storage/lane.ts";
import type { Connection, Row } from "../../src/storage/sql.ts";
import { FakeClock, settle } from "../support/fake_clock.ts";

/** A session that answers each statement when it is told to. */
class SlowConnection implements Connection {
  readonly lost = false;
  /** Parts of the commits that are out, the oldest first, each with its answer. */
  readonly out: { parts: number; answer: () => Promise<void> }[] = [];

  query(text: string): Promise<Row[]> {
    const parts = Number(text);
    return new Promise((resolve) => {
      const answer = () => {
        this.out.shift();
        resolve([[parts, null]]);
        return settle();
      };
      this.out.push({ parts, answer });
    });
  }
  script(): Promise<void> {
    return Promise.resolve();
  }
  destroy(): void {}
}

function batchOf(jobs: readonly Job<string>[]): Batch<string> {
  return { name: "parts", text: String(jobs.length), params: [], parts: jobs, confirmations: [] };
}

async function openLane() {
  const connection = new SlowConnection();
  const events = { committed() {}, disconnected() {}, dataError() {} };
  const lane = new Lane<string>(batchOf, () => Promise.resolve(connection), new FakeClock(), 5_000, events);
  await lane.open();
  let id = 0;
  const told: number[] = [];
  /** Puts a part each of actors in. */
  const addOf = (...ids: number[]) => {
    for (const id of ids) {
      const handle = { id, epoch: 1, lane: 0 };
      const done = () => void told.push(id);
      lane.add(handle, { handle, turn: 1, events: ["claimed"] }, { done, failed: assert.fail });
    }
    return settle();
  };
  /** Puts a part each of so many other actors in. */
  const add = (parts: number) => addOf(...Array.from({ length: parts }, () => ++id));
  return {
    add,
    addOf,
    told,
    out: () => connection.out.map(({ parts }) => parts),
    answer: () => connection.out[0]!.answer(),
  };
}

for (const [first, fewer, enough] of [[1, 0, 1], [10, 9, 10], [31, 30, 31], [32, 31, 32], [200, 31, 32]] as const) {
  Deno.test(`beside a commit of ${first} a second leaves with ${enough} parts, not with ${fewer}`, async () => {
    const { add, out } = await openLane();
    await add(first);
    await add(fewer);
    assert.deepEqual(out(), [first]);
    await add(enough - fewer);
    assert.deepEqual(out(), [first, enough]);
  });
}

Deno.test("two commits are out at most, and what came meanwhile leaves with the first answer, in order", async () => {
  const { add, told, out, answer } = await openLane();
  await add(2);
  await add(2);
  await add(50);
  assert.deepEqual(out(), [2, 2]);
  await answer();
  assert.deepEqual([told, out()], [[1, 2], [2, 50]]);
  await answer();
  await answer();
  assert.deepEqual(told, Array.from({ length: 54 }, (_, place) => place + 1));
});

Deno.test("an actor's second turn waits for the next commit, and holds up nobody else's", async () => {
  const { addOf, told, out, answer } = await openLane();
  await addOf(1, 2, 1, 3, 2, 1, 4);
  assert.deepEqual(out(), [4]);
  await answer();
  assert.deepEqual([told, out()], [[1, 2, 3, 4], [2]]);
  await answer();
  await answer();
  assert.deepEqual(told, [1, 2, 3, 4, 1, 2, 1]);
});
