/** What becomes of turns where their commit fails, or cannot be sent? */
import assert from "node:assert/strict";
import { Fault, Fenced, LostAnswer } from "../../../src/ports/mod.ts";
import type { Batch, Job } from "../../../src/storage/batch.ts";
import { Lane } from "../../../src/storage/lane.ts";
import { type Connection, ConnectionLost, NotConnected, type Row, SqlError } from "../../../src/storage/sql.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

const TIMEOUT_MS = 5_000;

/** What a commit of the parts of these actors comes to: stored whole unless it says otherwise. */
type Answer = (ids: readonly number[]) => Row[] | Error | Promise<Row[]> | void;

/** A session that answers at once, or as it is told. */
class FakeConnection implements Connection {
  lost = false;
  destroyed = false;

  constructor(readonly commits: number[][], readonly answers: Answer[]) {}

  async query(text: string): Promise<Row[]> {
    if (this.lost) throw new NotConnected("the session ended");
    const ids: number[] = JSON.parse(text);
    this.commits.push(ids);
    const answer = await this.answers.shift()?.(ids) ?? [[ids.length, null]];
    if (answer instanceof Error) throw answer;
    return answer;
  }
  script(): Promise<void> {
    return Promise.resolve();
  }
  destroy(): void {
    this.lost = this.destroyed = true;
  }
}

function batchOf(jobs: readonly Job<string>[]): Batch<string> {
  const text = JSON.stringify(jobs.map(({ handle }) => handle.id));
  return { name: "parts", text, params: [], parts: jobs, confirmations: [] };
}

function fateOf(error: Error): string {
  return error instanceof Fault ? error.code : error.name;
}

/** A lane whose sessions answer by `answers`, and are had unless `refused` says otherwise. */
async function openLane() {
  const clock = new FakeClock();
  const sessions: FakeConnection[] = [];
  /** The actors of each commit that was sent. */
  const commits: number[][] = [];
  const answers: Answer[] = [];
  const counts = { connects: 0, dataErrors: 0, disconnected: 0, refused: 0 };
  const network: { isDown: boolean; slow: Promise<void> } = { isDown: false, slow: Promise.resolve() };
  const connect = async () => {
    counts.connects++;
    await network.slow;
    if (network.isDown) throw new NotConnected("nobody listens");
    sessions.push(new FakeConnection(commits, answers));
    return sessions.at(-1)!;
  };
  const events = {
    committed() {},
    disconnected: () => void counts.disconnected++,
    refused: () => void counts.refused++,
    dataError: () => void counts.dataErrors++,
  };
  const lane = new Lane<string>(batchOf, connect, clock, TIMEOUT_MS, events);
  await lane.open();
  counts.connects = 0;
  /** What actors' parts came to, in the order in which that was told. */
  const told: [id: number, fate: string][] = [];
  const add = (id: number, turn: number = 1, events: readonly string[] = ["claimed"]) => {
    const handle = { id, epoch: 1, lane: 0 };
    const completion = {
      done: () => void told.push([id, "done"]),
      failed: (error: Error) => void told.push([id, fateOf(error)]),
    };
    lane.add(handle, { handle, turn, events }, completion);
  };
  return { lane, clock, sessions, commits, answers, counts, network, told, add };
}

const fails = (sqlstate: string): Answer => () => new SqlError(sqlstate, "refused");

for (const sqlstate of ["40001", "40P01", "55P03", "57014"]) {
  Deno.test(`a commit that fails by ${sqlstate}, which passes, is sent again, three times at most`, async () => {
    for (const [failures, fate] of [[1, "done"], [3, "done"], [4, "storage_unavailable"]] as const) {
      const { add, answers, commits, told } = await openLane();
      answers.push(...Array(failures).fill(fails(sqlstate)));
      add(1);
      add(2);
      await settle();
      assert.deepEqual(told, [[1, fate], [2, fate]]);
      assert.deepEqual(commits, Array(Math.min(failures, 3) + 1).fill([1, 2]));
    }
  });
}

for (const sqlstate of ["22003", "23505", "23514"]) {
  Deno.test(`rows that are refused by ${sqlstate} are the fault of their own actor alone`, async () => {
    const { add, answers, commits, told, counts } = await openLane();
    const refuse: Answer = (ids) => ids.includes(2) ? new SqlError(sqlstate, "refused") : undefined;
    answers.push(...Array(9).fill(refuse));
    for (const id of [1, 2, 3]) add(id);
    await settle();
    assert.deepEqual(told, [[1, "done"], [2, "data_error"], [3, "done"]]);
    assert.deepEqual(commits, [[1, 2, 3], [1], [2], [3]]);
    assert.equal(counts.dataErrors, 1);
    add(4);
    await settle();
    assert.deepEqual(told.at(-1), [4, "done"]);
  });
}

Deno.test("what else the server refuses is known not to be stored, and is nobody's data", async () => {
  const { add, answers, commits, told, counts } = await openLane();
  answers.push(fails("53100"));
  add(1);
  add(2);
  await settle();
  assert.deepEqual(told, [[1, "storage_unavailable"], [2, "storage_unavailable"]]);
  assert.deepEqual([commits.length, counts.dataErrors, counts.refused], [1, 0, 1]);
});

Deno.test("of a commit that was stored in part the others are fenced", async () => {
  const { add, answers, told } = await openLane();
  answers.push(() => [[2, "1,3"]]);
  for (const id of [1, 2, 3]) add(id);
  await settle();
  assert.deepEqual(told, [[1, "done"], [2, Fenced.name], [3, "done"]]);
});

Deno.test("a commit whose answer is lost is not sent again: nobody knows whether it is stored", async () => {
  const { add, answers, sessions, commits, told } = await openLane();
  answers.push(() => {
    sessions[0]!.lost = true;
    return new ConnectionLost("reset");
  });
  add(1);
  add(2);
  await settle();
  assert.deepEqual(told, [[1, LostAnswer.name], [2, LostAnswer.name]]);
  add(3);
  await settle();
  assert.deepEqual([told.at(-1), commits, sessions.length], [[3, "done"], [[1, 2], [3]], 2]);
});

Deno.test("a commit that was not sent leaves on the next session, before what came after it", async () => {
  const { add, answers, sessions, commits, told } = await openLane();
  answers.push(() => {
    sessions[0]!.lost = true;
    add(1, 2);
    add(3);
    return new NotConnected("the session ended");
  });
  add(1);
  add(2);
  await settle();
  assert.deepEqual(commits, [[1, 2], [1, 2, 3], [1]]);
  assert.deepEqual(told, [[1, "done"], [2, "done"], [3, "done"], [1, "done"]]);
});

Deno.test("without a session turns wait until their deadline, and one is asked for ten times a second", async () => {
  const { lane, add, clock, sessions, counts, network, told } = await openLane();
  network.isDown = true;
  sessions[0]!.lost = true;
  assert.equal(lane.connected, false);
  add(1);
  await clock.advance(3_000);
  add(2);
  await clock.advance(2_090);
  assert.deepEqual(told, []);
  assert.equal(counts.connects, 51);
  await clock.advance(100);
  assert.deepEqual(told, [[1, "storage_unavailable"]], "it was never sent");
  network.isDown = false;
  await clock.advance(100);
  assert.deepEqual(told.slice(1), [[2, "done"]]);
  assert(lane.connected);
  assert.equal(counts.disconnected, counts.connects - 1);
});

Deno.test("one session is asked for at once, whoever waits for it", async () => {
  const { lane, add, sessions, counts, network, told } = await openLane();
  const { promise, resolve } = Promise.withResolvers<void>();
  network.slow = promise;
  sessions[0]!.lost = true;
  for (const id of [1, 2, 3]) {
    add(id);
    lane.keep();
    await settle();
  }
  resolve();
  await settle();
  assert.equal(counts.connects, 1);
  assert.deepEqual(told, [[1, "done"], [2, "done"], [3, "done"]]);
});

Deno.test("keep() makes a new session for a lane that lost its own, unless an answer is due from that", async () => {
  const { lane, add, answers, sessions, counts } = await openLane();
  lane.keep();
  const { promise, resolve } = Promise.withResolvers<Row[]>();
  answers.push(() => promise);
  add(1);
  await settle();
  sessions[0]!.lost = true;
  lane.keep();
  await settle();
  assert.equal(counts.connects, 0);
  resolve([[1, null]]);
  await settle();
  lane.keep();
  await settle();
  assert.deepEqual([counts.connects, lane.connected], [1, true]);
});

Deno.test("close() ends the session, and the one that is being made", async () => {
  const { lane, add, sessions, network, told } = await openLane();
  const { promise, resolve } = Promise.withResolvers<void>();
  network.slow = promise;
  sessions[0]!.lost = true;
  lane.keep();
  lane.close();
  add(1);
  resolve();
  await settle();
  assert.deepEqual(sessions.map(({ destroyed }) => destroyed), [false, true]);
  assert.deepEqual([lane.connected, told], [false, []]);
  const other = await openLane();
  other.lane.close();
  assert(other.sessions[0]!.destroyed);
});

Deno.test("close() ends the wait before the next session is asked for", async () => {
  const { lane, clock, sessions, network, counts } = await openLane();
  network.isDown = true;
  sessions[0]!.lost = true;
  lane.keep();
  await settle();
  assert.deepEqual([counts.connects, clock.timers], [1, 1]);
  lane.close();
  await clock.advance(60_000);
  assert.deepEqual([counts.connects, clock.timers], [1, 0]);
});

Deno.test("a commit takes no further part once it has 8,192 events, and one part of any size", async () => {
  const { add, commits } = await openLane();
  const events = (count: number) => Array<string>(count).fill("claimed");
  for (const [place, count] of [9_000, 8_000, 191, 1, 5, 20_000].entries()) add(place + 1, 1, events(count));
  await settle();
  assert.deepEqual(commits, [[1], [2, 3, 4], [5, 6]]);
});
