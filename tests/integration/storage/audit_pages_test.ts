/** Does an audit find what is wrong at the ends of its pages, each one's first row and last? */
import assert from "node:assert/strict";
import { saleKeyOf } from "../../../src/domain/sale_ids.ts";
import { PostgresAuditRows } from "../../../src/storage/audit.ts";
import { migrateDatabase } from "../../../src/storage/mod.ts";
import { auditAll } from "../../support/audited.ts";
import { openTestPostgres, patientSession } from "../../support/storage.ts";

const NUMBER = 490_000;
/** Items of the sale, each bought by a user of its own: three pages of users and of holds. */
const ITEMS = 10_001;
/** Three pages. */
const ATTEMPTS = 40_001;

const id = (n: string) => `lpad((${n})::text, 32, '0')::uuid`;
const name = (n: number) => `${n}`.padStart(5, "0");

/** A full page of ids of coupons beside a gap, wallets of 2,100 credits that were taken back, the sale and a small one before it; all exact. */
const EXACT = `
insert into coupons (fold, name, amount, remaining, created_at, updated_at)
  select 'k' || n, 'k' || n, 1, 1, now(), now() from generate_series(1, 10001) n;
delete from coupons where id = 5000;
insert into wallet_entries (coupon_id, claim_id, is_void, user_id, amount, at)
  select 1, ${id("n")}, v, 'u' || lpad(n::text, 5, '0'), case when v then -1 else 1 end, now()
  from generate_series(1, 2100) n, unnest(array[false, true]) v;
select make_sale(s, i, to_timestamp(s * 3600::float8), now(), 'test', gen_random_uuid(), '', '{}')
  from (values (${NUMBER}, ${ITEMS}), (${NUMBER - 1}, 1)) s(s, i);
update sales set sold = items, attempts = ${ATTEMPTS} where id = ${NUMBER};
update items set sold = true where sale_id = ${NUMBER};
insert into holds select ${NUMBER}, n, false, now(), now(), now(), ${id("2 * n")}, gen_random_uuid(),
  lpad(n::text, 5, '0') from generate_series(1, ${ITEMS}) n;
insert into purchases select ${NUMBER}, n, 1, 1, false, now(), ${id("2 * n")}, gen_random_uuid(), lpad(n::text, 5, '0')
  from generate_series(1, ${ITEMS}) n;
insert into attempts select ${NUMBER}, n, 1, now(), 'ok', 'u' from generate_series(1, ${ATTEMPTS}) n`;

Deno.test("audit() finds what is wrong at both ends of every page, and nothing else", async () => {
  const database = await openTestPostgres();
  await migrateDatabase(database);
  const connection = await patientSession(database);
  const findings = async (wrong: string): Promise<string[]> => {
    await connection.script(`begin; ${wrong}`);
    const { findings } = await auditAll(connection);
    await connection.script("rollback");
    return findings.map(({ object }) => object);
  };
  try {
    await connection.script(`${EXACT}; analyze`);
    assert.deepEqual(await findings("select"), []);
    const coupons = [1, 500, 501, 1_000, 1_001, 10_001]; // of 500 a page
    const strays = [5_000, 10_002];
    const credits = [1, 1_000, 1_001, 2_000, 2_001, 2_100]; // of 2,000 entries a page
    const items = [1, 2_500, 2_501, 10_000, 10_001]; // of 2,500 a page
    const holds = [1, 9_997, 20_003]; // of 5,000 a page: the first, the last of the first page, the last
    const buyers = [1, 5_000, 5_001, 10_000, 10_001]; // of 5,000 a page
    const found = await findings(`
      update coupons set remaining = 0 where id = any('{${coupons}}');
      insert into claims select n, 1, 0, false, now(), gen_random_uuid(), 'u' from unnest('{${strays}}'::integer[]) n;
      update wallet_entries set amount = -2
        where is_void and claim_id in (select ${id("n")} from unnest('{${credits}}'::integer[]) n);
      update items set sold = false where n = any('{${items}}');
      insert into holds select ${NUMBER}, 99999, false, now(), now(), now(), ${id("n")}, gen_random_uuid(), 'u'
        from unnest('{${holds}}'::integer[]) n;
      insert into holds select ${NUMBER - 1}, 99999, false, now(), now(), now(), ${id("99999")}, gen_random_uuid(), 'u';
      alter table purchases drop constraint purchases_check;
      update purchases set slot = 2 where user_id in (select lpad(n::text, 5, '0') from unnest('{${buyers}}'::integer[]) n)`);
    const sale = `sale ${saleKeyOf(NUMBER)}`;
    assert.deepEqual(found, [
      sale, // its items sold
      ...[...items, ...holds.map(() => 99_999)].map((n) => `item ${n} of ${sale}`),
      ...buyers.map((n) => `user ${name(n)} in ${sale}`),
      `item 99999 of sale ${saleKeyOf(NUMBER - 1)}`, // once, though others' holds come after it
      ...strays.map((n) => `coupon #${n}`),
      ...coupons.map((n) => `coupon k${n}`),
      ...credits.flatMap((n) => Array(2).fill(`wallet of u${name(n)}`)), // the credit and its void
    ]);
    assert.deepEqual(await findings(`delete from attempts where seq = 20001`), [sale]);
    await connection.script(`insert into sales select ${NUMBER} - n, 1, 0, 0, 1, 1, 0, false, now(), now(), now(), now()
      from generate_series(2, 500) n`);
    const rows = new PostgresAuditRows(connection, { saleCloses: "sold_out", keepAttemptsMs: 0 });
    const sales = async (below: number) => (await rows.sales(below, false)).map(({ number }) => number);
    const first = await sales(NUMBER + 1);
    assert.deepEqual(first, Array.from({ length: 500 }, (_, n) => NUMBER - n));
    assert.deepEqual(await sales(first.at(-1)!), [NUMBER - 500]);
  } finally {
    connection.destroy();
    await database.close();
  }
});
