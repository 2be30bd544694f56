/** Is an item of the current sale bought once on PostgreSQL, over the hour and over the end of its node? */
import assert from "node:assert/strict";
import { openClockedNode, passTime } from "../support/clocked_node.ts";
import { freshDatabase } from "../support/database.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("a repeat by key after the hour gets its stored answer, from another node too, and nothing more is held", async () => {
  const databaseUrl = await freshDatabase();
  const clock = new FakeClock();
  const key = { "idempotency-key": "key" };
  const first = await openClockedNode(databaseUrl, clock, { items: 3 });
  let told;
  try {
    await passTime(clock, [first], 60_000);
    told = await first.ask("POST", "/checkout?user_id=ann&id=1", key);
    assert.equal(told.status, 200, JSON.stringify(told.body));
    await passTime(clock, [first], 3_600_000);
    assert.deepEqual(await first.ask("POST", "/checkout?user_id=ann&id=1", key), told);
  } finally {
    await first.close();
  }
  const second = await openClockedNode(databaseUrl, clock, { items: 3 });
  try {
    assert.deepEqual(await second.ask("POST", "/checkout?user_id=ann&id=1", key), told);
    const other = await second.ask("POST", "/checkout?user_id=ann&id=2", key);
    assert.deepEqual([other.status, other.body.code], [422, "idempotency_key_reused"]);
    const { body } = await second.ask("GET", "/api/sales/current/attempts");
    assert.deepEqual(body.data, []);
  } finally {
    await second.close();
  }
});
