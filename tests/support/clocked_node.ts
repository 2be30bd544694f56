/** A node in this process, whole but for its listener: real storage, actors, scheduler and edge, on a clock that is set. */
import { ActorSystem } from "../../src/actors/actor_system.ts";
import type { Actors, ClusterViews, Coupons } from "../../src/ports/mod.ts";
import { type SaleKind, saleRules, type SaleSettings } from "../../src/domain/sale.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/requests/body.ts";
import { Callers } from "../../src/http/auth/callers.ts";
import type { ExportHandlers } from "../../src/http/handlers/exports.ts";
import type { AuditHandlers } from "../../src/http/handlers/audits.ts";
import { BulkHandlers } from "../../src/http/handlers/bulk.ts";
import { CheckoutHandlers } from "../../src/http/handlers/checkouts.ts";
import { ClusterHandlers } from "../../src/http/handlers/cluster.ts";
import { CouponHandlers } from "../../src/http/handlers/coupons.ts";
import { CsvStreams } from "../../src/http/answers/csv_streams.ts";
import { Health } from "../../src/http/handlers/health.ts";
import { ItemPictures } from "../../src/http/handlers/item_pictures.ts";
import { Metrics } from "../../src/http/metrics.ts";
import { SaleStreams } from "../../src/http/handlers/sale_streams.ts";
import { SaleHandlers } from "../../src/http/handlers/sales.ts";
import type { UserHandlers } from "../../src/http/handlers/users.ts";
import { Trail } from "../../src/http/auth/trail.ts";
import { SaleOpener } from "../../src/scheduler/sale_opener.ts";
import type { Storage } from "../../src/storage/mod.ts";
import { PostgresSaleViews } from "../../src/storage/sale_views.ts";
import { get } from "./edge.ts";
import type { FakeClock } from "./fake_clock.ts";
import type { Reply } from "./node.ts";
import { settingsOf } from "./sale_commands.ts";
import { openTestPostgres, openTestStorage } from "./storage.ts";
import { until } from "./until.ts";

const LIMITS = { mailboxMax: 4_096, awakeMax: 100, idleMs: 300_000, timeoutMs: 5_000 };
const NO_COUPONS: Coupons = { ask: () => Promise.reject(new Error("no coupon is asked here")) };

/** What a clocked node is made of. */
export interface ClockedOptions {
  readonly settings?: Partial<SaleSettings>;
  /** Items of each new sale; default 10,000. */
  readonly items?: number;
}

/** A node on a database, whose time is the clock's. */
export interface ClockedNode {
  readonly storage: Storage;
  /** Keys of the sales that it made. */
  readonly opened: string[];
  readonly failed: unknown[];
  readonly isReady: () => boolean;
  /** Whether its scheduler waits for an answer. */
  readonly isAsking: () => boolean;
  /** Asks its edge; `path` is a path with its query. */
  ask(method: string, path: string, headers?: Record<string, string>): Promise<Reply>;
  /** Stops it; the clock is moved on until it has. */
  close(): Promise<void>;
}

/** Opens a node with one sale ahead; its scheduler is started. */
export async function openClockedNode(
  databaseUrl: string,
  clock: FakeClock,
  { settings = {}, items = 10_000 }: ClockedOptions = {},
): Promise<ClockedNode> {
  const whole = settingsOf(settings);
  const storage = await openTestStorage(await openTestPostgres(databaseUrl), { saleCloses: whole.closes });
  const metrics: Metrics = new Metrics({
    actorsAwake: () => 0,
    mailboxDepth: () => 0,
    streams: () => 0,
    commitAge: () => 0,
    registryAge: () => NaN,
    clockUncertainty: () => NaN,
  });
  const sales = new ActorSystem<SaleKind>(saleRules(whole), storage.sales, clock, LIMITS, metrics);
  const views = new PostgresSaleViews((storage.saleViews as PostgresSaleViews).sessions, clock, whole.closes);
  const bodies = new BodyReader();
  const streams = new SaleStreams(views);
  const opened: string[] = [];
  const failed: unknown[] = [];
  let asking = 0;
  const asked: Actors<SaleKind> = {
    ask(key, command) {
      asking++;
      return sales.ask(key, command).finally(() => asking--);
    },
  };
  const opener = new SaleOpener(asked, clock, { items, ahead: 1 }, {
    opened: (key) => void opened.push(key),
    failed: (_, error) => void failed.push(error),
  });
  const handled = { sales, views, purchaseLimit: whole.limit };
  const edge = new Edge({
    coupons: new CouponHandlers(NO_COUPONS, storage.views, storage.eligibility),
    bulk: new BulkHandlers(storage.bulkJobs, new CsvStreams()),
    sales: new SaleHandlers({ ...handled, pictures: new ItemPictures(), streams }),
    checkouts: new CheckoutHandlers(handled),
    bodies,
    users: {} as UserHandlers,
    exports: {} as ExportHandlers,
    callers: new Callers(),
    trail: new Trail({
      acts: storage.acts,
      trustProxy: false,
      clock,
      incomplete: (_id, _act, error) => failed.push(error),
    }),
    cluster: new ClusterHandlers({} as ClusterViews),
    audits: {} as AuditHandlers,
    health: new Health(() => opener.ready),
    metrics,
    log: { verbose: false, began() {}, answered() {}, failed: (_request, _outcome, error) => failed.push(error) },
  });
  opener.start();
  return {
    storage,
    opened,
    failed,
    isReady: () => opener.ready,
    isAsking: () => asking > 0,
    async ask(method, path, headers = {}) {
      const response = await edge.fetch(get(path, method, headers));
      return { status: response.status, body: await response.json() };
    },
    async close() {
      let isStopped = false;
      const stopped = opener.stop().then(() => sales.stop()).finally(() => isStopped = true);
      await until(async () => {
        await clock.advance(50);
        return isStopped;
      }, { what: "a node to stop", everyMs: 1 });
      await stopped;
      streams.close();
      bodies.close();
      await storage.close();
    },
  };
}

/**
 * Moves the clock on by steps that end at whole minutes, and lets all nodes come to rest after each. Where an actor waits
 * for the clock before it tries again, the clock goes on meanwhile.
 */
export async function passTime(clock: FakeClock, nodes: readonly ClockedNode[], ms: number): Promise<void> {
  const end = clock.now() + ms;
  const rest = () => {
    return until(async () => {
      const asking = nodes.filter(({ isAsking }) => isAsking()).length;
      // Of each node, its scheduler and its actors have a timer; a scheduler that asks has none.
      const hasMore = clock.timers > 2 * nodes.length - asking;
      if (hasMore) await clock.advance(10);
      return asking === 0 && clock.timers === 2 * nodes.length;
    }, { what: "all nodes to rest", everyMs: 1 });
  };
  await rest();
  while (clock.now() < end) {
    await clock.advance(Math.min(60_000 - clock.now() % 60_000, end - clock.now()));
    await rest();
  }
}
