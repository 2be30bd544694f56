/** What does trouble with the database mean to those who asked? */
import { Fault, Fenced, LostAnswer } from "../actors/ports.ts";
import { ConnectionLost } from "./sql.ts";

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
