/** Does a closed database leave nothing behind? */
import assert from "node:assert/strict";
import { NotConnected } from "../../src/storage/sql.ts";
import { freshDatabase } from "../support/database.ts";
import { openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

Deno.test("close() refuses statements that wait for a session, and later ones, and leaves no session", async () => {
  const url = await freshDatabase();
  const watch = await openTestPostgres(url);
  const closed = await openTestPostgres(url, { views: 1 });
  try {
    const others = async () => {
      const sql =
        "select count(*)::integer from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
      return Number((await watch.views.query(sql))[0]![0]);
    };
    await closed.views.query("select 1");
    const underWay = closed.views.query("select pg_sleep(60)");
    const waiting = [1, 2, 3].map(() => closed.views.query("select 1"));
    const opening = closed.activations.query("select 1");
    await closed.close();
    await assert.rejects(underWay);
    for (const refused of [...waiting, opening]) await assert.rejects(refused, NotConnected);
    await assert.rejects(closed.views.query("select 1"), NotConnected);
    await until(async () => await others() <= 1, { what: "all sessions but the sleeping one to end" });
  } finally {
    await watch.close();
  }
});
