/** What does trouble with the database mean to those who asked? */
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";
import { ConnectionLost } from "./sql.ts";

/** Times that a repeatable statement is sent, each on another session: a restarted server leaves all old ones dead. */
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
export async function repeatable<T>(action: string, run: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ConnectionLost) || tries === TRIES) throw unavailable(error, action);
    }
  }
}
