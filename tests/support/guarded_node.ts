/** A node in this process that knows its callers, whole but for its listener and its scheduler, on a real database. */
import { Auditor } from "../../src/scheduler/auditor.ts";
import { PostgresAuditRows } from "../../src/storage/audit.ts";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import { aloneViews } from "../../src/node/clustering.ts";
import { type CouponKind, couponRules } from "../../src/domain/coupon.ts";
import { type SaleKind, saleRules } from "../../src/domain/sale.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/requests/body.ts";
import { AuditHandlers } from "../../src/http/handlers/audits.ts";
import { BulkHandlers } from "../../src/http/handlers/bulk.ts";
import { CheckoutHandlers } from "../../src/http/handlers/checkouts.ts";
import { ClusterHandlers } from "../../src/http/handlers/cluster.ts";
import { CouponHandlers } from "../../src/http/handlers/coupons.ts";
import { CsvStreams } from "../../src/http/answers/csv_streams.ts";
import { ExportHandlers } from "../../src/http/handlers/exports.ts";
import { Health } from "../../src/http/handlers/health.ts";
import { ItemPictures } from "../../src/http/handlers/item_pictures.ts";
import { Metrics } from "../../src/http/metrics.ts";
import { SaleStreams } from "../../src/http/handlers/sale_streams.ts";
import { SaleHandlers } from "../../src/http/handlers/sales.ts";
import { Trail } from "../../src/http/auth/trail.ts";
import { UserHandlers } from "../../src/http/handlers/users.ts";
import type { Storage } from "../../src/storage/mod.ts";
import type { Database } from "../../src/storage/sql.ts";
import { settingsOf } from "./sale_commands.ts";
import { openTestStorage } from "./storage.ts";
import { knownCallers } from "./tokens.ts";

const LIMITS = { mailboxMax: 4_096, awakeMax: 1_000, idleMs: 3_600_000, timeoutMs: 5_000 };

/** A node with what it works on. */
export interface GuardedNode {
  readonly edge: Edge;
  readonly sales: ActorSystem<SaleKind>;
  readonly storage: Storage;
  /** Every table's rows but those of the trail, as they are stored. */
  rows(): Promise<Map<string, readonly string[]>>;
  close(): Promise<void>;
}

/** Opens a node on a database, which it closes. */
export async function openGuardedNode(database: Database): Promise<GuardedNode> {
  const storage = await openTestStorage(database, { lanes: 1 });
  const { clock, views, saleViews, userViews, exportViews } = storage;
  const metrics: Metrics = new Metrics({
    actorsAwake: () => 0,
    mailboxDepth: () => 0,
    streams: () => 0,
    commitAge: () => 0,
    registryAge: () => NaN,
    clockUncertainty: () => NaN,
  });
  const coupons = new ActorSystem<CouponKind>(couponRules, storage.coupons, clock, LIMITS, metrics);
  const sales = new ActorSystem<SaleKind>(saleRules(settingsOf()), storage.sales, clock, LIMITS, metrics);
  const bodies = new BodyReader();
  const streams = new SaleStreams(saleViews);
  const files = new CsvStreams();
  const pictures = new ItemPictures();
  const fail = (error: unknown) => {
    throw error;
  };
  const rows = new PostgresAuditRows(database.views, { saleCloses: settingsOf().closes, keepAttemptsMs: 3_600_000 });
  const auditor = new Auditor(rows, clock, 0, { audited: fail, failed: fail });
  const asked = { sales, views: saleViews, purchaseLimit: 10 };
  const edge = new Edge({
    coupons: new CouponHandlers(coupons, storage.views, storage.eligibility),
    bulk: new BulkHandlers(storage.bulkJobs, files),
    users: new UserHandlers(storage.memberships, userViews),
    exports: new ExportHandlers({
      coupons: views,
      sales: saleViews,
      users: userViews,
      all: exportViews,
      streams: files,
    }),
    sales: new SaleHandlers({ ...asked, pictures, streams }),
    checkouts: new CheckoutHandlers(asked),
    bodies,
    cluster: new ClusterHandlers(aloneViews({ coupons, sales })),
    audits: new AuditHandlers(auditor),
    callers: knownCallers(clock),
    trail: new Trail({
      acts: storage.acts,
      trustProxy: false,
      clock,
      incomplete: (_id, _act, error) => fail(error),
    }),
    health: new Health(() => true),
    metrics,
    log: { verbose: false, began() {}, answered() {}, failed() {} },
  });
  return {
    edge,
    sales,
    storage,
    async rows() {
      const tables = await database.views.query(`select table_name::text from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'admin_acts' order by 1`);
      const found = new Map<string, readonly string[]>();
      for (const [table] of tables as [string][]) {
        const rows = await database.views.query(`select t::text from only "${table}" t order by 1`);
        found.set(table, rows.map(([row]) => String(row)));
      }
      return found;
    },
    async close() {
      await Promise.all([coupons.stop(), sales.stop()]);
      streams.close();
      files.close();
      bodies.close();
      await storage.close();
    },
  };
}
