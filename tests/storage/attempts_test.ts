/** Where do a sale's attempts go while someone reads all attempts, and how do they go by age? */
import assert from "node:assert/strict";
import { Fault } from "../../src/actors/ports.ts";
import { HOUR_MS, saleKeyOf } from "../../src/domain/sale_ids.ts";
import { AttemptPartitions } from "../../src/storage/attempts.ts";
import { ConnectionLost, type Row, type Sql, SqlError } from "../../src/storage/sql.ts";
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

/** Sales 1 to 4 are old; what the drop of each comes to. */
function attemptsOf(errors: Readonly<Record<number, Error[]>>): { attempts: AttemptPartitions; tried: unknown[] } {
  const tried: unknown[] = [];
  const sql: Sql = {
    query(text, params = []): Promise<Row[]> {
      if (!text.includes("drop_attempts")) return Promise.resolve([1, 2, 3, 4].map((number) => [number, true]));
      tried.push(params[0]);
      const error = errors[params[0] as number]?.shift();
      return error === undefined ? Promise.resolve([]) : Promise.reject(error);
    },
  };
  return { attempts: new AttemptPartitions(sql, "sold_out"), tried };
}

Deno.test("dropAttempts() leaves those in use for the next time, and drops all others", async () => {
  const inUse = new SqlError("55P03", "canceling statement due to lock timeout");
  const { attempts, tried } = attemptsOf({ 2: [inUse], 3: [new ConnectionLost("reset")] });
  assert.deepEqual(await attempts.dropAttempts(0), [1, 3, 4].map(saleKeyOf));
  assert.deepEqual(tried, [1, 2, 3, 3, 4], "one whose session was lost is tried again");
});

Deno.test("dropAttempts() is a fault where Postgres refuses for another reason", async () => {
  const { attempts, tried } = attemptsOf({ 2: [new SqlError("53100", "disk full")] });
  await assert.rejects(attempts.dropAttempts(0), (error) => {
    return error instanceof Fault && error.code === "storage_unavailable";
  });
  assert.deepEqual(tried, [1, 2]);
});
