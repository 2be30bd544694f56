/** What does a failure of the database mean to those who asked? */
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";
import { ConnectionLost, type Row, type Sql, SqlError } from "./sql.ts";

/**
 * A statement that failed so was rolled back, and may succeed when it is sent again: serialization failure, deadlock, lock
 * timeout, statement timeout.
 */
export const TRANSIENT_SQLSTATES: ReadonlySet<string> = new Set(["40001", "40P01", "55P03", "57014"]);
/** Times that such a statement is sent again. */
export const TRANSIENT_RETRIES = 3;

/** Times that a statement that may be repeated is sent, each on another session: a restarted server leaves all old ones dead. */
const TRIES = 3;

/** For a statement that may be repeated: whatever failed, nothing that counts was changed. */
export function unavailable(error: unknown, action: string): Error {
  if (error instanceof Fault || error instanceof Fenced || error instanceof LostAnswer) return error;
  return new Fault("storage_unavailable", `${action}: ${(error as Error).message}`, { cause: error });
}

/** For a statement that must not be repeated blindly: a lost answer stays one. */
export function lostOrUnavailable(error: unknown, action: string): Error {
  if (error instanceof ConnectionLost) return new LostAnswer(`${action}: ${error.message}`, { cause: error });
  return unavailable(error, action);
}

/**
 * Runs what may be repeated, again where its session was lost.
 *
 * @throws Fault `storage_unavailable` where it never went through
 */
export async function retryOnLostConnection<T>(action: string, run: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ConnectionLost) || tries === TRIES) throw unavailable(error, action);
    }
  }
}

/** Runs a statement that may be repeated. @param action as in "Cannot read" @throws Fault `storage_unavailable` */
export function retried(
  sql: Sql,
  action: string,
  text: string,
  params: readonly unknown[],
  name?: string,
): Promise<Row[]> {
  return retryOnLostConnection(action, () => sql.query(text, params, name));
}

/** Runs a statement again where its failure is transient. Throws what it throws the last time. */
export async function retryTransient<T>(run: () => Promise<T>): Promise<T> {
  for (let retries = TRANSIENT_RETRIES;; retries--) {
    try {
      return await run();
    } catch (error) {
      if (retries === 0 || !(error instanceof SqlError) || !TRANSIENT_SQLSTATES.has(error.sqlstate)) throw error;
    }
  }
}
