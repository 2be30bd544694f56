/** What becomes of sessions on a server that takes no writes for a while, as one that was failed over from? */
import assert from "node:assert/strict";
import { type Database, NotConnected, SqlError } from "../../../src/storage/sql.ts";
import { freshDatabase } from "../../support/database.ts";
import { openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

async function withDatabase(body: (database: Database, watch: Database, name: string) => Promise<void>): Promise<void> {
  const url = await freshDatabase();
  const watch = await openTestPostgres(url);
  await watch.views.query("select 1"); // A session from before.
  const database = await openTestPostgres(url);
  try {
    await body(database, watch, new URL(url).pathname.slice(1));
  } finally {
    await database.close();
    await watch.close();
  }
}

Deno.test("a session that is to write cannot be had where it may not, and can as soon as it may; reading goes on", async () => {
  await withDatabase(async (database, watch, name) => {
    await watch.views.query(`alter database "${name}" set default_transaction_read_only = on`);
    for (const have of [() => database.connect(), () => database.activations.query("select 1")]) {
      await assert.rejects(have, (error) => error instanceof NotConnected && /read-only/.test(error.message));
    }
    assert.deepEqual(await database.views.query("select 1"), [[1]]);
    await watch.views.query(`alter database "${name}" reset default_transaction_read_only`);
    (await database.connect()).destroy();
    assert.deepEqual(await database.activations.query("select 1"), [[1]]);
  });
});

Deno.test("a session that finds that it may not write any more is replaced, and nothing of its statement is stored", async () => {
  await withDatabase(async (database) => {
    const session = await database.connect();
    await session.script("create table t (n integer); set default_transaction_read_only = on");
    await assert.rejects(
      session.query("insert into t values (1)"),
      (error) => error instanceof SqlError && error.sqlstate === "25006",
    );
    assert(session.lost);
    assert.deepEqual(await database.views.query("select count(*)::integer from t"), [[0]]);
  });
});

Deno.test("a session whose prepared statements are of an older schema is replaced", async () => {
  await withDatabase(async (database) => {
    await database.activations.query("create table t (n integer)");
    const session = await database.connect();
    const read = () => session.query("select * from t", [], "read");
    assert.deepEqual(await read(), []);
    await database.activations.query("alter table t add column m integer");
    await assert.rejects(read(), (error) => error instanceof SqlError && error.sqlstate === "0A000");
    assert(session.lost);
  });
});

Deno.test("storage on a server that takes no writes says that it is not connected, until it does again", async () => {
  await withDatabase(async (database, watch, name) => {
    let opened = 0;
    let opening = 0;
    const connect = async () => {
      opening++;
      try {
        const session = await database.connect();
        opened++;
        return session;
      } finally {
        opening--;
      }
    };
    const storage = await openTestStorage({ ...database, connect }, { lanes: 1 });
    try {
      assert(storage.connected());
      await watch.views.query(`alter database "${name}" set default_transaction_read_only = on`);
      await watch.views.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
        [name],
      );
      await until(() => !storage.connected(), { what: "storage to know" });
      const before = opened;
      await watch.views.query(`alter database "${name}" reset default_transaction_read_only`);
      // Both lanes and the clock, and none that is still opening: it would go on beyond the test.
      await until(() => storage.connected() && opened >= before + 2 && opening === 0, { what: "storage to be back" });
    } finally {
      await storage.close();
    }
  });
});
