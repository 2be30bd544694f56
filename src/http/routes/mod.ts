/** Which routes are there, and who may ask for each? One table of all but the hot ones, which app.ts finds by itself. */
import type { AuditRoutes } from "./audits.ts";
import { type Authority, onCode, onFields, onNames, onSale } from "../auth/authority.ts";
import type { BulkRoutes } from "./bulk.ts";
import type { ClusterRoutes } from "./cluster.ts";
import type { CouponRoutes } from "./coupons.ts";
import { DocsRoutes } from "../html/docs.ts";
import type { ExportRoutes } from "./exports.ts";
import type { Handler } from "../auth/guard.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "../metrics.ts";
import type { SaleRoutes } from "./sales.ts";
import { StartPage } from "../html/start_page.ts";
import type { Trail } from "../auth/trail.ts";
import type { UserRoutes } from "./users.ts";

/** A route, and who may ask for it. */
export interface Route {
  readonly method: string;
  /** Its variable segments begin with `:`. */
  readonly path: string;
  readonly authority: Authority;
}

/** A route with what answers it. */
export interface HandledRoute extends Route {
  readonly handler: Handler;
}

/** What answers the routes. */
export interface RouteParts {
  readonly coupons: CouponRoutes;
  readonly bulk: BulkRoutes;
  readonly sales: SaleRoutes;
  readonly users: UserRoutes;
  readonly exports: ExportRoutes;
  readonly cluster: ClusterRoutes;
  readonly audits: AuditRoutes;
  readonly trail: Trail;
  readonly health: Health;
  readonly metrics: Metrics;
}

function route(method: string, path: string, authority: Authority, handler: Handler): HandledRoute {
  return { method, path, authority, handler };
}

function couponRoutes({ coupons }: RouteParts): HandledRoute[] {
  const one = "/api/coupons/:name";
  return [
    route("POST", "/api/coupons/validate", "caller", (routed) => coupons.validate(routed)),
    route("POST", "/api/coupons", onFields("coupon.create", "name"), (routed) => coupons.create(routed)),
    route("GET", "/api/coupons", "public", (routed) => coupons.list(routed)),
    route("GET", one, "public", (routed) => coupons.show(routed)),
    route("PUT", one, onNames("coupon.edit"), (routed) => coupons.edit(routed)),
    route("PATCH", one, onNames("coupon.edit"), (routed) => coupons.edit(routed)),
    route("GET", one + "/claims", "service", (routed) => coupons.claims(routed)),
    route("GET", one + "/claims/:user", "own", (routed) => coupons.showClaim(routed)),
    route("DELETE", one + "/claims/:user", onNames("claim.void"), (routed) => coupons.void(routed)),
  ];
}

/** Jobs are not listed under `/api/coupons/bulk`: a coupon may be called so. */
function bulkRoutes({ bulk }: RouteParts): HandledRoute[] {
  const one = "/api/bulk/:id";
  return [
    route("POST", "/api/coupons/bulk", onFields("bulk.create", "pattern"), (routed) => bulk.add(routed)),
    route("GET", "/api/bulk", "admin", (routed) => bulk.list(routed)),
    route("GET", one, "admin", (routed) => bulk.show(routed)),
    route("DELETE", one, onNames("bulk.cancel"), (routed) => bulk.cancel(routed)),
    route("GET", one + "/codes.csv", onNames("codes.export"), (routed) => bulk.codes(routed)),
  ];
}

function saleRoutes({ sales }: RouteParts): HandledRoute[] {
  const one = "/api/sales/:sale";
  const item = one + "/items/:item";
  return [
    route("GET", "/checkout", "caller", (routed) => sales.checkouts.showHold(routed)),
    route("DELETE", "/checkout", "caller", (routed) => sales.checkouts.release(routed)),
    route("DELETE", "/purchase", onCode("purchase.void"), (routed) => sales.checkouts.void(routed)),
    route("GET", "/api/sales", "public", (routed) => sales.list(routed)),
    route("GET", one, "public", (routed) => sales.show(routed)),
    route("PATCH", one, onSale("sale.edit"), (routed) => sales.edit(routed)),
    route("GET", one + "/items", "public", (routed) => sales.items(routed)),
    route("GET", item, "public", (routed) => sales.item(routed)),
    route("GET", item + "/image.svg", "public", (routed) => sales.picture(routed)),
    route("GET", one + "/attempts", onSale("sale.attempts"), (routed) => sales.attempts(routed)),
    route("GET", one + "/stream", "public", (routed) => sales.stream(routed)),
  ];
}

function userRoutes({ users }: RouteParts): HandledRoute[] {
  const one = "/api/users/:user";
  return [
    route("POST", "/users", onFields("user.put", "ID", "segment"), (routed) => users.put(routed)),
    route("GET", "/segments/count", "service", (routed) => users.segments(routed)),
    route("GET", "/api/users/register", onNames("users.register"), (routed) => users.register(routed)),
    route("POST", "/api/users/register", onNames("users.register"), (routed) => users.register(routed)),
    route("GET", one, "own", (routed) => users.show(routed)),
    route("GET", one + "/wallet", "own", (routed) => users.wallet(routed)),
    route("GET", one + "/claims", "own", (routed) => users.claims(routed)),
    route("GET", one + "/purchases", "own", (routed) => users.purchases(routed)),
  ];
}

function exportRoutes({ exports }: RouteParts): HandledRoute[] {
  const sale = "/api/sales/:sale/purchases.csv";
  return [
    route("GET", "/api/coupons/:name/claims.csv", onNames("claims.export"), (routed) => exports.couponClaims(routed)),
    route("GET", sale, onSale("purchases.export"), (routed) => exports.salePurchases(routed)),
    route("GET", "/api/users/:user/wallet.csv", onNames("wallet.export"), (routed) => exports.userWallet(routed)),
    route("GET", "/api/claims.csv", onNames("claims.export"), (routed) => exports.claims(routed)),
    route("GET", "/api/purchases.csv", onNames("purchases.export"), (routed) => exports.purchases(routed)),
    route("GET", "/api/wallets.csv", onNames("wallets.export"), (routed) => exports.wallets(routed)),
  ];
}

function nodeRoutes({ cluster, audits, trail, health, metrics }: RouteParts): HandledRoute[] {
  const live = ["/livez", "/health", "/healthcheck", "/api/health", "/api/healthcheck"];
  return [
    route("GET", "/cluster", "admin", (routed) => cluster.show(routed)),
    route("GET", "/cluster/actors/:key", "admin", (routed) => cluster.showActor(routed)),
    route("POST", "/api/audits", onNames("audit.run"), (routed) => audits.run(routed)),
    route("GET", "/api/audit", "admin", (routed) => trail.show(routed)),
    ...live.map((path) => route("GET", path, "public", ({ id }) => health.live(id))),
    route("GET", "/readyz", "public", ({ id }) => health.ready(id)),
    route("GET", "/metrics", "service", ({ id }) => metrics.show(id)),
  ];
}

function docsRoutes({ sales }: RouteParts): HandledRoute[] {
  const docs = new DocsRoutes();
  const start = new StartPage(sales.parts.views);
  return [
    route("GET", "/", "public", (routed) => start.show(routed)),
    route("GET", "/favicon.ico", "public", (routed) => docs.icon(routed)),
    route("GET", "/openapi.json", "public", (routed) => docs.document(routed)),
    route("GET", "/docs", "public", (routed) => docs.page(routed)),
    route("GET", "/docs/", "public", (routed) => docs.page(routed)),
    route("GET", "/docs/errors", "public", (routed) => docs.errors(routed)),
    route("GET", "/docs/:file", "public", (routed) => docs.file(routed)),
  ];
}

/** All routes but the hot ones. */
export function routesOf(parts: RouteParts): readonly HandledRoute[] {
  const all = [couponRoutes, bulkRoutes, saleRoutes, userRoutes, exportRoutes, nodeRoutes, docsRoutes];
  return all.flatMap((of) => of(parts));
}
