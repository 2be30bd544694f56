import { retry } from "@std/async/retry";
import type { Logger } from "@logtape/logtape";
import type { Config } from "../config/config.ts";
import { serverOf } from "./database_server.ts";
import { openEmbedded } from "../storage/embedded.ts";
import { openPostgres } from "../storage/postgres.ts";
import { ConnectionLost, type Database, NotConnected, SessionRefused } from "../storage/sql.ts";

/** Numbers of sessions for activations and for views. */
export interface Sessions {
  readonly activations: number;
  readonly views: number;
}

/** Those of a node. */
const SESSIONS: Sessions = { activations: 4, views: 4 };
/** Retries and waits if the database cannot be reached at start. */
const CONNECT_RETRIES = { maxAttempts: 40, minTimeout: 250, maxTimeout: 1_000, multiplier: 2, jitter: 0 };

/**
 * Opens the configured database.
 *
 * @param statementTimeoutMs time limit of a statement, in milliseconds
 * @throws FolderInUse, FolderUnusable; ConfigError if a certificate or key is not usable
 */
export async function openDatabase(
  { databaseUrl, dataDir, requestTimeoutMs }: Config,
  sessions = SESSIONS,
  statementTimeoutMs = requestTimeoutMs,
): Promise<Database> {
  if (databaseUrl === undefined) return await openEmbedded(dataDir);
  return openPostgres({ server: serverOf(databaseUrl), statementTimeoutMs, ...sessions });
}

/** Retries while that may help. Throws errors that wrong settings cause, such as SessionRefused, at once. */
export async function whenReached<T>(log: Logger, open: () => Promise<T>): Promise<T> {
  const tried = await retry(async () => {
    try {
      return { opened: await open() };
    } catch (error) {
      const mayHeal = error instanceof NotConnected || error instanceof ConnectionLost;
      if (!mayHeal || error instanceof SessionRefused) return { error };
      log.warn("Waiting for the database: {reason}", { reason: error.message });
      throw error;
    }
  }, CONNECT_RETRIES).catch((error) => {
    throw error.cause ?? error; // std's RetryError wraps the last one
  });
  if ("error" in tried) throw tried.error;
  return tried.opened;
}
