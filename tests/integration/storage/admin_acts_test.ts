import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { PostgresAdminActs } from "../../../src/storage/admin_acts.ts";
import { migrateDatabase } from "../../../src/storage/mod.ts";
import { ConnectionLost, SqlError } from "../../../src/storage/sql.ts";
import { adminActsContract } from "../../contracts/admin_acts_contract.ts";
import { openTestEmbedded, openTestPostgres } from "../../support/storage.ts";

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  adminActsContract(name, async () => {
    const database = await open();
    await migrateDatabase(database);
    return { acts: new PostgresAdminActs(database.views), close: () => database.close() };
  });
}

Deno.test("page() shows a target that an older version recorded as one part, and none as no part", async () => {
  const database = await openTestPostgres();
  try {
    await migrateDatabase(database);
    // As that version does it, also on this schema.
    const insert = `insert into admin_acts (at, caller, act, target, address, request_id)
      values (clock_timestamp(), 'admin', 'claim.void', $1, '127.0.0.1', 'r')`;
    for (const target of ["a b c", ""]) await database.views.query(insert, [target]);
    const { data } = await new PostgresAdminActs(database.views).page(0, 10);
    assert.deepEqual(data.map(({ target }) => target), [[], ["a b c"]]);
  } finally {
    await database.close();
  }
});

Deno.test("begin() whose answer is lost is not sent again; complete() is", async () => {
  let sent = 0;
  const acts = new PostgresAdminActs({
    query() {
      sent++;
      return Promise.reject(new ConnectionLost("gone"));
    },
  });
  const act = { caller: "admin", act: "coupon.edit", target: ["x"], address: "127.0.0.1", requestId: "r" };
  await assert.rejects(acts.begin(act), (error) => error instanceof Fault && error.code === "storage_unavailable");
  assert.equal(sent, 1);
  await assert.rejects(acts.complete(1, 200, null), (error) => error instanceof Fault);
  assert.equal(sent, 4);
});

Deno.test("begin() tells nothing of what Postgres refused but that it did", async () => {
  const acts = new PostgresAdminActs({ query: () => Promise.reject(new SqlError("22021", "no")) });
  const act = { caller: "admin", act: "coupon.edit", target: ["a\u0000b"], address: "127.0.0.1", requestId: "r" };
  await assert.rejects(acts.begin(act), (error) => error instanceof Fault && !error.message.includes("a\u0000b"));
});
