/** Where do a sale's attempts go while someone reads all attempts, and how do they go by age? */
import assert from "node:assert/strict";
import { HOUR_MS, saleKeyOf } from "../../src/domain/sale_ids.ts";
import { auditAll, hold, openSale, withActors } from "../support/audited.ts";
import { openTestPostgres } from "../support/storage.ts";

Deno.test("a sale is made beside a long reader of attempts, sells, and its attempts go by age as others' do", async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (actors) => {
    const { storage, key, number } = actors;
    const reader = await database.connect();
    await reader.script("begin; select count(*) from attempts");
    await openSale(actors, 3);
    await hold(actors, "a", 1);
    await hold(actors, "b", 2);
    reader.destroy();
    await openSale({ ...actors, key: saleKeyOf(number + 1), number: number + 1 }, 3);
    const attempts = async () => (await storage.saleViews.attempts(number, undefined, 0, 10))!;
    const { data } = await attempts();
    assert.deepEqual(data.map(({ userId, outcome }) => [userId, outcome]), [["a", "ok"], ["b", "ok"]]);
    assert.deepEqual((await auditAll(database.views)).findings, []);
    const partitions = async () => {
      const rows = await database.views.query(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'attempts'::regclass order by inhrelid::regclass::text collate \"C\"",
      );
      return rows.map(([name]) => name);
    };
    assert.deepEqual(await partitions(), [`attempts_${number + 1}`, "attempts_default"]);
    const afterIt = (number + 1) * HOUR_MS + 1;
    assert.deepEqual(await storage.attempts.dropAttempts(afterIt), [key]);
    assert.equal((await attempts()).total, 0);
    assert.deepEqual(await storage.attempts.dropAttempts(afterIt), []);
  });
});
