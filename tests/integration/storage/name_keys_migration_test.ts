/** Does the migration to name keys re-key what is stored, and change nothing where two names would become one? */
import assert from "node:assert/strict";
import { normalizeName, normalizeTitle } from "../../../src/domain/name_key.ts";
import { migrate } from "../../../src/storage/migrate.ts";
import { MIGRATIONS } from "../../../src/storage/migrations/mod.ts";
import type { Connection, Database, Row } from "../../../src/storage/sql.ts";
import type { Storage } from "../../../src/storage/mod.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";

const BEFORE = MIGRATIONS.filter(({ number }) => number < 10);
const UNTIL = MIGRATIONS.filter(({ number }) => number <= 10);
/** More than the migration reads at once. */
const MANY = 5_500;

/** The key of a name before. */
const fold = (name: string) => name.normalize("NFKC").trim().toLowerCase().normalize("NFC");

async function addCoupons(
  connection: Connection,
  coupons: readonly (readonly [string, string | null])[],
): Promise<void> {
  await connection.query(
    `insert into coupons (fold, name, amount, remaining, created_at, updated_at, segment)
    select r.fold, r.name, 1, 1, now(), now(), r.segment
    from jsonb_to_recordset($1::jsonb) r(name text, fold text, segment text)`,
    [JSON.stringify(coupons.map(([name, segment]) => ({ name, fold: fold(name), segment })))],
  );
}

async function addMembers(connection: Connection, members: readonly (readonly [string, string])[]): Promise<void> {
  await connection.query("select put_memberships($1, $2, $3::text::bigint[])", [
    members.map(([, user]) => user).join("\x1f"),
    members.map(([segment]) => segment).join("\x1f"),
    `{${members.map(() => 4_000_000_000).join()}}`,
  ]);
}

const coupons = (connection: Connection) =>
  connection.query("select name, fold, epoch::integer, segment, segment_key from coupons order by id");
const segments = (connection: Connection) => connection.query("select title, shown, total from segments order by id");

/** Refused, with each of these in the message, and nothing changed. */
async function assertRefused(connection: Connection, ...named: string[]): Promise<void> {
  const before = await connection.query("select name, fold, epoch from coupons order by id");
  const memberships = await connection.query("select segment, user_id from memberships order by 1, 2");
  await assert.rejects(migrate(connection, UNTIL), (error) => {
    assert.equal((error as Error).name, "MigrationError");
    for (const one of named) assert((error as Error).message.includes(one), (error as Error).message);
    return true;
  });
  assert.deepEqual(await connection.query("select name, fold, epoch from coupons order by id"), before);
  assert.deepEqual(await connection.query("select segment, user_id from memberships order by 1, 2"), memberships);
  assert.deepEqual(await connection.query("select number from migrations where number >= 10"), []);
}

for (const [name, openDatabase] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  /** @param body returns the storage that it opened, if any, which closes the database */
  const test = (behaviour: string, body: (connection: Connection, database: Database) => Promise<Storage | void>) =>
    Deno.test(`the migration to name keys on ${name}: ${behaviour}`, async () => {
      const database = await openDatabase();
      let open: { close(): Promise<void> } = database;
      const connection = await database.connect();
      try {
        await migrate(connection, BEFORE);
        open = await body(connection, database) ?? database;
      } finally {
        connection.destroy();
        await open.close();
      }
    });

  test("gives keys to coupons, raises the epochs of those that change, and leaves the others as they are", async (connection) => {
    await addCoupons(connection, [
      ["PROMO", null],
      ["Straße–10", " Gold\u200b Club"],
      ["ΠΡΟΣΦΟΡΕΣ", "plain"],
      ["x\u200b", null],
      ["plain–", "plain"],
    ]);
    assert.deepEqual(await migrate(connection, UNTIL), ["0010_name_keys"]);
    assert.deepEqual(await coupons(connection), [
      ["PROMO", "promo", 1, null, null],
      ["Straße–10", "strasse-10", 2, " Gold\u200b Club", "gold club"],
      ["ΠΡΟΣΦΟΡΕΣ", "προσφορεσ", 2, "plain", "plain"],
      ["x\u200b", "x", 2, null, null],
      ["plain–", "plain-", 2, "plain", "plain"],
    ]);
    assert.deepEqual(await migrate(connection, UNTIL), []);
  });

  test(
    "gives keys to segments with their memberships and counts; users stay as they are",
    async (connection, database) => {
      await addMembers(connection, [["Gold\tClub", " ann "], ["Gold\tClub", "bob"], ["silver", "bob"], [
        "Ümläut/X ",
        "eve",
      ]]);
      await migrate(connection, UNTIL);
      assert.deepEqual(
        new Set(await segments(connection)),
        new Set([
          ["gold club", "Gold\tClub", 2],
          ["silver", "silver", 1],
          ["ümläut/x", "Ümläut/X ", 1],
        ]),
      );
      const storage = await openTestStorage(database);
      const { segments: mine } = (await storage.userViews.user("bob", 9))!;
      assert.deepEqual(mine.map(({ title }) => title).sort(), ["Gold\tClub", "silver"]);
      assert.equal(await storage.memberships.put({ userId: "bob", segment: "GOLD CLUB", expiresAt: 4e9 }), false);
      assert.deepEqual((await storage.userViews.segments()).map(({ users }) => users).sort(), [1, 1, 2]);
      assert.deepEqual(
        await database.views.query("select user_id from memberships where segment = 'gold club' order by 1"),
        [
          [" ann "],
          ["bob"],
        ],
      );
      return storage;
    },
  );

  test("goes through all pages, of coupons, of segments and of one segment's memberships", async (connection) => {
    const all = Array.from({ length: MANY }, (_, n) => [`Code–${n}`, n % 2 === 0 ? "All Of–Us" : null] as const);
    await addCoupons(connection, all);
    await addMembers(connection, all.map(([title]) => [title, "u"]));
    await addMembers(connection, all.map((_, n) => ["All Of–Us", `u${n}`]));
    await migrate(connection, UNTIL);
    const count = async (text: string): Promise<unknown> => (await connection.query(text))[0]![0];
    assert.equal(await count("select count(*)::integer from coupons where fold like 'code-%' and epoch = 2"), MANY);
    assert.equal(await count("select count(*)::integer from coupons where segment_key = 'all of-us'"), MANY / 2);
    assert.equal(
      await count("select count(*)::integer from segments where title like 'code-%' and shown like 'Code–%'"),
      MANY,
    );
    assert.equal(await count("select count(*)::integer from memberships where segment = 'all of-us'"), MANY);
    assert.equal(await count("select count(*)::integer from memberships where segment ~ '[A-Z–]'"), 0);
  });

  test("refuses two coupons that would be one, names both, and changes nothing", async (connection) => {
    await addCoupons(connection, [["Fine–1", null], ["sale-10", null], ["SALE–10", null], ["a", null], [
      "a\u00ad",
      null,
    ]]);
    await assertRefused(connection, '"sale-10" and "SALE–10"', '"a" and "a\\u{ad}"');
  });

  test("refuses two segments that would be one, names both, and changes nothing", async (connection) => {
    await addCoupons(connection, [["Fine–1", null]]);
    await addMembers(connection, [["gold", "a"], [" gold", "a"], ["gold ", "b"], ["fine", "b"], ["x\u200b", "b"]]);
    await assertRefused(connection, '"gold"', '" gold"', '"gold "');
  });

  test("refuses a name of which nothing is left, and names it", async (connection) => {
    await addCoupons(connection, [["ok", null], ["\u200b", null]]);
    await assertRefused(connection, "the coupon", '"\\u{200b}"');
    await connection.query("delete from coupons where name = $1", ["\u200b"]);
    await addMembers(connection, [["\u00ad", "a"]]);
    await assertRefused(connection, "the segment", '"\\u{ad}"');
  });

  test("goes on once one of two was renamed by hand, whatever its old key was", async (connection) => {
    await addCoupons(connection, [["sale-10", null], ["SALE–10", null]]);
    await assertRefused(connection, "sale-10");
    await connection.query("update coupons set name = 'SALE 10' where name = 'SALE–10'");
    await migrate(connection, UNTIL);
    assert.deepEqual((await coupons(connection)).map(([, key]) => key), ["sale-10", "sale 10"]);
  });

  test("goes on once two segments were merged by the SQL of the documentation, with right counts", async (connection) => {
    await addMembers(connection, [["gold", "ann"], ["gold", "bob"], [" gold", "bob"], [" gold", "eve"], [
      " gold",
      "joe",
    ]]);
    await assertRefused(connection, '" gold"');
    const page = await Deno.readTextFile("docs/decisions/0011-names-have-keys.md");
    await connection.script(/```sql\n(.*?)```/s.exec(page)![1]!);
    await migrate(connection, UNTIL);
    assert.deepEqual(await segments(connection), [["gold", "gold", 4]]);
    assert.deepEqual(await connection.query("select sum(n)::integer from segment_expiries"), [[4]]);
    const members = await connection.query("select segment, user_id from memberships order by user_id");
    assert.deepEqual(members.map(([, user]) => user), ["ann", "bob", "eve", "joe"]);
  });

  test("swaps the keys of coupons whose keys were made by hand", async (connection) => {
    await addCoupons(connection, [["one", null], ["two", null]]);
    await connection.script(`update coupons set fold = 'x' where name = 'one';
      update coupons set fold = 'one' where name = 'two'; update coupons set fold = 'two' where name = 'one'`);
    await migrate(connection, UNTIL);
    assert.deepEqual((await coupons(connection)).map(([name, key]: Row) => [name, key]), [["one", "one"], [
      "two",
      "two",
    ]]);
  });

  test("put_memberships() takes titles as given, and says so", async (connection) => {
    await migrate(connection, UNTIL);
    await addMembers(connection, [["As Given", "u"]]);
    assert.deepEqual(await segments(connection), [["As Given", "As Given", 1]]);
    const [[comment]] = await connection.query(
      "select obj_description('put_memberships(text,text,bigint[],text)'::regprocedure)",
    ) as [Row];
    assert.match(String(comment), /taken as given/);
  });

  test(
    "a coupon that runs is served under its new key, with its claims and its segment",
    async (connection, database) => {
      await addCoupons(connection, [["Straße", "Gold–Club"]]);
      await addMembers(connection, [["Gold–Club", "ann"]]);
      await connection.query("update coupons set remaining = 0, seq = 1");
      await connection.query(`insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
      select id, 1, 0, false, now(), gen_random_uuid(), 'ann' from coupons`);
      await migrate(connection, UNTIL);
      const storage = await openTestStorage(database);
      const key = normalizeName("STRASSE")!;
      assert.deepEqual((await storage.views.coupon(key, 9))!.claimedBy, ["ann"]);
      assert.equal((await storage.coupons.activate(key, 0))!.state.name, "Straße");
      const membership = await storage.eligibility.membership(key, "ann");
      assert.deepEqual(membership, { segment: "Gold–Club", until: 4e12 });
      assert.equal(normalizeTitle(membership!.segment), "gold-club");
      return storage;
    },
  );
}
