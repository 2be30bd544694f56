/** Do PostgreSQL and the tests see the same time, under faketime too? */
import assert from "node:assert/strict";
import { openTestPostgres } from "../../support/storage.ts";

const MINUTE_MS = 60_000;

Deno.test("PostgreSQL sees the tests' time", async () => {
  const database = await openTestPostgres();
  try {
    const [row] = await database.views.query("select (extract(epoch from clock_timestamp()) * 1000)::float8");
    assert(Math.abs(Number(row![0]) - Date.now()) < MINUTE_MS, `${row![0]}, not ${Date.now()}`);
  } finally {
    await database.close();
  }
});
