/** How is a rival served? Behind the very same edge: same checks, ids and shape of answer; only the asking differs. */
import type {
  AdminActs,
  BulkJobs,
  ClusterViews,
  Coupons,
  CouponViews,
  EligibilityViews,
  Sales,
  SaleViews,
} from "../../src/actors/ports.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/body.ts";
import { BulkRoutes } from "../../src/http/bulk.ts";
import { Callers } from "../../src/http/callers.ts";
import { ClusterRoutes } from "../../src/http/cluster.ts";
import { CouponRoutes } from "../../src/http/coupons.ts";
import type { ExportRoutes } from "../../src/http/exports.ts";
import { CsvStreams } from "../../src/http/csv_streams.ts";
import { Health } from "../../src/http/health.ts";
import { ItemPictures } from "../../src/http/item_pictures.ts";
import { Metrics } from "../../src/http/metrics.ts";
import { SaleStreams } from "../../src/http/sale_streams.ts";
import { SaleRoutes } from "../../src/http/sales.ts";
import type { UserRoutes } from "../../src/http/users.ts";
import { Trail } from "../../src/http/trail.ts";

/** Whom no one asks. */
const NOBODY = { ask: () => Promise.reject(new Error("Cannot ask as this rival has none of these")) };
const NO_COUPON_VIEWS = {} as CouponViews;
const NO_ELIGIBILITY = {} as EligibilityViews;
const NO_SALE_VIEWS = {} as SaleViews;

/** Serves claims by these coupons, and checkouts and purchases by these sales, on 127.0.0.1, and prints the port. */
export function serveEdge({ coupons = NOBODY, sales = NOBODY }: { coupons?: Coupons; sales?: Sales }): void {
  const bodies = new BodyReader();
  const streams = new SaleStreams(NO_SALE_VIEWS);
  const edge = new Edge({
    coupons: new CouponRoutes(coupons, NO_COUPON_VIEWS, bodies, NO_ELIGIBILITY),
    bulk: new BulkRoutes({} as BulkJobs, bodies, new CsvStreams()),
    sales: new SaleRoutes({ sales, views: NO_SALE_VIEWS, bodies, pictures: new ItemPictures(), streams }),
    users: {} as UserRoutes,
    exports: {} as ExportRoutes,
    callers: new Callers(),
    trail: new Trail({
      acts: {} as AdminActs,
      bodies,
      clock: { monotonic: () => performance.now() },
      trustProxy: false,
      incomplete() {},
    }),
    cluster: new ClusterRoutes({} as ClusterViews),
    health: new Health(() => true),
    metrics: new Metrics({ actorsAwake: () => 0, mailboxDepth: () => 0, streams: () => 0, registryAge: () => NaN }),
    log: { verbose: false, answered() {}, failed: (_id, route, code, error) => console.error(route, code, error) },
  });
  const port = Number(Deno.args[0] ?? 0);
  const onListen = ({ port }: { port: number }) => console.log(`listening ${port}`);
  Deno.serve({ hostname: "127.0.0.1", port, onListen }, (request) => edge.fetch(request));
}
Deno.addSignalListener("SIGINT", () => Deno.exit(0));
