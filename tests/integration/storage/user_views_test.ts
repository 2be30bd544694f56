/** Do the pages of a user, and files of everything, have each row once and in order, on real databases? */
import assert from "node:assert/strict";
import type { ListPart, Place } from "../../../src/ports/mod.ts";
import { PostgresExportViews } from "../../../src/storage/export_views.ts";
import { migrateDatabase } from "../../../src/storage/mod.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { PostgresUserViews } from "../../../src/storage/user_views.ts";
import { openTestEmbedded, openTestPostgres } from "../../support/storage.ts";

/** More than one statement looks into. */
const SALES = 4_100;
const FIRST_SALE = 400_000;

const ROWS = `
insert into coupons (fold, name, amount, remaining, seq, created_at, updated_at)
  select 'c' || i, 'C' || i, 9, 0, 9, now(), now() from generate_series(1, 30) i;
insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
  select c, u, 9 - u, false, to_timestamp(1000000 * u + c), gen_random_uuid(), 'u' || u
  from generate_series(1, 30) c, generate_series(1, 3) u;
insert into sales (id, items, sold, starts_at, ends_at, created_at, updated_at)
  select ${FIRST_SALE} + i, 9, 0, now(), now(), now(), now() from generate_series(0, ${SALES} - 1) i;
insert into purchases (sale_id, n, slot, slot_max, keyed, purchased_at, code, id, user_id)
  select ${FIRST_SALE} + s, slot, slot, 3, false, to_timestamp(s * 10 + slot), gen_random_uuid(), gen_random_uuid(), 'u1'
  from (values (0), (1), (2050), (${SALES} - 1)) v(s), generate_series(1, 3) slot;
insert into purchases (sale_id, n, slot, slot_max, keyed, purchased_at, code, id, user_id)
  values (${FIRST_SALE}, 9, 1, 3, false, to_timestamp(9), gen_random_uuid(), gen_random_uuid(), 'buyer');
insert into wallet_entries (coupon_id, claim_id, is_void, user_id, amount, at)
  select 1, claim_id, v, user_id, case when v then -7.5 else 7.50 end, claimed_at
  from claims, (values (false), (true)) w(v) where coupon_id = 1;
insert into wallet_entries (coupon_id, claim_id, is_void, user_id, amount, at)
  select coupon_id, claim_id, false, user_id, 1234567890123.45, claimed_at from claims where coupon_id = 2;`;

async function all<View, At>(
  read: (after: At | undefined) => Promise<ListPart<View, At> | undefined>,
): Promise<View[]> {
  const views: View[] = [];
  let after: At | undefined;
  do {
    const part = (await read(after))!;
    views.push(...part.data);
    after = part.next;
  } while (after !== undefined);
  return views;
}

async function withRows(
  open: () => Promise<Database>,
  body: (users: PostgresUserViews, exports: PostgresExportViews, database: Database) => Promise<void>,
): Promise<void> {
  const database = await open();
  try {
    await migrateDatabase(database);
    const connection = await database.connect();
    await connection.script(ROWS);
    connection.destroy();
    const users = new PostgresUserViews(database.views, { now: () => 0 });
    await body(users, new PostgresExportViews(database.views), database);
  } finally {
    await database.close();
  }
}

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  Deno.test(`claims() of a user on ${name} has each claim once, by coupon, whatever the limit`, async () => {
    await withRows(open, async (users) => {
      for (const limit of [1, 7, 30, 100]) {
        const claims = await all((after: number | undefined) => users.claims("u2", after ?? 0, limit));
        assert.deepEqual(claims.map(({ couponName }) => couponName), Array.from({ length: 30 }, (_, i) => `C${i + 1}`));
        assert(claims.every(({ userId, claimId }) => userId === "u2" && /^[0-9a-f-]{36}$/.test(claimId)));
        assert.equal(claims[4]!.claimedAt, 2_000_005_000);
      }
    });
  });

  Deno.test(`purchases() of a user on ${name} has each purchase once, newest sale first, over thousands of sales`, async () => {
    await withRows(open, async (users) => {
      const wanted = [SALES - 1, 2050, 1, 0].flatMap((sale) => [3, 2, 1].map((n) => [FIRST_SALE + sale, n]));
      for (const limit of [1, 2, 3, 5, 11, 12, 100]) {
        const bought = await all((after: number | undefined) => users.purchases("u1", after ?? 0, limit));
        assert.deepEqual(bought.map(({ number, n }) => [number, n]), wanted, `limit ${limit}`);
        assert(bought.every(({ userId, code }) => userId === "u1" && /^[\w-]{22}$/.test(code)));
      }
    });
  });

  Deno.test(`wallet() and user() on ${name} show each entry once and their exact sum`, async () => {
    await withRows(open, async (users) => {
      for (const limit of [1, 2, 3, 10]) {
        const entries = await all((after: number | undefined) => users.wallet("u1", after ?? 0, limit));
        const shown = entries.map(({ couponName, isVoid, amount }) => `${couponName} ${isVoid} ${amount}`).sort();
        assert.deepEqual(shown, ["C1 false 7.50", "C1 true -7.50", "C2 false 1234567890123.45"]);
      }
      assert.equal((await users.user("u1", 1))!.balance, "1234567890123.45");
    });
  });

  Deno.test(`user() on ${name} knows who has nothing but a purchase, and no one else`, async () => {
    await withRows(open, async (users) => {
      assert.deepEqual(await users.user("buyer", 1), { id: "buyer", segments: [], balance: "0.00" });
      assert.deepEqual(await users.claims("buyer", 0, 1), { data: [], next: undefined });
      assert.equal(await users.user("nobody", 1), undefined);
      assert.equal(await users.purchases("nobody", 0, 1), undefined);
    });
  });

  Deno.test(`the walks over everything on ${name} have each row once, whatever the limit`, async () => {
    await withRows(open, async (_, exports) => {
      for (const limit of [1, 4, 90, 1_000]) {
        const claims = await all((after: Place | undefined) => exports.claims(after, limit));
        assert.equal(new Set(claims.map(({ claimId }) => claimId)).size, 90);
        assert.equal(claims.length, 90);
        assert.deepEqual(claims.slice(2, 4).map((one) => [one.couponName, one.userId]), [["C1", "u3"], ["C2", "u1"]]);
        const bought = await all((after: Place | undefined) => exports.purchases(after, limit));
        assert.deepEqual([bought.length, new Set(bought.map(({ code }) => code)).size], [13, 13]);
        const one = await all((after: Place | undefined) => exports.purchasesOf(FIRST_SALE, after, limit));
        assert.deepEqual(one.map(({ n }) => n), [1, 2, 3, 9]);
        const entries = await all((after: Place | undefined) => exports.wallets(after, limit));
        assert.equal(new Set(entries.map((one) => one.couponName + one.claimId + one.isVoid)).size, 9);
        assert.equal(entries.length, 9);
      }
    });
  });
}
