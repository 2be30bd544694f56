/** What becomes of statements while a server says nothing, and how many may wait? */
import assert from "node:assert/strict";
import { ConnectionLost, NotConnected } from "../../../src/storage/sql.ts";
import { settle } from "../../support/fake_clock.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { openTestPostgres } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

/** Longest until a session is had, in milliseconds. */
const CONNECT_MS = 3_000;
/** Statements that may wait for a session. */
const WAITING_MAX = 4_096;

/** A server that takes connections and says nothing. */
function silentServer(): { url: string; close: () => Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const client of listener) ends.push(client.readable.pipeTo(new WritableStream()).catch(() => {}));
  })().catch(() => {});
  const close = async () => {
    listener.close();
    await accepting;
    await Promise.all(ends);
  };
  return { url: `postgres://nobody@127.0.0.1:${listener.addr.port}/none`, close };
}

Deno.test("a session that a server takes and does not give is given up after three seconds", async () => {
  const server = silentServer();
  const database = await openTestPostgres(server.url);
  using timers = holdTimers();
  for (const [what, ask] of Object.entries({ lane: database.connect, view: () => database.views.query("select 1") })) {
    const refused = assert.rejects(
      ask,
      (error) => error instanceof NotConnected && /^Cannot connect/.test(error.message),
    );
    await undefined;
    assert(timers.fire(CONNECT_MS), what);
    await refused;
  }
  await database.close();
  await server.close();
});

Deno.test("a statement that is not answered a second after the server should have given it up is lost with its session", async () => {
  const database = await openTestPostgres(undefined, { views: 1, statementTimeoutMs: 60_000 });
  const pidOf = async () => Number((await database.views.query("select pg_backend_pid()"))[0]![0]);
  const pid = await pidOf();
  const timers = holdTimers();
  const lost = assert.rejects(database.views.query("select pg_sleep(60)"), ConnectionLost);
  await settle();
  assert(timers.fire(61_000));
  timers[Symbol.dispose]();
  await lost;
  assert.notEqual(await pidOf(), pid);
  await database.views.query("select pg_terminate_backend($1)", [pid]);
  await database.close();
});

Deno.test("4,096 statements may wait for a session; one more is refused at once, and the others as they are given up", async () => {
  const server = silentServer();
  const database = await openTestPostgres(server.url, { views: 1, statementTimeoutMs: 5_000 });
  using timers = holdTimers();
  const ask = () => {
    const asked = { told: "" };
    database.views.query("select 1").catch((error: Error) => asked.told = error.message);
    return asked;
  };
  try {
    const first = ask();
    const waiting = Array.from({ length: WAITING_MAX }, ask);
    const refused = ask();
    await settle();
    assert.equal(refused.told, `Cannot wait for a session as too many wait: ${WAITING_MAX}`);
    assert(waiting.every(({ told }) => told === ""));
    assert(timers.fire(5_000));
    waiting.push(ask()); // for the one that is given up
    await settle();
    assert.match(waiting.shift()!.told, /all are busy/);
    assert(waiting.every(({ told }) => told === ""));
    await database.close();
    assert(timers.fire(CONNECT_MS));
    timers[Symbol.dispose]();
    await until(() => first.told !== "", { what: "the first to be told", everyMs: 1 });
    assert.match(first.told, /^Cannot connect/);
    for (const { told } of waiting) assert.equal(told, "Cannot have a session as the database is closed");
  } finally {
    await database.close();
    await server.close();
  }
});
