/** The whole edge over actors in memory: what HTTP says, without a server. */
import type { ClaimView, CouponViews, EligibilityViews } from "../../src/ports/mod.ts";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import { type CouponEvent, type CouponKind, couponRules, viewOf } from "../../src/domain/coupon.ts";
import { type SaleKind, saleRules, type SaleSettings } from "../../src/domain/sale.ts";
import { aloneViews } from "../../src/node/clustering.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/requests/body.ts";
import { AuditHandlers } from "../../src/http/handlers/audits.ts";
import { BulkHandlers } from "../../src/http/handlers/bulk.ts";
import { Callers } from "../../src/http/auth/callers.ts";
import { CheckoutHandlers } from "../../src/http/handlers/checkouts.ts";
import { ClusterHandlers } from "../../src/http/handlers/cluster.ts";
import type { Cors } from "../../src/http/auth/cors.ts";
import { CouponHandlers } from "../../src/http/handlers/coupons.ts";
import { CsvStreams } from "../../src/http/answers/csv_streams.ts";
import { ExportHandlers } from "../../src/http/handlers/exports.ts";
import { Health } from "../../src/http/handlers/health.ts";
import { ItemPictures } from "../../src/http/handlers/item_pictures.ts";
import { Metrics } from "../../src/http/metrics.ts";
import type { OpenAccess } from "../../src/http/auth/open_access.ts";
import type { ProblemCode } from "../../src/http/answers/answer.ts";
import type { RateLimiter } from "../../src/http/auth/rate_limit.ts";
import { SaleStreams } from "../../src/http/handlers/sale_streams.ts";
import { SaleHandlers } from "../../src/http/handlers/sales.ts";
import { UserHandlers } from "../../src/http/handlers/users.ts";
import { type Connected, Trail } from "../../src/http/auth/trail.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryActs } from "./memory_acts.ts";
import { MemoryBulk } from "./memory_bulk.ts";
import { MemorySaleStore, MemorySaleViews } from "./memory_sales.ts";
import { settingsOf } from "./sale_commands.ts";
import { MemoryStore } from "./memory_store.ts";
import { MemoryUsers } from "./memory_users.ts";

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
      event.kind === "claimed" && event.seq > after ? [{ ...claimOf(event), seq: event.seq, couponName }] : []
    );
    const data = all.slice(0, limit);
    return Promise.resolve({ data, next: all.length > limit ? data.at(-1)!.seq : undefined });
  }

  async claim(fold: string, userId: string): ReturnType<CouponViews["claim"]> {
    const page = await this.claims(fold, 0, Infinity);
    return page?.data.find((claim) => claim.userId === userId);
  }
}

function claimOf(
  { id, userId, at, details }: Extract<CouponEvent, { kind: "claimed" }>,
): Omit<ClaimView, "couponName"> {
  return { claimId: id, userId, claimedAt: at, ...details && { details } };
}

/** Memberships that a test sets: segment and user id, with a space between them -> the millisecond at which it is over. */
export class MemoryMemberships implements EligibilityViews {
  readonly until = new Map<string, number>();
  reads = 0;
  /** Told of each read before it is answered. */
  onRead: () => void = () => {};

  constructor(readonly store: MemoryStore) {}

  membership(fold: string, userId: string): ReturnType<EligibilityViews["membership"]> {
    this.reads++;
    this.onRead();
    const segment = this.store.rows.byKey.has(fold) ? this.store.state(fold).segment : null;
    if (segment === null) return Promise.resolve(undefined);
    return Promise.resolve({ segment, until: this.until.get(`${segment} ${userId}`) ?? 0 });
  }
}

/** Whom an edge asks what. */
export interface TestDoor {
  readonly callers?: Callers;
  readonly cors?: Cors;
  readonly openAccess?: OpenAccess;
  readonly limiter?: (clock: FakeClock) => RateLimiter;
  readonly trustProxy?: boolean;
}

/** An edge with what it works on. */
export interface TestEdge {
  readonly fetch: (request: Request, connected?: Connected) => Promise<Response>;
  /** The trail. */
  readonly acts: MemoryActs;
  /** An entry for each act whose end could not be recorded. */
  readonly untold: unknown[];
  readonly store: MemoryStore;
  readonly memberships: MemoryMemberships;
  readonly bulk: MemoryBulk;
  readonly sales: ActorSystem<SaleKind>;
  readonly streams: SaleStreams;
  readonly users: MemoryUsers;
  readonly files: CsvStreams;
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
 * @param door whom it asks what; by default it asks no one
 */
export function makeEdge(
  bodyTimeoutMs: number = 10_000,
  settings: SaleSettings = settingsOf(),
  door: TestDoor = {},
): TestEdge {
  const store = new MemoryStore();
  const memberships = new MemoryMemberships(store);
  const clock = new FakeClock();
  const gauges = {
    actorsAwake: () => actors.awake,
    mailboxDepth: () => actors.depth,
    streams: () => streams.count,
    commitAge: () => 0,
    registryAge: () => NaN,
    clockUncertainty: () => NaN,
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
  const users = new MemoryUsers(clock);
  const files = new CsvStreams();
  const bulk = new MemoryBulk(clock);
  const views = new MemoryViews(store);
  const failures: TestEdge["failures"] = [];
  const acts = new MemoryActs(clock);
  const untold: unknown[] = [];
  const audits = { auditNow: () => Promise.resolve({ coupons: 1, sales: 0, findings: [], busy: [] }) };
  const asked = { sales, views: saleViews, purchaseLimit: settings.limit };
  const edge = new Edge({
    coupons: new CouponHandlers(actors, views, memberships),
    bulk: new BulkHandlers(bulk, files),
    users: new UserHandlers(users, users),
    exports: new ExportHandlers({ coupons: views, sales: saleViews, users, all: users.exports(), streams: files }),
    sales: new SaleHandlers({ ...asked, pictures: new ItemPictures(), streams }),
    checkouts: new CheckoutHandlers(asked),
    bodies,
    limiter: door.limiter?.(clock),
    cluster: new ClusterHandlers(aloneViews({ coupons: actors, sales })),
    audits: new AuditHandlers(audits),
    callers: door.callers ?? new Callers(),
    trail: new Trail({
      acts,
      clock,
      trustProxy: door.trustProxy ?? false,
      incomplete: () => void untold.push(1),
    }),
    cors: door.cors,
    openAccess: door.openAccess,
    health,
    metrics,
    log: {
      verbose: false,
      began() {},
      answered() {},
      failed: (_request, { route, code }, error) => failures.push({ route, code: code!, error }),
    },
  });
  return {
    fetch: (request, connected) => Promise.resolve(edge.fetch(request, connected)),
    acts,
    untold,
    store,
    memberships,
    bulk,
    sales,
    streams,
    users,
    files,
    clock,
    health,
    failures,
    close() {
      bodies.close();
      streams.close();
      files.close();
    },
  };
}

/** Runs a body on an edge as `makeEdge` makes it, which is closed at its end. */
export async function withEdge(
  body: (edge: TestEdge) => Promise<void>,
  ...how: Parameters<typeof makeEdge>
): Promise<void> {
  const edge = makeEdge(...how);
  try {
    await body(edge);
  } finally {
    edge.close();
  }
}

/** A test that has an edge of its own, as `makeEdge` makes it. */
export function test(
  name: string,
  body: (edge: TestEdge) => Promise<void>,
  ...how: Parameters<typeof makeEdge>
): void {
  Deno.test(name, () => withEdge(body, ...how));
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
