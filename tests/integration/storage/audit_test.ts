/** Does an audit name whatever is wrong, on a real database, and nothing that is not? */
import assert from "node:assert/strict";
import type { Finding } from "../../../src/ports/mod.ts";
import { saleKeyOf } from "../../../src/domain/sale_ids.ts";
import { PostgresAuditRows } from "../../../src/storage/audit.ts";
import type { Connection, Sql } from "../../../src/storage/sql.ts";
import { auditAll, type Audited, fill, withActors } from "../../support/audited.ts";
import { claim, create, terms } from "../../support/commands.ts";
import { type Corruption, COUPON_CORRUPTIONS } from "../../support/coupon_corruptions.ts";
import { SALE_CORRUPTIONS, STRAYS } from "../../support/sale_corruptions.ts";
import { openTestEmbedded, openTestPostgres, patientSession } from "../../support/storage.ts";

const SETTINGS = { limit: 2 };
const TABLES = [
  "coupons",
  "claims",
  "receipts",
  "wallet_entries",
  "sales",
  "items",
  "holds",
  "purchases",
  "attempts",
  "sale_receipts",
];

/** All rows of all tables, with the transactions that wrote them. */
async function contents(sql: Sql): Promise<unknown[]> {
  const all = TABLES.map((table) => `select md5(string_agg(t.xmin || t::text, '' order by t::text)) from ${table} t`);
  return await sql.query(all.join(" union all "));
}

/** Runs an audit on what a corruption leaves, and undoes it. */
async function findingsOf(connection: Connection, statements: string): Promise<readonly Finding[]> {
  await connection.script(`begin; ${statements}`);
  try {
    return (await auditAll(connection)).findings;
  } finally {
    await connection.script("rollback");
  }
}

async function assertNamed(connection: Connection, { number, key }: Audited, corruption: Corruption): Promise<void> {
  const codes = new Map((await connection.query("select n, code from holds")).map(([n, code]) => [n, code]));
  const [[claimId] = []] = await connection.query("select claim_id from wallet_entries where user_id = 'b'");
  const filled = (text: string) =>
    text.replaceAll("$claim", String(claimId)).replaceAll("$sale", String(number)).replaceAll("$key", key)
      .replaceAll("$before", saleKeyOf(number - 2)).replaceAll("$after", saleKeyOf(number + 1))
      .replace(/\$code(\d)/, (_, n) => String(codes.get(Number(n))).slice(0, 8));
  const findings = await findingsOf(connection, filled(corruption.sql));
  assert.deepEqual(
    findings.map(({ object, counter }) => `${object}: ${counter}`),
    corruption.found.map(filled),
    JSON.stringify(findings),
  );
  assert.deepEqual([findings[0]!.says, findings[0]!.rows], corruption.told.map(filled));
}

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  Deno.test(`audit() on ${name} finds nothing in a database with rows of every kind, and changes nothing`, async () => {
    const database = await open();
    await withActors(database, SETTINGS, async (audited) => {
      await fill(audited);
      const before = await contents(database.views);
      const report = await auditAll(database.views);
      assert.deepEqual(report, { coupons: 3, sales: 1, findings: [], busy: [] });
      assert.deepEqual(await contents(database.views), before);
      assert.equal(new Set(before.flat()).size, TABLES.length, "every table has rows");
    });
  });

  Deno.test(`audit() on ${name} names every counter and every kind of row that is wrong`, async (context) => {
    const database = await open();
    await withActors(database, SETTINGS, async (audited) => {
      await fill(audited);
      const connection = await patientSession(database);
      for (const corruption of [...COUPON_CORRUPTIONS, ...SALE_CORRUPTIONS, ...STRAYS]) {
        await context.step(corruption.of, () => assertNamed(connection, audited, corruption));
      }
      connection.destroy();
      assert.deepEqual((await auditAll(database.views)).findings, [], "each wrong was undone");
    });
  });
}

Deno.test("audit() looks through all claims of a charge, however many", async () => {
  const database = await openTestPostgres();
  await withActors(database, SETTINGS, async ({ coupons }) => {
    await coupons.ask("many", create(terms("Many", 500, { kind: "charge", credit: "0.01" })));
    await Promise.all(Array.from({ length: 250 }, (_, user) => coupons.ask("many", claim(`u${user}`))));
    const connection = await patientSession(database);
    const [row] = await connection.query("select receipts from coupons");
    assert.equal(row![0], 1, "claims that only add to what is read do not move the mark");
    assert.deepEqual(await findingsOf(connection, "select 1"), []);
    const findings = await findingsOf(connection, "delete from wallet_entries where user_id in ('u3', 'u240')");
    assert.deepEqual(findings.map(({ rows }) => rows), ["2 of them not credited once"]);
    connection.destroy();
  });
});

async function withFilled(body: (connection: Connection) => Promise<void>): Promise<void> {
  const database = await openTestPostgres();
  await withActors(database, SETTINGS, async (audited) => {
    await fill(audited);
    const connection = await patientSession(database);
    await body(connection);
    connection.destroy();
  });
}

Deno.test("audit() takes attempts that were dropped by age for what they are", async () => {
  await withFilled(async (connection) => {
    const [[number] = []] = await connection.query("select id from sales");
    const old = "update sales set ends_at = now() - interval '31 days'";
    const young = "update sales set ends_at = now() - interval '29 days'";
    const later = `insert into attempts values (${number}, 8, 1, now(), 'ok', 'x'); update sales set attempts = 8`;
    const counters = async (sql: string) => (await findingsOf(connection, sql)).map(({ counter }) => counter);
    assert.deepEqual(await counters(`${old}; truncate attempts`), []);
    assert.deepEqual(await counters(`${old}; truncate attempts; ${later}`), [], "the sale went on");
    assert.deepEqual(await counters(`${old}; drop table attempts_${number}`), []);
    assert.deepEqual(await counters(`${old}; delete from attempts where seq = 4`), ["attempts"]);
    assert.deepEqual(await counters(`${old}; delete from attempts where seq = 7`), ["attempts"]);
    const inDefault = (seqs: string) =>
      `create temp table kept as select * from attempts; drop table attempts_${number};
      insert into attempts select * from kept where ${seqs}; drop table kept`;
    assert.deepEqual(await counters(`${young}; ${inDefault("true")}`), [], "a sale without a partition of its own");
    assert.deepEqual(await counters(`${young}; ${inDefault("seq <> 4")}`), ["attempts"]);
    assert.deepEqual(await counters(`${young}; truncate attempts`), ["attempts"]);
    assert.deepEqual(await counters(`${young}; truncate attempts; ${later}`), ["attempts"]);
  });
});

Deno.test("audit() writes nothing: it does its work where nothing may be written", async () => {
  await withFilled(async (connection) => {
    await connection.script("begin read only");
    assert.deepEqual(await auditAll(connection), { coupons: 3, sales: 1, findings: [], busy: [] });
    await connection.script("rollback");
  });
});

Deno.test("sales() leaves out what ended a while ago and sells no more, where only recent ones are wanted", async () => {
  await withFilled(async (connection) => {
    const found = async (closes: "sold_out" | "at_end", recent: boolean, change: string) => {
      await connection.script(`begin; ${change}`);
      const rows = new PostgresAuditRows(connection, { saleCloses: closes, keepAttemptsMs: 0 });
      const count = (await rows.sales(2_147_483_647, recent)).length;
      await connection.script("rollback");
      return count;
    };
    const old = "update sales set ends_at = now() - interval '25 hours'";
    const sold = `${old}, sold = items`;
    assert.equal(await found("at_end", true, ""), 1);
    assert.equal(await found("at_end", true, old), 0);
    assert.equal(await found("sold_out", true, old), 1, "it may yet sell");
    assert.equal(await found("sold_out", true, sold), 0);
    assert.equal(await found("sold_out", false, sold), 1);
  });
});
