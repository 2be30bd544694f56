/** How does a process serve? It starts a node, says how to try it, and stops it by signal. */
import type { Logger } from "@logtape/logtape";
import { type Config, readConfig } from "../config/config.ts";
import { openLog } from "../node/log.ts";
import { type Node, startNode } from "../node/node.ts";
import { originOf } from "../config/settings.ts";
import { sayFailure } from "./failures.ts";

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

All requests, to read and to try: ${url}/docs
`);
}

function stopOnSignal(config: Config, node: Node, log: Logger): void {
  let stopping = false;
  const stop = (drain: boolean) => {
    if (stopping) return;
    stopping = true;
    const late = setTimeout(() => {
      log.error("Stopping took too long: exiting at once");
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
    log.fatal("Unhandled promise rejection: {reason}", { reason: String(event.reason), stack: event.reason?.stack });
    stop(false);
  });
}

/** Serves until a signal ends this process; a node that cannot start ends it with 1. */
export async function serve(): Promise<void> {
  try {
    const config = readConfig();
    const log = await openLog(config.logLevel);
    const node = await startNode(config, log);
    sayHello(config, node.port);
    stopOnSignal(config, node, log);
  } catch (error) {
    sayFailure(error);
    Deno.exit(1);
  }
}
