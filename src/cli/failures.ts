/** What of a command's failures is said in one line? What an operator can mend; all else is ours, and keeps its stack. */
import { ConfigError } from "../config/config.ts";
import { masked } from "../config/masked.ts";
import { FolderInUse, FolderUnusable } from "../storage/embedded.ts";
import { MigrationError } from "../storage/migrate.ts";
import { UnsafeDatabase } from "../storage/mod.ts";
import { ConnectionLost, NotConnected, SqlError } from "../storage/sql.ts";

const OF_DATABASE = [MigrationError, UnsafeDatabase, NotConnected, ConnectionLost, SqlError];
const KNOWN = [ConfigError, FolderInUse, FolderUnusable, ...OF_DATABASE];

/** Says on standard error why a command failed, a line for each reason; what no operator can mend with its stack. */
export function sayFailure(error: unknown): void {
  const isKnown = KNOWN.some((kind) => error instanceof kind);
  say("", isKnown ? (error as Error).message : Deno.inspect(error));
}

/** Says on standard error why something could not be done, whatever the reason. */
export function sayReason(what: string, error: unknown): void {
  say(`${what}: `, (error as Error).message);
}

function say(prefix: string, text: string): void {
  for (const line of masked(text).split("\n")) console.error(`doorbuster: ${prefix}${line}`);
}
