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

/** Times that a statement is sent again whose session was lost: a restarted server leaves all old sessions dead. */
const LOST_RETRIES = 2;

/** Whether a statement failed because its rows cannot be stored: it would fail again (classes 22 and 23). */
export function isDataError(error: unknown): boolean {
  return error instanceof SqlError && /^2[23]/.test(error.sqlstate);
}

/** Whether a statement failed with one of {@linkcode TRANSIENT_SQLSTATES}. */
export function isTransient(error: unknown): boolean {
  return error instanceof SqlError && TRANSIENT_SQLSTATES.has(error.sqlstate);
}

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

async function retry<T>(retries: number, mayPass: (error: unknown) => boolean, run: () => Promise<T>): Promise<T> {
  for (;; retries--) {
    try {
      return await run();
    } catch (error) {
      if (retries === 0 || !mayPass(error)) throw error;
    }
  }
}

/** Runs what may be repeated, again if its session was lost. @throws Fault `storage_unavailable` */
export function retryOnLostConnection<T>(action: string, run: () => Promise<T>): Promise<T> {
  return retry(LOST_RETRIES, (error) => error instanceof ConnectionLost, run).catch((error) => {
    throw unavailable(error, action);
  });
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

/** Runs a statement again while its failure is transient. Throws the last failure. */
export function retryTransient<T>(run: () => Promise<T>): Promise<T> {
  return retry(TRANSIENT_RETRIES, isTransient, run);
}
