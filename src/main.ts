/** How does a node start and stop? Everything is wired here, and stopped in reverse. */
import { retry } from "@std/async/retry";
import type { Logger } from "@logtape/logtape";
import { ActorSystem } from "./actors/actor_system.ts";
import type { Sales } from "./actors/ports.ts";
import { Fault } from "./actors/ports.ts";
import { startAuditor } from "./auditing.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { type CouponKind } from "./domain/coupon.ts";
import { couponRules } from "./domain/coupon_state.ts";
import { type SaleKind, saleRules, type SaleSettings } from "./domain/sale.ts";
import { Edge, type RequestLog } from "./http/app.ts";
import { BodyReader } from "./http/body.ts";
import { CouponRoutes } from "./http/coupons.ts";
import { Health } from "./http/health.ts";
import { ItemPictures } from "./http/item_pictures.ts";
import { Metrics } from "./http/metrics.ts";
import { SaleStreams } from "./http/sale_streams.ts";
import { SaleRoutes } from "./http/sales.ts";
import { openLog } from "./log.ts";
import { AttemptSweeper } from "./scheduler/attempt_sweeper.ts";
import { SaleOpener } from "./scheduler/sale_opener.ts";
import { FolderInUse, openEmbedded } from "./storage/embedded.ts";
import { MigrationError } from "./storage/migrate.ts";
import { migrateDatabase, openStorage, type Storage, UnsafeDatabase } from "./storage/mod.ts";
import { openPostgres } from "./storage/postgres.ts";
import { type Database, NotConnected } from "./storage/sql.ts";

/** Sessions for activations and for views. */
const SESSIONS = { activations: 4, views: 4 };
/** How often, and for how long between, a database that cannot be reached is tried at start. */
const CONNECT_RETRIES = { maxAttempts: 40, minTimeout: 250, maxTimeout: 1_000, multiplier: 2, jitter: 0 };
/** Stopping takes no longer than this, in milliseconds, whatever hangs. */
const STOP_MAX_MS = 12_000;

/** A node that serves. */
export interface Node {
  readonly port: number;
  /** Finishes what is in flight and ends everything. @param drain whether to serve on for DRAIN first */
  stop(drain: boolean): Promise<void>;
}

function openDatabase(config: Config): Promise<Database> {
  if (config.databaseUrl === undefined) return openEmbedded(config.dataDir);
  const statementTimeoutMs = config.requestTimeoutMs;
  return Promise.resolve(openPostgres({ url: config.databaseUrl, statementTimeoutMs, ...SESSIONS }));
}

/** Tries again while the database cannot be reached; any other trouble is final. */
async function whenReached<T>(log: Logger, open: () => Promise<T>): Promise<T> {
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

function requestLog(log: Logger, verbose: boolean): RequestLog {
  return {
    verbose,
    answered: (requestId, route, status, code) => log.debug("{route} {status}", { requestId, route, status, code }),
    failed(requestId, route, code, error) {
      const told = { requestId, route, code, error: String(error), cause: String((error as Error).cause ?? "") };
      if (!(error instanceof Fault)) log.error("{route} failed: {error}", { ...told, stack: (error as Error).stack });
      else if (error.code === "data_error") log.error("{route} could not be stored: {cause}", told);
      else log.debug("{route} {code}: {error}", told);
    },
  };
}

function saleSettings(config: Config): SaleSettings {
  const { purchaseLimit: limit, checkoutMode: mode, checkoutTtlMs: ttlMs, saleCloses: closes } = config;
  return { limit, mode, ttlMs, closes };
}

/** Sees to it that each hour has its sale, and that old attempts go. */
function startScheduler(
  config: Config,
  log: Logger,
  { clock, attempts }: Storage,
  sales: Sales,
): { ready: () => boolean; stop: () => Promise<unknown> } {
  const opener = new SaleOpener(sales, clock, { items: config.itemsPerSale, ahead: config.salesAhead }, {
    opened: (key) => log.info("Opened the sale {key}", { key }),
    failed: (key, error) => log.warn("Cannot open the sale {key}: {error}", { key, error: String(error) }),
  });
  const sweeper = new AttemptSweeper(attempts, clock, config.keepAttemptsMs, {
    dropped: (keys) => log.info("Dropped the attempts of {keys}", { keys }),
    failed: (error) => log.warn("Cannot drop old attempts: {error}", { error: String(error) }),
  });
  opener.start();
  sweeper.start();
  return { ready: () => opener.ready, stop: () => Promise.all([opener.stop(), sweeper.stop()]) };
}

/** Starts a node. @throws ConfigError, FolderInUse, MigrationError, UnsafeDatabase; NotConnected after half a minute */
export async function startNode(config: Config, log: Logger): Promise<Node> {
  const database = await openDatabase(config);
  const metrics: Metrics = new Metrics({
    actorsAwake: () => coupons.awake + sales.awake,
    mailboxDepth: () => coupons.depth + sales.depth,
    streams: () => streams.count,
  });
  const storage: Storage = await whenReached(log, () =>
    openStorage(database, {
      lanes: config.lanes,
      saleCloses: config.saleCloses,
      timeoutMs: config.requestTimeoutMs,
      holder: `${config.host}:${config.port}/${crypto.randomUUID()}`,
      allowUnsafe: config.allowUnsafeDatabase,
      events: {
        committed: (seconds, parts) => metrics.committed(seconds, parts),
        dataError: () => metrics.dataError(),
        disconnected(error) {
          metrics.disconnected();
          log.warn("A lane has no session: {reason}", { reason: error.message });
        },
      },
    }));
  for (const name of storage.migrated) log.info("Applied migration {name}", { name });
  const { clock } = storage;
  const limits = {
    mailboxMax: config.mailboxMax,
    awakeMax: config.actorsAwakeMax,
    idleMs: config.actorIdleMs,
    timeoutMs: config.requestTimeoutMs,
  };
  const coupons = new ActorSystem<CouponKind>(couponRules, storage.coupons, clock, limits, metrics);
  const sales = new ActorSystem<SaleKind>(saleRules(saleSettings(config)), storage.sales, clock, limits, metrics);
  const scheduler = startScheduler(config, log, storage, sales);
  const auditor = startAuditor(config, log, metrics, database.views, clock);
  const bodies = new BodyReader();
  const health = new Health(() => storage.connected() && scheduler.ready());
  const streams = new SaleStreams(storage.saleViews);
  const edge = new Edge({
    coupons: new CouponRoutes(coupons, storage.views, bodies),
    sales: new SaleRoutes({ sales, views: storage.saleViews, bodies, pictures: new ItemPictures(), streams }),
    health,
    metrics,
    log: requestLog(log, config.logLevel === "debug"),
  });
  const server = Deno.serve({ hostname: config.host, port: config.port, onListen() {} }, edge.fetch);
  const { port } = server.addr;
  log.info("Serving on http://{host}:{port} from {database}", {
    host: config.host,
    port,
    database: database.description,
  });
  if (database.embedded) {
    log.warn("The embedded database never calls fsync: for development, not for what must survive a loss of power");
  }
  log.warn("Callers are not authenticated: this node listens on loopback alone");

  return {
    port,
    async stop(drain) {
      health.leave();
      if (drain) await new Promise((resolve) => setTimeout(resolve, config.drainMs));
      streams.close();
      await server.shutdown();
      await Promise.all([scheduler.stop(), auditor.stop()]);
      await Promise.all([coupons.stop(), sales.stop()]);
      bodies.close();
      await storage.close();
      log.info("Stopped");
    },
  };
}

function sayHello(config: Config, port: number): void {
  const url = `http://${config.host}:${port}`;
  console.log(`Doorbuster listens on ${url}. Try:

  curl -X POST ${url}/api/coupons -H 'content-type: application/json' -d '{"name":"PROMO_SUPER","amount":100}'
  curl -X POST ${url}/api/coupons/claim -H 'content-type: application/json' \\
    -d '{"user_id":"user_12345","coupon_name":"PROMO_SUPER"}'
`);
}

function stopOnSignal(node: Node, log: Logger): void {
  let stopping = false;
  const stop = (drain: boolean) => {
    if (stopping) return;
    stopping = true;
    const late = setTimeout(() => {
      log.error("Stopping took too long: leaving at once");
      Deno.exit(1);
    }, STOP_MAX_MS);
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
  stopOnSignal(node, log);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const known = [ConfigError, FolderInUse, MigrationError, UnsafeDatabase, NotConnected, Deno.errors.AddrInUse];
    if (!known.some((kind) => error instanceof kind)) throw error;
    console.error(`doorbuster: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
