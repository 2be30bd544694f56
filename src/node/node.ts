/** Starts and stops a node: everything is wired here, and stopped in reverse order. */
import type { Logger } from "@logtape/logtape";
import { ActorSystem } from "../actors/actor_system.ts";
import type { Admit, Clock } from "../ports/mod.ts";
import { startAuditor } from "./auditing.ts";
import { BackgroundLog } from "./background_log.ts";
import { hostActors, Identity, type LocalSystems, makeCluster } from "./clustering.ts";
import type { Config } from "../config/config.ts";
import { openDatabase, whenReached } from "./database.ts";
import { knownCallers } from "./access_control.ts";
import { type CouponKind, couponRules } from "../domain/coupon.ts";
import { type SaleKind, saleRules, type SaleSettings } from "../domain/sale.ts";
import type { Edge } from "../http/app.ts";
import { BodyReader } from "../http/requests/body.ts";
import { listen, type Listening } from "../http/connections.ts";
import { CsvStreams } from "../http/answers/csv_streams.ts";
import { Health } from "../http/handlers/health.ts";
import { Metrics } from "../http/metrics.ts";
import { SaleStreams } from "../http/handlers/sale_streams.ts";
import { makeScheduler } from "./scheduling.ts";
import { makeEdge } from "./serving.ts";
import { notListening, originOf } from "../config/settings.ts";
import type { CommitEvents } from "../storage/commit_watch.ts";
import { openStorage, type Storage } from "../storage/mod.ts";
import type { Database } from "../storage/sql.ts";
import { VERSION } from "./version.ts";

export interface Node {
  readonly port: number;
  /** Finishes what is in flight and ends everything. @param drain whether to serve for DRAIN first */
  stop(drain: boolean): Promise<void>;
}

function saleSettings(config: Config): SaleSettings {
  const { purchaseLimit: limit, checkoutMode: mode, checkoutTtlMs: ttlMs, saleCloses: closes } = config;
  return { limit, mode, ttlMs, closes };
}

function after(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

function commitEvents(log: Logger): CommitEvents {
  const still = "The database is still lost, for {seconds} s; {failures} attempts failed, the last one with: {reason}";
  const troubled =
    "{failures} attempts to commit or to open a session failed while others succeeded; the last one with: {reason}";
  return {
    lost: (reason) => log.error("The database is lost: {reason}", { reason }),
    stillLost: (seconds, failures, reason) => log.error(still, { seconds, failures, reason }),
    back: (seconds, failures) =>
      log.info("The database is back after {seconds} s; {failures} attempts had failed", { seconds, failures }),
    troubled: (failures, reason) => log.warn(troubled, { failures, reason }),
  };
}

function openNodeStorage(
  config: Config,
  log: Logger,
  database: Database,
  identity: Identity,
  metrics: Metrics,
): Promise<Storage> {
  return whenReached(log, () =>
    openStorage(database, {
      lanes: config.lanes,
      saleCloses: config.saleCloses,
      timeoutMs: config.requestTimeoutMs,
      holder: (now) => identity.holder(now),
      allowUnsafe: config.allowUnsafeDatabase,
      events: {
        committed: (seconds, parts) => metrics.committed(seconds, parts),
        dataError: () => metrics.dataError(),
        disconnected: () => metrics.disconnected(),
        ...commitEvents(log),
      },
    }));
}

/**
 * Maximum number of sales in memory, each with all its codes: about 10 MB for 10,000 sold items. Requests for many old sales
 * evict one after another.
 */
const SALES_AWAKE_MAX = 64;

function makeActors(config: Config, storage: Storage, admit: Admit | undefined, metrics: Metrics): LocalSystems {
  const { clock } = storage;
  const limits = {
    mailboxMax: config.mailboxMax,
    awakeMax: config.actorsAwakeMax,
    idleMs: config.actorIdleMs,
    timeoutMs: config.requestTimeoutMs,
  };
  const rules = saleRules(saleSettings(config));
  const saleLimits = { ...limits, awakeMax: Math.min(SALES_AWAKE_MAX, limits.awakeMax) };
  return {
    coupons: new ActorSystem<CouponKind>(couponRules, storage.coupons, clock, limits, metrics, admit),
    sales: new ActorSystem<SaleKind>(rules, storage.sales, clock, saleLimits, metrics, admit),
  };
}

/** Serves the edge. @throws ConfigError if its port cannot be opened */
function listenAt({ host, port, headerTimeoutMs }: Config, log: Logger, edge: Edge): Listening {
  const failed = (error: unknown) => log.error("Cannot accept connections: {error}", { error: String(error) });
  try {
    return listen(
      { hostname: host, port, headerTimeoutMs, failed, refuse: edge.refuse },
      edge.fetch,
    );
  } catch (error) {
    throw notListening("PORT", host, port, error);
  }
}

function tellServing(log: Logger, node: string, url: string, { description, embedded }: Database): void {
  log.info("Doorbuster {version}, node {node}, serves on {url} from {database}", {
    ...{ version: VERSION, node, url, database: description },
  });
  if (embedded) {
    log.warn("The embedded database never calls fsync: for development, not for what must survive a loss of power");
  }
}

/** Starts a node. @throws ConfigError, FolderInUse, MigrationError, UnsafeDatabase; NotConnected after half a minute */
export async function startNode(config: Config, log: Logger): Promise<Node> {
  const callers = await knownCallers(config, { now: () => storage.clock.now() });
  const database = await openDatabase(config);
  const metrics: Metrics = new Metrics({
    actorsAwake: () => coupons.awake + sales.awake,
    mailboxDepth: () => coupons.depth + sales.depth,
    streams: () => streams.count,
    commitAge: () => storage.commitAgeMs() / 1_000,
    registryAge: () => (all.nodes.registry().ageMs ?? NaN) / 1_000,
    clockUncertainty: () => storage.clock.uncertaintyMs / 1_000,
  });
  const identity = new Identity(config);
  const storage: Storage = await openNodeStorage(config, log, database, identity, metrics);
  for (const name of storage.migrated) log.info("Applied migration {name}", { name });
  const { clock } = storage;
  const self = identity.member!;
  const cluster = makeCluster(config, self, storage, log, metrics);
  const { coupons, sales } = makeActors(config, storage, cluster?.admit, metrics);
  const all = await hostActors(config, cluster, { coupons, sales }, self);
  const background = new BackgroundLog(log, clock, () => storage.isLost());
  const scheduler = makeScheduler(config, log, background, storage, all.sales, database.embedded);
  const auditor = startAuditor(config, log, background, metrics, database.reports, clock);
  const bodies = new BodyReader();
  const health = new Health(() => storage.connected() && (cluster?.joined ?? true) && scheduler.ready());
  const streams = new SaleStreams(storage.saleViews);
  const files = new CsvStreams();
  const edge = makeEdge(config, log, {
    ...all,
    callers,
    storage,
    audits: auditor,
    metrics,
    health,
    bodies,
    streams,
    files,
  });
  const server = listenAt(config, log, edge);
  const { port } = server;
  tellServing(log, self.id, originOf(config.host, port), database);
  // Before it has joined the ring, a node would create sales as if it were alone.
  const joining = Promise.resolve(cluster?.join()).then(() => scheduler.start());

  return {
    port,
    async stop(drain) {
      health.leave();
      const drained = drain ? new Promise((resolve) => setTimeout(resolve, config.drainMs)) : undefined;
      await Promise.all([drained, cluster?.leave(), joining]);
      await Promise.all([scheduler.stop(), auditor.stop()]);
      streams.close();
      files.close();
      // No command takes longer, but a body that does not arrive or an answer that is not read would delay the stop.
      await Promise.race([server.shutdown(), after(clock, config.requestTimeoutMs)]);
      await Promise.all([coupons.stop(), sales.stop()]);
      await cluster?.close();
      bodies.close();
      await storage.close();
      log.info("Stopped");
    },
  };
}
