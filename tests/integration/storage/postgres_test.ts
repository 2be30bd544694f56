/** Does a closed database leave nothing behind, and what does an error of the server's tell? */
import assert from "node:assert/strict";
import { isUndone } from "../../../src/storage/postgres_session.ts";
import { NotConnected } from "../../../src/storage/sql.ts";
import { freshDatabase } from "../../support/database.ts";
import { openTestPostgres } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

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

Deno.test("isUndone() knows an ERROR in whatever language, and takes no FATAL or PANIC for one", () => {
  const undone = [
    ...[["ERROR", "23505"], ["ERROR", "53100"], ["ERROR", "XX000"], ["FEHLER", "23505"], ["ERREUR", "22003"]],
    ...[["FEHLER", "40P01"], ["FEHLER", "55P03"], ["FEHLER", "57014"], ["FEHLER", "25006"], ["ОШИБКА", "42P01"]],
  ];
  const unknown = [
    ...[["FATAL", "57P01"], ["FATAL", "57P05"], ["FATAL", "25P03"], ["FATAL", "25P04"], ["PANIC", "53100"]],
    ...[["PANIK", "53100"], ["SCHWERWIEGEND", "57P01"], ["FEHLER", "XX000"], ["FATAL", "08P01"]],
    ...[[undefined, undefined], ["ERROR", undefined], [undefined, "ECONNRESET"]],
  ];
  for (const [severity, code] of undone) assert(isUndone(severity, code), `${severity} ${code}`);
  for (const [severity, code] of unknown) assert(!isUndone(severity, code), `${severity} ${code}`);
});
