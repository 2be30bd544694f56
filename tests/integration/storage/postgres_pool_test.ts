/** What does a session ask of the server, and what becomes of a pool whose sessions are lost, busy or not to be had? */
import assert from "node:assert/strict";
import { type Database, NotConnected, type Sql, SqlError } from "../../../src/storage/sql.ts";
import { retryOnLostConnection } from "../../../src/storage/db_errors.ts";
import { freshDatabase } from "../../support/database.ts";
import { openTestPostgres } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

const PID = "select pg_backend_pid()";

async function pidOf(sql: Sql): Promise<number> {
  return Number((await sql.query(PID))[0]![0]);
}

/** Two databases over one: one to be looked at, of one session for views, and one to look with. */
async function withPool(
  body: (pool: Database, watch: Database, url: string) => Promise<void>,
  statementTimeoutMs: number = 5_000,
): Promise<void> {
  const url = await freshDatabase();
  const watch = await openTestPostgres(url);
  const pool = await openTestPostgres(url, { views: 1, statementTimeoutMs });
  try {
    await body(pool, watch, url);
  } finally {
    await pool.close();
    await watch.close();
  }
}

/** Ends a session, and waits until it has gone. */
async function end(watch: Database, pid: number): Promise<void> {
  await watch.views.query("select pg_terminate_backend($1)", [pid]);
  const alive = "select count(*)::integer from pg_stat_activity where pid = $1";
  await until(async () => (await watch.views.query(alive, [pid]))[0]![0] === 0, {
    what: "a session to end",
    everyMs: 5,
  });
}

Deno.test("each session commits to disk and waits for nothing for ever, whatever the server is set to", async () => {
  await withPool(async (_, watch, url) => {
    const name = new URL(url).pathname.slice(1);
    const odd = ["synchronous_commit = off", "timezone = 'Asia/Tokyo'", "jit = on", "lock_timeout = 0"];
    for (const setting of [...odd, "array_nulls = off", "default_transaction_isolation = 'serializable'"]) {
      await watch.views.query(`alter database "${name}" set ${setting}`);
    }
    const database = await openTestPostgres(url, { statementTimeoutMs: 5_000 });
    const lane = await database.connect();
    try {
      for (
        const [what, session] of Object.entries({ lane, activations: database.activations, views: database.views })
      ) {
        const names = ["synchronous_commit", "TimeZone", "jit", "lock_timeout", "statement_timeout"];
        const more = ["idle_in_transaction_session_timeout", "array_nulls", "transaction_isolation"];
        const all = [...names, ...more];
        const [row] = await session.query(`select ${all.map((name) => `current_setting('${name}')`).join()}`);
        assert.deepEqual(row, ["on", "UTC", "off", "1s", "5s", "1s", "on", "read committed"], what);
      }
    } finally {
      lane.destroy();
      await database.close();
    }
  });
});

Deno.test("a session that ends is replaced, however often, be it idle or in a statement", async () => {
  await withPool(async (pool, watch) => {
    for (let time = 0; time < 3; time++) {
      const pid = await pidOf(pool.views);
      await end(watch, pid);
      assert.notEqual(await retryOnLostConnection("Cannot read", () => pidOf(pool.views)), pid);
    }
    for (let time = 0; time < 3; time++) {
      const pid = await pidOf(pool.views);
      const underWay = pool.views.query("select pg_sleep(60)");
      const waiting = pidOf(pool.views);
      const [told] = await Promise.all([Promise.allSettled([underWay, waiting]), end(watch, pid)]);
      assert.deepEqual(told.map(({ status }) => status), ["rejected", "fulfilled"], "who waits gets the next session");
    }
  });
});

Deno.test("a statement that the server refuses, or gives up, costs no session", async () => {
  await withPool(async (pool) => {
    const pid = await pidOf(pool.views);
    const refused = (sqlstate: string) => (error: unknown) => error instanceof SqlError && error.sqlstate === sqlstate;
    await assert.rejects(pool.views.query("select 1 / 0"), refused("22012"));
    const endless = "select count(*) from (select generate_series(1, 1e15::bigint)) n"; // works, and does not sleep
    await assert.rejects(pool.views.query(endless), refused("57014"));
    assert.equal(await pidOf(pool.views), pid);
  }, 200);
});

Deno.test("who waits too long for a session is refused, and takes none from those after", async () => {
  await withPool(async (pool, watch) => {
    const lock = await watch.connect();
    await lock.script("select pg_advisory_lock(1)");
    for (const limit of ["statement_timeout", "lock_timeout"]) await pool.views.query(`set ${limit} = 0`);
    const busy = pool.views.query("select pg_advisory_lock(1)");
    await assert.rejects(pool.views.query("select 1"), NotConnected);
    lock.destroy();
    await busy;
    for (let time = 0; time < 3; time++) assert.deepEqual(await pool.views.query("select 1"), [[1]]);
  }, 300);
});

Deno.test("a pool that could not connect tells all who wait, and connects as soon as it can", async () => {
  const url = await freshDatabase();
  const { hostname, port } = new URL(url);
  // A way to the server that is closed at first.
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const way = probe.addr.port;
  probe.close();
  const through = new URL(url);
  through.port = String(way);
  const pool = await openTestPostgres(through.href, { views: 1 });
  const ask = () => Promise.allSettled(Array.from({ length: 3 }, () => pool.views.query("select 1")));
  try {
    for (let time = 0; time < 2; time++) {
      for (const told of await ask()) {
        assert(told.status === "rejected" && told.reason instanceof NotConnected);
        assert.match(told.reason.message, /^Cannot connect/, "told when it could not be had, not after a time-out");
      }
    }
    const listener = Deno.listen({ hostname: "127.0.0.1", port: way });
    const ends: Promise<unknown>[] = [];
    const accepting = (async () => {
      for await (const client of listener) {
        const server = await Deno.connect({ hostname, port: Number(port) });
        ends.push(client.readable.pipeTo(server.writable).catch(() => {}));
        ends.push(server.readable.pipeTo(client.writable).catch(() => {}));
      }
    })();
    assert.deepEqual((await ask()).map(({ status }) => status), Array(3).fill("fulfilled"));
    await pool.close();
    listener.close();
    await accepting.catch(() => {});
    await Promise.all(ends);
  } finally {
    await pool.close();
  }
});
