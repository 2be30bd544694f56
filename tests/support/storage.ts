/** Storage on a database of the test's own. */
import { serverOf } from "../../src/node/database_server.ts";
import { openEmbedded } from "../../src/storage/embedded.ts";
import { openStorage, type Storage, type StorageOptions } from "../../src/storage/mod.ts";
import { openPostgres, type PostgresOptions } from "../../src/storage/postgres.ts";
import type { Connection, Database } from "../../src/storage/sql.ts";
import { freshDataDir } from "./data_dir.ts";
import { freshDatabase } from "./database.ts";

/** What no test looks at. */
export const NO_EVENTS = {
  ...{ committed() {}, disconnected() {}, dataError() {} },
  ...{ lost() {}, stillLost() {}, back() {}, troubled() {} },
};

/** Opens PostgreSQL; `url` undefined makes a new database. Its statements may take long: the machine may be busy. */
export async function openTestPostgres(url?: string, more: Partial<PostgresOptions> = {}): Promise<Database> {
  const server = serverOf(url ?? await freshDatabase());
  const options = { server, statementTimeoutMs: 60_000, activations: 2, views: 2 };
  return openPostgres({ ...options, ...more });
}

/** A session that may keep a transaction open, and wait for a lock, for as long as its test takes. */
export async function patientSession(database: Database): Promise<Connection> {
  const connection = await database.connect();
  await connection.script("set idle_in_transaction_session_timeout = 0; set lock_timeout = 0");
  return connection;
}

/** Opens the embedded database in a temporary folder, deleted at its close. */
export async function openTestEmbedded(): Promise<Database> {
  const folder = await freshDataDir();
  const database = await openEmbedded(folder);
  return {
    ...database,
    async close() {
      await database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Opens storage on a database. */
export function openTestStorage(database: Database, more: Partial<StorageOptions> = {}): Promise<Storage> {
  const holder = () => `test/${crypto.randomUUID()}`;
  const usual = { lanes: 2, saleCloses: "sold_out", timeoutMs: 5_000, allowUnsafe: false, events: NO_EVENTS } as const;
  return openStorage(database, { ...usual, holder, ...more });
}
