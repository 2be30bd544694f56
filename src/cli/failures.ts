/** What of a command's failures is said in one line? What an operator can mend; all else is ours, and keeps its stack. */
import { ConfigError } from "../config.ts";
import { FolderInUse, FolderUnusable } from "../storage/embedded.ts";
import { MigrationError } from "../storage/migrate.ts";
import { UnsafeDatabase } from "../storage/mod.ts";
import { ConnectionLost, NotConnected, SqlError } from "../storage/sql.ts";

const OF_DATABASE = [MigrationError, UnsafeDatabase, NotConnected, ConnectionLost, SqlError];
const KNOWN = [ConfigError, FolderInUse, FolderUnusable, ...OF_DATABASE];

/** Says on standard error why a command failed, a line for each reason. @throws what no operator can mend */
export function sayFailure(error: unknown): void {
  if (!KNOWN.some((kind) => error instanceof kind)) throw error;
  for (const line of (error as Error).message.split("\n")) console.error(`doorbuster: ${line}`);
}
