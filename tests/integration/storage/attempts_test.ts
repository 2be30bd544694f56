/** Where do a sale's attempts go while someone reads all attempts, and how do they go by age? */
import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { HOUR_MS, saleKeyOf } from "../../../src/domain/sale_ids.ts";
import { AttemptPartitions } from "../../../src/storage/attempts.ts";
import { migrateDatabase } from "../../../src/storage/mod.ts";
import { ConnectionLost, type Row, type Sql, SqlError } from "../../../src/storage/sql.ts";
import { auditAll, hold, openSale, withActors } from "../../support/audited.ts";
import { WAITS_TIME_OUT } from "../../support/database.ts";
import { openTestPostgres, patientSession } from "../../support/storage.ts";

Deno.test("a sale is made beside a long reader of attempts, sells, and its attempts go by age as others' do", {
  ignore: !WAITS_TIME_OUT,
}, async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (actors) => {
    const { storage, key, number } = actors;
    const reader = await patientSession(database);
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
  return { attempts: new AttemptPartitions(sql), tried };
}

Deno.test("dropAttempts() leaves those in use for the next time, and drops all others", async () => {
  const inUse = new SqlError("55P03", "canceling statement due to lock timeout");
  const { attempts, tried } = attemptsOf({ 2: [inUse], 3: [new ConnectionLost("reset")] });
  assert.deepEqual(await attempts.dropAttempts(0), [1, 3, 4].map(saleKeyOf));
  assert.deepEqual(tried, [1, 2, 3, 3, 4], "one whose session was lost is tried again");
});

Deno.test("dropAttempts() is a fault where Postgres refuses for another reason, once it dropped the others", async () => {
  const { attempts, tried } = attemptsOf({ 2: [new SqlError("53100", "disk full")] });
  await assert.rejects(attempts.dropAttempts(0), (error) => {
    return error instanceof Fault && error.code === "storage_unavailable";
  });
  assert.deepEqual(tried, [1, 2, 3, 4]);
});

Deno.test("dropAttempts() ends at once where Postgres does not answer", async () => {
  const { attempts, tried } = attemptsOf({ 2: Array.from({ length: 9 }, () => new ConnectionLost("reset")) });
  await assert.rejects(attempts.dropAttempts(0), (error) => {
    return error instanceof Fault && error.code === "storage_unavailable";
  });
  assert.deepEqual([...new Set(tried)], [1, 2]);
});

Deno.test("dropAttempts() leaves the rest where it is not to go on", async () => {
  const { attempts, tried } = attemptsOf({});
  assert.deepEqual(await attempts.dropAttempts(0, () => tried.length < 2), [1, 2].map(saleKeyOf));
  assert.deepEqual(tried, [1, 2]);
});

Deno.test("dropAttempts() deletes from the default partition by small statements", async () => {
  const database = await openTestPostgres();
  await migrateDatabase(database);
  const connection = await database.connect();
  const made: string[] = [];
  const counted: Sql = {
    query(text, params) {
      if (text.includes("delete from")) made.push(text);
      return connection.query(text, params);
    },
  };
  try {
    for (const number of [1, 2]) {
      await connection.query(
        "select make_sale($1, 1, to_timestamp($1::integer * 3600::float8), now(), 'test', gen_random_uuid(), '', '{}')",
        [number],
      );
      await connection.script(`drop table attempts_${number};
        insert into attempts select ${number}, i, 1, now(), 'ok', 'u' from generate_series(1, ${number * 10}) i`);
    }
    const attempts = new AttemptPartitions(counted, 7);
    assert.deepEqual(await attempts.dropAttempts(2 * HOUR_MS + 1), [saleKeyOf(1)]);
    assert.equal(made.length, 2);
    assert.deepEqual(await connection.query("select sale_id, count(*)::integer from attempts group by 1"), [[2, 20]]);
    let asked = 0;
    assert.deepEqual(await attempts.dropAttempts(4 * HOUR_MS, () => ++asked < 3), []);
    assert.deepEqual(await connection.query("select count(*)::integer from attempts"), [[13]]);
  } finally {
    connection.destroy();
    await database.close();
  }
});

/** Sales by whether they are sold out and where their attempts are. */
const SOLD = ["sold out", "open"] as const;
const PLACES = ["own", "own, empty", "default", "none"] as const;

Deno.test("dropAttempts() drops those of old sales, wherever they are, whether or not they may yet sell", async () => {
  const database = await openTestPostgres();
  await migrateDatabase(database);
  const connection = await database.connect();
  const before = Date.UTC(2026, 10, 21, 14);
  const numberOf = (at: number) => before / HOUR_MS - 20 + at;
  const cases = SOLD.flatMap((sold) => PLACES.map((place) => ({ sold, place })));
  try {
    for (const [at, { sold, place }] of cases.entries()) {
      const number = numberOf(at);
      await connection.query(
        `select make_sale($1, 1, to_timestamp($1::integer * 3600::float8), now(), 'test', gen_random_uuid(), '', '{}')`,
        [number],
      );
      if (!place.startsWith("own")) await connection.script(`drop table attempts_${number}`);
      if (sold === "sold out") await connection.script(`update sales set sold = 1 where id = ${number}`);
      const attempt = `insert into attempts values (${number}, 1, 1, now(), 'ok', 'u')`;
      if (place === "own" || place === "default") await connection.script(attempt);
    }
    const [last, young] = [numberOf(-1), before / HOUR_MS - 1];
    // One ends at the time itself, and is not old; one ended a millisecond before it.
    for (const [number, ends] of [[young, before], [last, before - 1]] as const) {
      await connection.query(
        `select make_sale($1, 1, to_timestamp($1::integer * 3600::float8), now(), 'test', gen_random_uuid(), '', '{}')`,
        [number],
      );
      await connection.query("update sales set ends_at = to_timestamp($2 / 1000::float8), sold = 1 where id = $1", [
        number,
        ends,
      ]);
    }
    const dropped = await new AttemptPartitions(connection).dropAttempts(before + 0.5);
    const expected = cases.flatMap(({ place }, at) => place === "none" ? [] : [saleKeyOf(numberOf(at))]);
    assert.deepEqual(dropped, [saleKeyOf(last), ...expected]);
    const partitions = await connection.query(
      "select inhrelid::regclass::text from pg_inherits where inhparent = 'attempts'::regclass order by 1",
    );
    assert.deepEqual(partitions.flat(), [`attempts_${young}`, "attempts_default"].sort());
    assert.deepEqual(await connection.query("select count(*)::integer from attempts"), [[0]]);
    await connection.script(`insert into attempts values (${last}, 1, 1, now(), 'ok', 'u')`);
    assert.deepEqual(await new AttemptPartitions(connection).dropAttempts(before + 0.5), [saleKeyOf(last)]);
    assert.deepEqual(await new AttemptPartitions(connection).dropAttempts(before + 0.5), []);
  } finally {
    connection.destroy();
    await database.close();
  }
});
