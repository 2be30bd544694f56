/** When does storage say that it is connected, and what is left of it once it is closed? */
import assert from "node:assert/strict";
import { openStorage } from "../../../src/storage/mod.ts";
import { type Connection, type Database, NotConnected } from "../../../src/storage/sql.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { NO_EVENTS, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { freshDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

/** Opens storage of one lane a kind, whose timers are held: its sessions in the order of their lanes. */
async function openWatched() {
  const database = await openTestPostgres();
  const sessions: Promise<Connection>[] = [];
  const readings: Promise<unknown>[] = [];
  const network = { isDown: false };
  const watched: Database = {
    ...database,
    views: {
      query(...all) {
        const reading = database.views.query(...all);
        readings.push(reading);
        return reading;
      },
    },
    connect() {
      const session = network.isDown ? Promise.reject(new NotConnected("as the test wants it")) : database.connect();
      sessions.push(session);
      return session;
    },
  };
  const timers = holdTimers();
  const storage = await openStorage(watched, {
    ...{ lanes: 1, saleCloses: "sold_out", timeoutMs: 5_000, allowUnsafe: true, events: NO_EVENTS },
    holder: () => "test",
  });
  const lanes = await Promise.all(sessions.slice(-2));
  /** Ends all, once nothing is under way: else it would go on beyond the test. */
  const close = async () => {
    timers[Symbol.dispose]();
    await Promise.allSettled([...sessions, ...readings]);
    await storage.close();
  };
  return { storage, timers, network, lanes, close };
}

Deno.test("connected() says that Postgres answered lately", async () => {
  const { storage, close } = await openWatched();
  const now = performance.now.bind(performance);
  try {
    for (const [aheadMs, isConnected] of [[0, true], [1_000, true], [4_100, false]] as const) {
      performance.now = () => now() + aheadMs; // nobody reads the clock meanwhile
      assert.equal(storage.connected(), isConnected, `${aheadMs} ms`);
    }
  } finally {
    performance.now = now;
    await close();
  }
});

for (const [kind, first] of [["coupons", 0], ["sales", 1]] as const) {
  Deno.test(`connected() says that some lane has its session; of ${kind} it may have none`, async () => {
    const { storage, timers, network, lanes, close } = await openWatched();
    try {
      network.isDown = true;
      lanes[first]!.destroy();
      assert(storage.connected());
      lanes[1 - first]!.destroy();
      assert(!storage.connected());
      network.isDown = false;
      // Each second: the clock is read, and lanes look after their sessions.
      for (const what of ["clock", "lanes"]) assert(timers.fire(1_000), what);
      timers[Symbol.dispose]();
      await until(() => storage.connected(), { what: "a lane to have a session again", everyMs: 5 });
    } finally {
      await close();
    }
  });
}

Deno.test("close() ends the session of every lane", async () => {
  const url = await freshDatabase();
  const watch = await openTestPostgres(url, { views: 1 });
  const storage = await openTestStorage(await openTestPostgres(url));
  const others = async () => {
    const sql =
      "select count(*)::integer from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    return Number((await watch.views.query(sql))[0]![0]);
  };
  assert(await others() >= 4, "two lanes a kind");
  await storage.close();
  await until(async () => await others() === 0, { what: "all sessions to end", everyMs: 5 });
  await watch.close();
});
