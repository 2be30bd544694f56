/** How does a node start and stop? Everything is wired here, and stopped in reverse. */
import type { Logger } from "@logtape/logtape";
import { ActorSystem } from "./actors/actor_system.ts";
import type { Clock, Sales } from "./actors/ports.ts";
import { Fault } from "./actors/ports.ts";
import { startAuditor } from "./auditing.ts";
import { Identity, prepareCluster } from "./cluster_node.ts";
import type { Config } from "./config.ts";
import { openDatabase, whenReached } from "./database.ts";
import { knownCallers, makeDoor } from "./door.ts";
import type { CouponKind } from "./domain/coupon.ts";
import { couponRules } from "./domain/coupon_state.ts";
import { type SaleKind, saleRules, type SaleSettings } from "./domain/sale.ts";
import { Edge, type RequestLog } from "./http/app.ts";
import { BodyReader } from "./http/body.ts";
import { BulkRoutes } from "./http/bulk.ts";
import { ClusterRoutes } from "./http/cluster.ts";
import { CouponRoutes } from "./http/coupons.ts";
import { CsvStreams } from "./http/csv_streams.ts";
import { ExportRoutes } from "./http/exports.ts";
import { Health } from "./http/health.ts";
import { ItemPictures } from "./http/item_pictures.ts";
import { Metrics } from "./http/metrics.ts";
import { SaleStreams } from "./http/sale_streams.ts";
import { SaleRoutes } from "./http/sales.ts";
import { UserRoutes } from "./http/users.ts";
import { AttemptSweeper } from "./scheduler/attempt_sweeper.ts";
import { BulkMaker, type BulkPace } from "./scheduler/bulk_maker.ts";
import { randomBelow } from "./scheduler/random_below.ts";
import { SaleOpener } from "./scheduler/sale_opener.ts";
import { SegmentSweeper } from "./scheduler/segment_sweeper.ts";
import { openStorage, type Storage } from "./storage/mod.ts";

/** A million coupons in less than a minute, in steps that those who claim hardly feel. */
const BULK_PACE: BulkPace = { batch: 1_000, perSecond: 18_500 };
/** The embedded database has one session, which claims wait for. */
const EMBEDDED_BULK_PACE: BulkPace = { batch: 250, perSecond: 5_000 };

/** A node that serves. */
export interface Node {
  readonly port: number;
  /** Finishes what is in flight and ends everything. @param drain whether to serve on for DRAIN first */
  stop(drain: boolean): Promise<void>;
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

/** What is done by itself: each hour has its sale, old attempts go, expired memberships are counted no more, jobs are done. */
function makeScheduler(
  config: Config,
  log: Logger,
  { clock, attempts, memberships, bulkWork }: Storage,
  sales: Sales,
  bulkPace: BulkPace,
): { ready: () => boolean; start: () => void; stop: () => Promise<unknown> } {
  const opener = new SaleOpener(sales, clock, { items: config.itemsPerSale, ahead: config.salesAhead }, {
    opened: (key) => log.info("Opened the sale {key}", { key }),
    failed: (key, error) => log.warn("Cannot open the sale {key}: {error}", { key, error: String(error) }),
  });
  const sweeper = new AttemptSweeper(attempts, clock, config.keepAttemptsMs, {
    dropped: (keys) => log.info("Dropped the attempts of {keys}", { keys }),
    failed: (error) => log.warn("Cannot drop old attempts: {error}", { error: String(error) }),
  });
  const segments = new SegmentSweeper(memberships, clock, {
    failed: (error) => log.warn("Cannot sweep segments: {error}", { error: String(error) }),
  });
  const maker = new BulkMaker(bulkWork, clock, bulkPace, randomBelow, {
    finished({ id, made, count }, failure) {
      if (failure === undefined) log.info("Made the {made} coupons of bulk job {id}", { id, made });
      else log.warn("Bulk job {id} failed at {made} of {count}: {failure}", { id, made, count, failure });
    },
    failed: (error) => log.warn("Cannot make coupons of bulk jobs: {error}", { error: String(error) }),
  });
  return {
    ready: () => opener.ready,
    start() {
      opener.start();
      sweeper.start();
      segments.start();
      maker.start();
    },
    stop: () => Promise.all([opener.stop(), sweeper.stop(), segments.stop(), maker.stop()]),
  };
}

function after(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** Starts a node. @throws ConfigError, FolderInUse, MigrationError, UnsafeDatabase; NotConnected after half a minute */
export async function startNode(config: Config, log: Logger): Promise<Node> {
  const callers = await knownCallers(config, { now: () => storage.clock.now() });
  const database = await openDatabase(config);
  const metrics: Metrics = new Metrics({
    actorsAwake: () => coupons.awake + sales.awake,
    mailboxDepth: () => coupons.depth + sales.depth,
    streams: () => streams.count,
    registryAge: () => (cluster.views.registry().ageMs ?? NaN) / 1_000,
  });
  const identity = new Identity(config);
  const storage: Storage = await whenReached(log, () =>
    openStorage(database, {
      lanes: config.lanes,
      saleCloses: config.saleCloses,
      timeoutMs: config.requestTimeoutMs,
      holder: (now) => identity.holder(now),
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
  const { paced, open } = prepareCluster(config, identity, storage, log, metrics);
  const coupons = new ActorSystem<CouponKind>(couponRules, paced(storage.coupons), clock, limits, metrics);
  const rules = saleRules(saleSettings(config));
  const sales = new ActorSystem<SaleKind>(rules, paced(storage.sales), clock, limits, metrics);
  const cluster = open({ coupons, sales });
  const scheduler = makeScheduler(
    config,
    log,
    storage,
    cluster.sales,
    database.embedded ? EMBEDDED_BULK_PACE : BULK_PACE,
  );
  const auditor = startAuditor(config, log, metrics, database.views, clock);
  const bodies = new BodyReader();
  const health = new Health(() => storage.connected() && cluster.joined() && scheduler.ready());
  const streams = new SaleStreams(storage.saleViews);
  const files = new CsvStreams();
  const { views, saleViews, userViews } = storage;
  const { limiter, ...door } = makeDoor(config, log, callers, clock, { acts: storage.acts, bodies });
  const edge = new Edge({
    coupons: new CouponRoutes(cluster.coupons, storage.views, bodies, storage.eligibility),
    sales: new SaleRoutes({
      sales: cluster.sales,
      views: storage.saleViews,
      bodies,
      pictures: new ItemPictures(),
      streams,
      limiter,
    }),
    bulk: new BulkRoutes(storage.bulkJobs, bodies, files),
    users: new UserRoutes(storage.memberships, userViews, bodies),
    exports: new ExportRoutes({
      coupons: views,
      sales: saleViews,
      users: userViews,
      all: storage.exportViews,
      streams: files,
    }),
    ...door,
    cluster: new ClusterRoutes(cluster.views),
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
  // A node that is not in the ring yet would open sales as if it were alone.
  const joining = cluster.join().then(() => scheduler.start());

  return {
    port,
    async stop(drain) {
      health.leave();
      const drained = drain ? new Promise((resolve) => setTimeout(resolve, config.drainMs)) : undefined;
      await Promise.all([drained, cluster.leave(), joining]);
      await Promise.all([scheduler.stop(), auditor.stop()]);
      streams.close();
      files.close();
      // What was written of a file to a client that takes nothing would be waited for without end; no other request
      // takes longer than this.
      await Promise.race([server.shutdown(), ...files.cut > 0 ? [after(clock, config.requestTimeoutMs)] : []]);
      await Promise.all([coupons.stop(), sales.stop()]);
      await cluster.close();
      bodies.close();
      await storage.close();
      log.info("Stopped");
    },
  };
}
