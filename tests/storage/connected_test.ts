/** When does storage say that it is connected? */
import assert from "node:assert/strict";
import { openStorage } from "../../src/storage/mod.ts";
import { type Connection, type Database, NotConnected } from "../../src/storage/sql.ts";
import { holdTimers } from "../support/held_timers.ts";
import { NO_EVENTS, openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

Deno.test("connected() says that a lane of either kind has its session, and that Postgres answered lately", async () => {
  const database = await openTestPostgres();
  const sessions: Connection[] = [];
  let isDown = false;
  const watched: Database = {
    ...database,
    async connect() {
      if (isDown) throw new NotConnected("as the test wants it");
      const session = await database.connect();
      sessions.push(session);
      return session;
    },
  };
  const timers = holdTimers();
  const storage = await openStorage(watched, {
    ...{ lanes: 1, saleCloses: "sold_out", timeoutMs: 5_000, allowUnsafe: true, events: NO_EVENTS },
    holder: () => "test",
  });
  const now = performance.now.bind(performance);
  try {
    assert(storage.connected());
    for (const [aheadMs, isConnected] of [[3_000, true], [4_100, false]] as const) {
      performance.now = () => now() + aheadMs; // nobody reads the clock meanwhile
      assert.equal(storage.connected(), isConnected, `${aheadMs} ms`);
    }
    performance.now = now;
    isDown = true;
    const lanes = sessions.slice(-2);
    for (const [at, lane] of lanes.entries()) {
      lane.destroy();
      assert.equal(storage.connected(), at === 0, `${at + 1} of two lanes without a session`);
    }
    isDown = false;
    // Each second: the clock is read, and lanes look after their sessions.
    for (const what of ["clock", "lanes"]) assert(timers.fire(1_000), what);
    timers[Symbol.dispose]();
    await until(() => storage.connected(), { what: "a lane to have a session again", everyMs: 5 });
  } finally {
    performance.now = now;
    timers[Symbol.dispose]();
    await storage.close();
  }
});
