import assert from "node:assert/strict";
import type { Batch, Job } from "../../../src/storage/batch.ts";
import { Lane } from "../../../src/storage/lane.ts";
import { type Connection, NotConnected, type Row } from "../../../src/storage/sql.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

/** A session that answers each statement when it is told to. */
class SlowConnection implements Connection {
  lost = false;
  /** Parts of the commits that are out, the oldest first, each with its answer. */
  readonly out: { parts: number; answer: () => Promise<void> }[] = [];

  query(text: string): Promise<Row[]> {
    if (this.lost) return Promise.reject(new NotConnected("the session ended"));
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
  const sessions: SlowConnection[] = [];
  const connect = () => {
    const session = new SlowConnection();
    sessions.push(session);
    return Promise.resolve(session);
  };
  const events = { committed() {}, disconnected() {}, refused() {}, dataError() {} };
  const lane = new Lane<string>(batchOf, connect, new FakeClock(), 5_000, events);
  await lane.open();
  let id = 0;
  let added = 0;
  const told: number[] = [];
  const turns: number[] = [];
  /** Puts a part each of actors in; its turn is its place among all. */
  const addOf = (...ids: number[]) => {
    for (const id of ids) {
      const handle = { id, epoch: 1, lane: 0 };
      const turn = ++added;
      const done = () => {
        told.push(id);
        turns.push(turn);
      };
      lane.add(handle, { handle, turn, events: ["claimed"] }, { done, failed: assert.fail });
    }
    return settle();
  };
  /** Asks whether an actor's epoch holds, and puts a part of it in, or the other way round; tells in which order. */
  const addBoth = (id: number, first: "part" | "confirmation") => {
    const handle = { id, epoch: 1, lane: 0 };
    const order: string[] = [];
    for (const what of first === "part" ? ["part", "confirmation"] : ["confirmation", "part"]) {
      const part = what === "part" ? { handle, turn: 1, events: ["claimed"] } : undefined;
      lane.add(handle, part, { done: () => void order.push(what), failed: assert.fail });
    }
    return order;
  };
  /** Puts a part each of so many other actors in. */
  const add = (parts: number) => addOf(...Array.from({ length: parts }, () => ++id));
  return {
    add,
    addOf,
    addBoth,
    told,
    turns,
    sessions,
    out: () => sessions.at(-1)!.out.map(({ parts }) => parts),
    answer: () => sessions.at(-1)!.out[0]!.answer(),
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

for (const [first, second] of [["part", "confirmation"], ["confirmation", "part"]] as const) {
  Deno.test(`a ${first} and a ${second} after it, of one actor, are of two commits, beside others' too`, async () => {
    const { add, addBoth, out, answer } = await openLane();
    const order = addBoth(1_000, first);
    await settle();
    assert.deepEqual(out(), [1, 1]);
    await add(3);
    const later = addBoth(2_000, first);
    await settle();
    await answer();
    assert.deepEqual([order, out()], [[first], [1, 4]]);
    await answer();
    assert.deepEqual([order, out()], [[first, second], [4]]);
    await answer();
    await answer();
    assert.deepEqual(later, [first, second]);
  });
}

Deno.test("where the session ended unnoticed, two turns of one actor leave on the next in their order", async () => {
  const { addOf, turns, sessions, out, answer } = await openLane();
  sessions[0]!.lost = true;
  await addOf(1, 1);
  assert.deepEqual([sessions.length, out()], [2, [1, 1]]);
  await answer();
  await answer();
  assert.deepEqual(turns, [1, 2]);
});
