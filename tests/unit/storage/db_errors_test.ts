import assert from "node:assert/strict";
import { Fault, Fenced, LostAnswer } from "../../../src/ports/mod.ts";
import { type Job, split } from "../../../src/storage/batch.ts";
import { ConnectionLost, NotConnected, SqlError } from "../../../src/storage/sql.ts";
import {
  lostOrUnavailable,
  retryOnLostConnection,
  retryTransient,
  TRANSIENT_SQLSTATES,
  unavailable,
} from "../../../src/storage/db_errors.ts";

const lost = new ConnectionLost("reset");
const LATE = new SqlError("57014", "canceling statement due to statement timeout");

function fateOf(error: unknown): string {
  return error instanceof Fault ? error.code : (error as Error).name;
}

Deno.test("unavailable() and lostOrUnavailable() tell what is known of a statement that failed", () => {
  const cases: [error: Error, repeated: string, sentOnce: string][] = [
    [lost, "storage_unavailable", LostAnswer.name],
    [new NotConnected("no"), "storage_unavailable", "storage_unavailable"],
    [LATE, "storage_unavailable", "storage_unavailable"],
    [new Fault("overloaded", "full"), "overloaded", "overloaded"],
    [new Fenced("stale"), Fenced.name, Fenced.name],
    [new LostAnswer("lost"), LostAnswer.name, LostAnswer.name],
  ];
  for (const [error, repeated, sentOnce] of cases) {
    assert.deepEqual([unavailable(error, "a"), lostOrUnavailable(error, "a")].map(fateOf), [repeated, sentOnce]);
  }
});

for (
  const [what, errors, tries, fate] of [
    ["goes through at once", [], 1, "done"],
    ["loses its session twice", [lost, lost], 3, "done"],
    ["loses its session three times", [lost, lost, lost], 3, "storage_unavailable"],
    ["is refused by the server", [LATE], 1, "storage_unavailable"],
    ["is never sent", [new NotConnected("no")], 1, "storage_unavailable"],
  ] as const
) {
  Deno.test(`retryOnLostConnection() runs what ${what} ${tries} times`, async () => {
    let runs = 0;
    const run = () => runs++ < errors.length ? Promise.reject(errors[runs - 1]) : Promise.resolve("done");
    assert.equal(await retryOnLostConnection("try", run).catch(fateOf), fate);
    assert.equal(runs, tries);
  });
}

Deno.test("retryTransient() runs what may pass four times at most, and what cannot pass once", async () => {
  const runsOf = async (error: Error, failures: number) => {
    let runs = 0;
    const run = () => runs++ < failures ? Promise.reject(error) : Promise.resolve("done");
    const fate = await retryTransient(run).catch((thrown) => thrown === error ? "failed" : "another error");
    return [runs, fate];
  };
  assert.deepEqual([...TRANSIENT_SQLSTATES].toSorted(), ["40001", "40P01", "55P03", "57014"]);
  for (const sqlstate of TRANSIENT_SQLSTATES) {
    assert.deepEqual(await runsOf(new SqlError(sqlstate, "later"), 3), [4, "done"], sqlstate);
    assert.deepEqual(await runsOf(new SqlError(sqlstate, "never"), 9), [4, "failed"], sqlstate);
  }
  for (const error of [new SqlError("23505", "duplicate"), new SqlError("42501", "forbidden"), lost]) {
    assert.deepEqual(await runsOf(error, 1), [1, "failed"]);
  }
});

Deno.test("split() puts parts in the order of their actors, in which rows are locked, and confirmations apart", () => {
  const jobs = [[7, "part"], [3, "confirm"], [10, "part"], [2, "part"], [1, "confirm"]].map(([id, what]) => {
    const handle = { id: id as number, epoch: 1, lane: 0 };
    const part = what === "part" ? { handle, turn: 1, events: ["e"] } : undefined;
    return { handle, part, deadline: 0, completion: { done() {}, failed() {} } } satisfies Job<string>;
  });
  const { parts, confirmations } = split<string>(jobs);
  assert.deepEqual(parts.map(({ handle }) => handle.id), [2, 7, 10]);
  assert.deepEqual(confirmations.map(({ handle }) => handle.id), [3, 1]);
  assert.deepEqual(jobs.map(({ handle }) => handle.id), [7, 3, 10, 2, 1]);
});
