/** What answers the requests of clients? The routes over storage and the cluster, behind their door. */
import type { Logger } from "@logtape/logtape";
import { type Audits, type Clock, Fault } from "../ports/mod.ts";
import type { ClusterNode } from "./cluster_node.ts";
import type { Config } from "../config/config.ts";
import { makeAccessControl } from "./access_control.ts";
import { Edge, type Outcome, type RequestLog } from "../http/app.ts";
import type { BodyReader } from "../http/requests/body.ts";
import { AuditRoutes } from "../http/routes/audits.ts";
import { BulkRoutes } from "../http/routes/bulk.ts";
import type { Callers } from "../http/auth/callers.ts";
import { ClusterRoutes } from "../http/routes/cluster.ts";
import { CouponRoutes } from "../http/routes/coupons.ts";
import type { CsvStreams } from "../http/answers/csv_streams.ts";
import { ExportRoutes } from "../http/routes/exports.ts";
import type { Health } from "../http/routes/health.ts";
import { ItemPictures } from "../http/routes/item_pictures.ts";
import type { Metrics } from "../http/metrics.ts";
import type { SaleStreams } from "../http/routes/sale_streams.ts";
import { SaleRoutes } from "../http/routes/sales.ts";
import { shownPath } from "../http/auth/trail.ts";
import { UserRoutes } from "../http/routes/users.ts";
import type { Storage } from "../storage/mod.ts";

/** One line of the log about a request. */
const REQUEST = "{method} {path} {status} {ms} ms {code} {requestId}";

/** What the edge is made of; who made it closes it. */
export interface ServingParts {
  readonly callers: Callers;
  readonly storage: Storage;
  readonly cluster: ClusterNode;
  readonly audits: Audits;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly bodies: BodyReader;
  readonly streams: SaleStreams;
  readonly files: CsvStreams;
}

/** Makes the edge, and says in the log whom its door asks. */
export function makeEdge(config: Config, log: Logger, parts: ServingParts): Edge {
  const { callers, storage, cluster, metrics, health, bodies, streams, files } = parts;
  const { clock, acts, views, saleViews, userViews } = storage;
  const { limiter, ...door } = makeAccessControl(config, log, callers, clock, { acts, bodies });
  const pictures = new ItemPictures();
  return new Edge({
    coupons: new CouponRoutes(cluster.coupons, views, bodies, storage.eligibility),
    sales: new SaleRoutes({
      sales: cluster.sales,
      views: saleViews,
      bodies,
      pictures,
      streams,
      purchaseLimit: config.purchaseLimit,
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
    audits: new AuditRoutes(parts.audits),
    health,
    metrics,
    log: requestLog(log, config.logLevel === "debug", clock),
  });
}

/** What the log says of requests: of each where it is verbose, else of those that failed. */
function requestLog(log: Logger, verbose: boolean, clock: Pick<Clock, "monotonic">): RequestLog {
  const beganAt = new WeakMap<Request, number>();
  const about = (request: Request, { code, ...outcome }: Outcome) => ({
    method: request.method,
    path: shownPath(request.url),
    ...outcome,
    code: code ?? "-",
    ms: Math.round(10 * (clock.monotonic() - (beganAt.get(request) ?? NaN))) / 10,
  });
  return {
    verbose,
    began: (request) => void beganAt.set(request, clock.monotonic()),
    answered: (request, outcome) => log.debug(REQUEST, about(request, outcome)),
    failed(request, outcome, error) {
      const failed = { ...about(request, outcome), error: String(error), cause: String((error as Error).cause ?? "") };
      if (!(error instanceof Fault)) {
        log.error("{route} failed: {error} ({requestId})", { ...failed, stack: (error as Error).stack });
      } else if (error.code === "data_error") log.error("{route} could not be stored: {cause} ({requestId})", failed);
      else log.debug(`${REQUEST}: {error}`, failed);
    },
  };
}
