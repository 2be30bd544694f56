import type { Metrics } from "../metrics.ts";
import type { Trail } from "../auth/trail.ts";
import type { DocsHandlers } from "../html/docs.ts";
import type { StartPage } from "../html/start_page.ts";
import type { AuditHandlers } from "./audits.ts";
import type { BulkHandlers } from "./bulk.ts";
import type { CheckoutHandlers } from "./checkouts.ts";
import type { ClusterHandlers } from "./cluster.ts";
import type { CouponHandlers } from "./coupons.ts";
import type { ExportHandlers } from "./exports.ts";
import type { Health } from "./health.ts";
import type { SaleHandlers } from "./sales.ts";
import type { UserHandlers } from "./users.ts";

/** The handlers of all routes, by resource. */
export interface Handlers {
  readonly coupons: CouponHandlers;
  readonly bulk: BulkHandlers;
  readonly sales: SaleHandlers;
  readonly checkouts: CheckoutHandlers;
  readonly users: UserHandlers;
  readonly exports: ExportHandlers;
  readonly cluster: ClusterHandlers;
  readonly audits: AuditHandlers;
  readonly trail: Trail;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly docs: DocsHandlers;
  readonly start: StartPage;
}
