/** Storage on a database of the test's own. */
import { serverOf } from "../../src/database_server.ts";
import { openEmbedded } from "../../src/storage/embedded.ts";
import { openStorage, type Storage, type StorageOptions } from "../../src/storage/mod.ts";
import { openPostgres, type PostgresOptions } from "../../src/storage/postgres.ts";
import type { Database } from "../../src/storage/sql.ts";
import { freshDataDir } from "./data_dir.ts";
import { freshDatabase } from "./database.ts";

/** What no test looks at. */
export const NO_EVENTS = { committed() {}, disconnected() {}, dataError() {} };

/** Opens PostgreSQL; `url` undefined makes a new database. */
export async function openTestPostgres(url?: string, more: Partial<PostgresOptions> = {}): Promise<Database> {
  const server = serverOf(url ?? await freshDatabase());
  const options = { server, statementTimeoutMs: 5_000, activations: 2, views: 2 };
  return openPostgres({ ...options, ...more });
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
