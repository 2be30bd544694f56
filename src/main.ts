/** How does the process begin and end? It starts a node, and stops it by signal. */
import type { Logger } from "@logtape/logtape";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { openDatabase, whenReached } from "./database.ts";
import { openLog } from "./log.ts";
import { type Node, startNode } from "./node.ts";
import { originOf } from "./settings.ts";
import { FolderInUse, FolderUnusable } from "./storage/embedded.ts";
import { MigrationError } from "./storage/migrate.ts";
import { migrateDatabase, UnsafeDatabase } from "./storage/mod.ts";
import { ConnectionLost, NotConnected, SqlError } from "./storage/sql.ts";

/** Beside what is served and what is finished: for the hand-over to other nodes, and to close what is open. */
const LEAVE_MAX_MS = 5_000;

/** Stopping takes no longer than so many milliseconds, whatever hangs; 12 s by default. */
export function stopMaxMs({ drainMs, requestTimeoutMs }: Pick<Config, "drainMs" | "requestTimeoutMs">): number {
  return drainMs + requestTimeoutMs + LEAVE_MAX_MS;
}

function sayHello({ host, callers }: Config, port: number): void {
  const url = originOf(host, port);
  const asAdmin = callers === undefined ? "" : ` -H "authorization: Bearer $ADMIN_TOKEN"`;
  console.log(`Doorbuster listens on ${url}. Try:

  curl -X POST ${url}/api/coupons${asAdmin} -H 'content-type: application/json' -d '{"name":"PROMO_SUPER","amount":100}'
  curl -X POST ${url}/api/coupons/claim${asAdmin} -H 'content-type: application/json' \\
    -d '{"user_id":"user_12345","coupon_name":"PROMO_SUPER"}'
`);
}

function stopOnSignal(config: Config, node: Node, log: Logger): void {
  let stopping = false;
  const stop = (drain: boolean) => {
    if (stopping) return;
    stopping = true;
    const late = setTimeout(() => {
      log.error("Stopping took too long: leaving at once");
      Deno.exit(1);
    }, stopMaxMs(config));
    node.stop(drain).then(() => {
      clearTimeout(late);
      Deno.exit(0);
    });
  };
  Deno.addSignalListener("SIGTERM", () => stop(true));
  Deno.addSignalListener("SIGINT", () => stop(false));
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.fatal("A rejection was not handled: {reason}", { reason: String(event.reason), stack: event.reason?.stack });
    stop(false);
  });
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = await openLog(config.logLevel);
  if (Deno.args[0] === "migrate") {
    const database = await openDatabase(config);
    const done = await whenReached(log, () => migrateDatabase(database));
    console.log(done.length === 0 ? "The schema is up to date." : `Applied ${done.join(", ")}.`);
    await database.close();
    return;
  }
  const node = await startNode(config, log);
  sayHello(config, node.port);
  stopOnSignal(config, node, log);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const ofDatabase = [MigrationError, UnsafeDatabase, NotConnected, ConnectionLost, SqlError];
    const known = [ConfigError, FolderInUse, FolderUnusable, ...ofDatabase];
    if (!known.some((kind) => error instanceof kind)) throw error;
    for (const line of (error as Error).message.split("\n")) console.error(`doorbuster: ${line}`);
    Deno.exit(1);
  }
}
