/** Is what a list shows right, whatever it is read by, and is it read at little cost? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { normalizeName, normalizeSearch } from "../../../src/domain/name_key.ts";
import { HOUR_MS, saleNumberAt } from "../../../src/domain/sale_ids.ts";
import { type CouponViews, Fault, type ItemState } from "../../../src/ports/mod.ts";
import { PostgresCouponViews } from "../../../src/storage/coupon_views.ts";
import { migrateDatabase } from "../../../src/storage/mod.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { hold, openSale, withActors } from "../../support/audited.ts";
import { freshDatabase, WAITS_TIME_OUT } from "../../support/database.ts";
import { purchase, release, voidPurchase } from "../../support/sale_commands.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

/** Names that take what a pattern is made of, both small sigmas and letters of several bytes. */
const NAMES = [
  ...["100%", "1000", "a_b", "axb", "back\\slash", "backslash", "quo'te", 'quo"te', "two  blanks", "-", "--", "x"],
  ...[
    "ΠΑΣΧΑ ΠΡΟΣΦΟΡΕΣ",
    "πασ",
    "ΟΔΟΣ",
    "οδοσ",
    "σσσ",
    "Straße 7",
    "STRASSE 7",
    "日本語の券",
    "日本",
    "🎟️ ticket",
    "éclair",
  ],
  ...["summer-10", "summer-20", "midsummer", "SUMMER", "sum", "mer", "zz-top", "fizz", "%_\\", "%%%", "___", "\\\\\\"],
];

async function addCoupons(database: Database, names: readonly string[]): Promise<void> {
  await database.views.query(
    `insert into coupons (fold, name, amount, remaining, created_at, updated_at)
    select f, n, 5, 5, now(), now() from unnest($1::text[], $2::text[]) x(f, n)`,
    [names.map((name) => normalizeName(name)!), names],
  );
}

/** What a search finds, by the rule alone. */
function expected(names: readonly string[], search: string): string[] {
  return names.filter((name) => normalizeName(name)!.includes(search));
}

async function assertFound(views: CouponViews, names: readonly string[], text: string): Promise<void> {
  const search = normalizeSearch(text)!;
  const wanted = expected(names, search);
  const { data, total } = await views.coupons(search, 0, 100);
  assert.deepEqual([data.map(({ name }) => name), total], [wanted, wanted.length], JSON.stringify(text));
  const last = await views.coupons(search, wanted.length, 100);
  assert.deepEqual([last.data, last.total], [[], wanted.length], "beyond the last page");
  if (wanted.length < 2) return;
  const second = await views.coupons(search, 1, 1);
  assert.deepEqual([second.data.map(({ name }) => name), second.total], [wanted.slice(1, 2), wanted.length]);
}

async function assertSearches(database: Database): Promise<void> {
  const views = new PostgresCouponViews(database.views, database.lists);
  const names = [...new Map(NAMES.map((name) => [normalizeName(name), name])).values()];
  await addCoupons(database, names);
  await database.views.query("insert into bulk_jobs (request_id, count, terms) values (gen_random_uuid(), 1, '{}')");
  await database.views.query(`insert into coupons (fold, name, amount, remaining, created_at, updated_at, job)
    values ('secret-summer', 'secret-summer', 1, 1, now(), now(), 1)`);
  for (const name of [...names, "", "summer", "UMM", "mm", "m", "zz", "%", "_", "\\", "ς", "σ", "Σ", "secret"]) {
    await assertFound(views, names, name);
  }
  const parts = fc.array(fc.constantFrom("a", "%", "_", "\\", "σ", "ς", " ", "日", "s", "um", "mer", "-"), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(fc.asyncProperty(parts, (some) => assertFound(views, names, some.join(""))), { numRuns: 60 });
}

Deno.test("coupons() finds each name that has the text in it, by pg_trgm and without", async () => {
  const database = await openTestPostgres();
  try {
    await migrateDatabase(database);
    const [found] = await database.views.query("select to_regclass('coupons_search') is not null");
    assert.equal(found![0], true, "this server has pg_trgm");
    await database.lists.query("set enable_seqscan = off"); // else no index of a table as small as this is read
    await assertSearches(database);
    await database.views.query("drop extension pg_trgm cascade");
    await database.views.query("truncate coupons, bulk_jobs restart identity");
    await assertSearches(database);
  } finally {
    await database.close();
  }
});

Deno.test("coupons() finds each name that has the text in it, in the embedded database", async () => {
  const database = await openTestEmbedded();
  try {
    await migrateDatabase(database);
    await assertSearches(database);
  } finally {
    await database.close();
  }
});

Deno.test("a search for three letters reads the index of names alone, any other reads no table but its page", async () => {
  const database = await openTestPostgres();
  await migrateDatabase(database);
  try {
    await database.views.query(`insert into coupons (fold, name, amount, remaining, created_at, updated_at)
      select n, n, 1, 1, now(), now() from (select 'coupon-' || md5(i::text) n from generate_series(1, 20000) i) x`);
    // Of a table as small as this, one that is still to be put into the index costs as much as all names.
    await database.views.query("select gin_clean_pending_list('coupons_search')");
    for (const analyzed of [false, true]) {
      if (analyzed) await database.views.query("vacuum analyze coupons");
      const plan = async (pattern: string) => {
        const text = "explain select c.id from coupons c where c.job is null and c.fold like $1";
        return (await database.lists.query(text, [pattern])).map(([line]) => String(line)).join("\n");
      };
      assert.match(await plan("%abcde%"), /Bitmap Index Scan on coupons_search/, `analyzed: ${analyzed}`);
      if (analyzed) {
        for (const pattern of ["%zz%", "%-%", "%coupon%"]) {
          assert.match(await plan(pattern), /Index Only Scan using coupons_listed_names/, pattern);
        }
      }
      assert.doesNotMatch(await plan("%zz%"), /Parallel|Gather/);
    }
  } finally {
    await database.close();
  }
});

Deno.test("a role that may not create pg_trgm migrates and searches without it", async () => {
  const role = `plain_${crypto.randomUUID().replaceAll("-", "")}`;
  const owner = await openTestPostgres();
  const name = (await owner.views.query("select current_database()"))[0]![0];
  await owner.views.query(`create role ${role} login`);
  await owner.views.query(`revoke create on database "${name}" from public`);
  await owner.views.query(`grant create on schema public to ${role}`);
  const url = new URL(Deno.env.get("TEST_DATABASE_URL")!);
  url.pathname = String(name);
  url.username = role;
  const database = await openTestPostgres(url.href);
  try {
    const storage = await openTestStorage(database);
    const [found] = await database.views.query("select to_regclass('coupons_search') is null");
    assert.equal(found![0], true);
    await addCoupons(database, ["summer-10", "winter"]);
    await assertFound(storage.views, ["summer-10", "winter"], "SUMMER");
    await storage.close();
  } finally {
    await owner.views.query(`drop owned by ${role}`);
    await owner.views.query(`drop role ${role}`);
    await owner.close();
  }
});

Deno.test("a list that takes longer than half a second is refused as overloaded, and delays nothing else", {
  ignore: !WAITS_TIME_OUT,
}, async () => {
  const url = await freshDatabase();
  const storage = await openTestStorage(await openTestPostgres(url));
  const other = await openTestPostgres(url);
  const lock = await other.connect();
  try {
    await lock.script("set idle_in_transaction_session_timeout = 0; begin; lock table sales, items");
    const startedAt = performance.now();
    const overloaded = (error: unknown) => error instanceof Fault && error.code === "overloaded";
    await Promise.all([
      assert.rejects(storage.saleViews.sales(undefined, 0, 20), overloaded),
      assert.rejects(storage.saleViews.items(1, undefined, 0, 20), overloaded),
    ]);
    assert(performance.now() - startedAt > 400, "it waited for the lock");
    assert.equal(await storage.views.coupon("none", 0), undefined);
    assert.equal((await storage.views.coupons("", 0, 20)).total, 0);
    assert(storage.connected());
    await lock.script("rollback");
    assert.equal((await storage.saleViews.sales(undefined, 0, 20)).total, 0);
  } finally {
    lock.destroy();
    await other.close();
    await storage.close();
  }
});

Deno.test("where every session for lists, reports and views is taken, the clock is read and a node stays ready", async () => {
  const database = await openTestPostgres();
  const { views } = database;
  const never = { query: () => new Promise<never>(() => {}) };
  let isTaken = false;
  let readings = 0;
  let opening = 0;
  const storage = await openTestStorage({
    ...database,
    views: { query: (...all) => isTaken ? never.query() : views.query(...all) },
    reports: never,
    lists: never,
    async connect() {
      opening++;
      const session = await database.connect().finally(() => opening--);
      const query = session.query.bind(session);
      session.query = (text, params, name) => {
        if (name === "clock") readings++;
        return query(text, params, name);
      };
      return session;
    },
  });
  try {
    isTaken = true;
    for (const name of ["a", "b", "c"]) storage.views.coupon(name, 0);
    storage.views.coupons("", 0, 20);
    storage.userViews.segments();
    const before = readings;
    await until(() => readings >= before + 2, { what: "the clock to be read", everyMs: 20 });
    assert(storage.connected());
    // One that is still opening would go on beyond the test.
    await until(() => opening === 0, { what: "no session to be opening" });
  } finally {
    await storage.close();
  }
});

for (const embedded of [false, true]) {
  Deno.test(`sold, held and left are the sale's items in every list, ${embedded ? "embedded" : "PostgreSQL"}`, async () => {
    const database = embedded ? await openTestEmbedded() : await openTestPostgres();
    await withActors(database, { closes: "sold_out", ttlMs: HOUR_MS, limit: 100 }, async (actors) => {
      const { storage: { saleViews }, sales, key, number } = actors;
      await openSale(actors, 10);
      const counts = async () => {
        const one = (await saleViews.sale(number))!;
        const { data: [listed] } = await saleViews.sales(undefined, 0, 100);
        assert.deepEqual(listed, one);
        const items = (await saleViews.items(number, undefined, 0, 100))!;
        const totals: number[] = [];
        for (const state of ["sold", "held", "available"] satisfies ItemState[]) {
          const found = (await saleViews.items(number, state, 0, 100))!;
          assert.equal(found.data.length, found.total, state);
          assert.deepEqual(found.data, items.data.filter((item) => item.state === state));
          assert.deepEqual((await saleViews.items(number, state, 1, 2))!.data, found.data.slice(1, 3));
          assert.equal((await saleViews.items(number, state, 99, 2))!.total, found.total);
          totals.push(found.total);
        }
        assert.deepEqual([items.total, items.data.map(({ n }) => n)], [10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
        assert.deepEqual(totals, [one.sold, one.held, one.items - one.sold - one.held]);
        return [one.sold, one.held];
      };
      assert.deepEqual(await counts(), [0, 0]);
      const codes = [await hold(actors, "a", 1), await hold(actors, "b", 4), await hold(actors, "c", 10)];
      assert.deepEqual(await counts(), [0, 3]);
      await sales.ask(key, purchase(codes[1]!));
      assert.deepEqual(await counts(), [1, 2]);
      await sales.ask(key, release(codes[0]!));
      assert.deepEqual(await counts(), [1, 1]);
      await sales.ask(key, voidPurchase(codes[1]!));
      assert.deepEqual(await counts(), [0, 1]);
    });
  });
}

Deno.test("a sale's items are looked through for what is held only while some hold may live", async () => {
  const database = await openTestPostgres();
  const storage = await openTestStorage(database);
  try {
    const number = saleNumberAt(storage.clock.now());
    const make =
      `select make_sale($1::integer, 5, to_timestamp($1 * 3600e0), now(), 'x', gen_random_uuid(), 'm', '{}')`;
    await database.views.query(make, [number]);
    await database.views.query("update items set held_until = now() + interval '1 hour' where n < 3");
    const held = async () => (await storage.saleViews.sale(number))!.held;
    assert.equal(await held(), 0, "no hold was ever made");
    for (const [until, count] of [["now() + interval '1 minute'", 2], ["now() - interval '1 minute'", 0]] as const) {
      await database.views.query(`update sales set held_until = ${until}`);
      assert.equal(await held(), count, until);
      assert.equal((await storage.saleViews.sales("open", 0, 5)).data[0]!.held, count, until);
    }
  } finally {
    await storage.close();
  }
});
