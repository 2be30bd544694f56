/** What do wallets hold, and is it what claims credited? Read from a database whose server may have ended. */
import assert from "node:assert/strict";
import { openEmbedded } from "../../src/storage/embedded.ts";
import { migrateDatabase } from "../../src/storage/mod.ts";
import type { Database, Sql } from "../../src/storage/sql.ts";
import { auditAll } from "./audited.ts";
import type { NodeOptions } from "./node.ts";
import { openTestPostgres } from "./storage.ts";

/** Reads or writes a server's database; an embedded one while its server does not run. */
export async function withSql<T>(options: NodeOptions, body: (sql: Sql) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir } = options;
  const database: Database = databaseUrl === undefined
    ? await openEmbedded(dataDir!)
    : await openTestPostgres(databaseUrl);
  try {
    return await body(database.views);
  } finally {
    await database.close();
  }
}

/** Brings the schema up to date and writes rows, before a server starts. */
export async function prepare({ databaseUrl, dataDir }: NodeOptions, ...statements: string[]): Promise<void> {
  const database: Database = databaseUrl === undefined
    ? await openEmbedded(dataDir!)
    : await openTestPostgres(databaseUrl);
  try {
    await migrateDatabase(database);
    for (const statement of statements) await database.views.query(statement);
  } finally {
    await database.close();
  }
}

/** The balances of all wallets, in the order of their users. */
export async function balances(sql: Sql): Promise<[user: string, balance: string][]> {
  const rows = await sql.query(
    "select user_id, sum(amount)::text from wallet_entries group by user_id order by user_id",
  );
  return rows.map(([user, balance]) => [user as string, balance as string]);
}

/** Holds every entry against the claims, and the other way round: there are both, or neither. */
export async function assertBothOrNeither(sql: Sql): Promise<void> {
  const torn = await sql.query(`select k.claim_id, k.user_id, w.* from claims k full join (
    select claim_id, user_id, count(*)::integer entries, sum(amount) balance from wallet_entries group by claim_id, user_id
  ) w on w.claim_id = k.claim_id and w.user_id = k.user_id
  where case when k.claim_id is null then w.entries <> 2 or w.balance <> 0
    else w.entries is distinct from 1 or w.balance is distinct from (k.details ->> 'credit')::numeric end`);
  assert.deepEqual(torn, [], "a claim without its credit, or a credit without its claim");
  const { findings, busy } = await auditAll(sql);
  assert.deepEqual([findings, busy], [[], []], "and an audit says so");
}
