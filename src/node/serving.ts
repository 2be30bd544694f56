/** Makes the HTTP edge from storage, the cluster and the access control. */
import type { Logger } from "@logtape/logtape";
import { type Audits, type Clock, Fault } from "../ports/mod.ts";
import type { AllActors } from "./clustering.ts";
import type { Config } from "../config/config.ts";
import { makeAccessControl } from "./access_control.ts";
import { Edge, type Outcome, type RequestLog } from "../http/app.ts";
import type { BodyReader } from "../http/requests/body.ts";
import { AuditHandlers } from "../http/handlers/audits.ts";
import { BulkHandlers } from "../http/handlers/bulk.ts";
import type { Callers } from "../http/auth/callers.ts";
import { CheckoutHandlers } from "../http/handlers/checkouts.ts";
import { ClusterHandlers } from "../http/handlers/cluster.ts";
import { CouponHandlers } from "../http/handlers/coupons.ts";
import type { CsvStreams } from "../http/answers/csv_streams.ts";
import { ExportHandlers } from "../http/handlers/exports.ts";
import type { Health } from "../http/handlers/health.ts";
import { ItemPictures } from "../http/handlers/item_pictures.ts";
import type { Metrics } from "../http/metrics.ts";
import type { SaleStreams } from "../http/handlers/sale_streams.ts";
import { SaleHandlers } from "../http/handlers/sales.ts";
import { shownPath } from "../http/auth/trail.ts";
import { UserHandlers } from "../http/handlers/users.ts";
import type { Storage } from "../storage/mod.ts";

const REQUEST = "{method} {path} {status} {ms} ms {code} {requestId}";

/** What the edge is made of. Whoever made it closes it. */
export interface ServingParts extends AllActors {
  readonly callers: Callers;
  readonly storage: Storage;
  readonly audits: Audits;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly bodies: BodyReader;
  readonly streams: SaleStreams;
  readonly files: CsvStreams;
}

/** Makes the edge and logs how callers are authenticated. */
export function makeEdge(config: Config, log: Logger, parts: ServingParts): Edge {
  const { callers, storage, coupons, sales, metrics, health, bodies, streams, files } = parts;
  const { clock, acts, views, saleViews, userViews } = storage;
  const asked = { sales, views: saleViews, purchaseLimit: config.purchaseLimit };
  return new Edge({
    coupons: new CouponHandlers(coupons, views, storage.eligibility),
    sales: new SaleHandlers({ ...asked, pictures: new ItemPictures(), streams }),
    checkouts: new CheckoutHandlers(asked),
    bulk: new BulkHandlers(storage.bulkJobs, files),
    users: new UserHandlers(storage.memberships, userViews),
    exports: new ExportHandlers({
      coupons: views,
      sales: saleViews,
      users: userViews,
      all: storage.exportViews,
      streams: files,
    }),
    ...makeAccessControl(config, log, callers, clock, { acts }),
    bodies,
    cluster: new ClusterHandlers(parts.nodes),
    audits: new AuditHandlers(parts.audits),
    health,
    metrics,
    log: requestLog(log, config.logLevel === "debug", clock),
  });
}

/** Logs every request if the log is verbose, otherwise those that failed. */
function requestLog(log: Logger, verbose: boolean, clock: Pick<Clock, "monotonic">): RequestLog {
  const beganAt = new WeakMap<Request, number>();
  const about = (request: Request, { code, ...outcome }: Outcome) => ({
    method: request.method,
    path: shownPath(request.url),
    ...outcome,
    code: code ?? "-",
    ms: beganAt.has(request) ? Math.round(10 * (clock.monotonic() - beganAt.get(request)!)) / 10 : undefined,
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
