/** Which database does this node serve from? */
import { retry } from "@std/async/retry";
import type { Logger } from "@logtape/logtape";
import type { Config } from "./config.ts";
import { openEmbedded } from "./storage/embedded.ts";
import { openPostgres } from "./storage/postgres.ts";
import { type Database, NotConnected } from "./storage/sql.ts";

/** Sessions for activations and for views. */
const SESSIONS = { activations: 4, views: 4 };
/** How often, and for how long between, a database that cannot be reached is tried at start. */
const CONNECT_RETRIES = { maxAttempts: 40, minTimeout: 250, maxTimeout: 1_000, multiplier: 2, jitter: 0 };

/** The configured one. @throws FolderInUse */
export function openDatabase(config: Config): Promise<Database> {
  if (config.databaseUrl === undefined) return openEmbedded(config.dataDir);
  const statementTimeoutMs = config.requestTimeoutMs;
  return Promise.resolve(openPostgres({ url: config.databaseUrl, statementTimeoutMs, ...SESSIONS }));
}

/** Tries again while the database cannot be reached; any other trouble is final. */
export async function whenReached<T>(log: Logger, open: () => Promise<T>): Promise<T> {
  const tried = await retry(async () => {
    try {
      return { opened: await open() };
    } catch (error) {
      if (!(error instanceof NotConnected)) return { error };
      log.warn("Waiting for the database: {reason}", { reason: error.message });
      throw error;
    }
  }, CONNECT_RETRIES).catch((error) => {
    throw error.cause ?? error; // std's RetryError wraps the last one
  });
  if ("error" in tried) throw tried.error;
  return tried.opened;
}
