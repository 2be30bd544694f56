/** The whole edge over actors in memory: what HTTP says, without a server. */
import type { CouponViews } from "../../src/actors/ports.ts";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import { type CouponKind, viewOf } from "../../src/domain/coupon.ts";
import { couponRules } from "../../src/domain/coupon_state.ts";
import { type SaleKind, saleRules, type SaleSettings } from "../../src/domain/sale.ts";
import { aloneViews } from "../../src/cluster_node.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/body.ts";
import { ClusterRoutes } from "../../src/http/cluster.ts";
import { CouponRoutes } from "../../src/http/coupons.ts";
import { Health } from "../../src/http/health.ts";
import { ItemPictures } from "../../src/http/item_pictures.ts";
import { Metrics } from "../../src/http/metrics.ts";
import type { ProblemCode } from "../../src/http/problem.ts";
import { SaleStreams } from "../../src/http/sale_streams.ts";
import { SaleRoutes } from "../../src/http/sales.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemorySaleStore, MemorySaleViews } from "./memory_sales.ts";
import { settingsOf } from "./sale_commands.ts";
import { MemoryStore } from "./memory_store.ts";

/** Views over a memory store's rows. */
export class MemoryViews implements CouponViews {
  constructor(readonly store: MemoryStore) {}

  coupon(fold: string, holdersMax: number): ReturnType<CouponViews["coupon"]> {
    if (!this.store.rows.byKey.has(fold)) return Promise.resolve(undefined);
    const claimedBy = this.store.holders(fold).slice(0, holdersMax);
    return Promise.resolve({ ...viewOf(this.store.state(fold)), claimedBy });
  }

  coupons(search: string, offset: number, limit: number): ReturnType<CouponViews["coupons"]> {
    const keys = [...this.store.rows.byKey.keys()].filter((key) => key.includes(search));
    const data = keys.slice(offset, offset + limit).map((key) => viewOf(this.store.state(key)));
    return Promise.resolve({ data, total: keys.length });
  }

  claims(fold: string, after: number, limit: number): ReturnType<CouponViews["claims"]> {
    const row = this.store.rows.byKey.get(fold);
    if (row === undefined) return Promise.resolve(undefined);
    const couponName = this.store.state(fold).name;
    const all = row.events.flatMap((event) =>
      event.kind === "claimed" && event.seq > after
        ? [{ seq: event.seq, claimId: event.id, userId: event.userId, claimedAt: event.at, couponName }]
        : []
    );
    const data = all.slice(0, limit);
    return Promise.resolve({ data, next: all.length > limit ? data.at(-1)!.seq : undefined });
  }

  async claim(fold: string, userId: string): ReturnType<CouponViews["claim"]> {
    const page = await this.claims(fold, 0, Infinity);
    return page?.data.find((claim) => claim.userId === userId);
  }
}

/** An edge with what it works on. */
export interface TestEdge {
  readonly fetch: (request: Request) => Promise<Response>;
  /** What it knows, as `GET /api/coupons/:name`. */
  readonly routes: readonly string[];
  readonly store: MemoryStore;
  readonly sales: ActorSystem<SaleKind>;
  readonly streams: SaleStreams;
  readonly clock: FakeClock;
  readonly health: Health;
  /** Failures that the edge told its log. */
  readonly failures: { route: string; code: ProblemCode; error: unknown }[];
  /** Ends its timers. */
  close(): void;
}

/**
 * Makes an edge.
 *
 * @param bodyTimeoutMs milliseconds that a body may take
 * @param settings of its sales
 */
export function makeEdge(bodyTimeoutMs: number = 10_000, settings: SaleSettings = settingsOf()): TestEdge {
  const store = new MemoryStore();
  const clock = new FakeClock();
  const gauges = {
    actorsAwake: () => actors.awake,
    mailboxDepth: () => actors.depth,
    streams: () => streams.count,
    registryAge: () => NaN,
  };
  const metrics: Metrics = new Metrics(gauges);
  const limits = { mailboxMax: 100, awakeMax: 1_000, idleMs: 60_000, timeoutMs: 5_000 };
  const actors = new ActorSystem<CouponKind>(couponRules, store, clock, limits, metrics);
  const saleStore = new MemorySaleStore();
  const sales = new ActorSystem<SaleKind>(saleRules(settings), saleStore, clock, limits, metrics);
  const saleViews = new MemorySaleViews(saleStore, clock, settings.closes);
  const streams = new SaleStreams(saleViews);
  const bodies = new BodyReader(bodyTimeoutMs);
  const health = new Health(() => true);
  const failures: TestEdge["failures"] = [];
  const edge = new Edge({
    coupons: new CouponRoutes(actors, new MemoryViews(store), bodies),
    sales: new SaleRoutes({ sales, views: saleViews, bodies, pictures: new ItemPictures(), streams }),
    cluster: new ClusterRoutes(aloneViews({ coupons: actors, sales })),
    health,
    metrics,
    log: { verbose: false, answered() {}, failed: (_id, route, code, error) => failures.push({ route, code, error }) },
  });
  return {
    fetch: (request) => Promise.resolve(edge.fetch(request)),
    routes: edge.routes,
    store,
    sales,
    streams,
    clock,
    health,
    failures,
    close() {
      bodies.close();
      streams.close();
    },
  };
}

/** A request with a JSON body, or any text in its place. */
export function post(path: string, body: unknown, headers: Record<string, string> = {}, method = "POST"): Request {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const length = String(new TextEncoder().encode(text).length);
  const all = { "content-type": "application/json", "content-length": length, ...headers };
  return new Request(`http://127.0.0.1${path}`, { method, body: text, headers: all });
}

/** A request without a body. */
export function get(path: string, method = "GET", headers: Record<string, string> = {}): Request {
  return new Request(`http://127.0.0.1${path}`, { method, headers });
}
