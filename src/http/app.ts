/** Which request goes where? Hono routes all but the hot ones, which are found before it. */
import { Hono } from "hono";
import { type Answered, failure, refusal } from "./answer.ts";
import { type Authority, onCode, onField, onNames, onSale } from "./authority.ts";
import type { Caller, Callers } from "./callers.ts";
import type { ClusterRoutes } from "./cluster.ts";
import type { Cors } from "./cors.ts";
import type { CouponRoutes } from "./coupons.ts";
import type { ExportRoutes } from "./exports.ts";
import { guard, type Handler } from "./guard.ts";
import type { Health } from "./health.ts";
import type { Metrics, Tally } from "./metrics.ts";
import { patternFits } from "./paths.ts";
import { problem, type ProblemCode } from "./problem.ts";
import { type RequestId, requestIdOf } from "./request_id.ts";
import type { SaleRoutes } from "./sales.ts";
import { secure } from "./secure_headers.ts";
import type { Connected, Trail } from "./trail.ts";
import type { UserRoutes } from "./users.ts";

/** What the edge tells the log. */
export interface RequestLog {
  /** Whether every request is told, not only failures. */
  readonly verbose: boolean;
  answered(requestId: string, route: string, status: number, code: ProblemCode | undefined): void;
  failed(requestId: string, route: string, code: ProblemCode, error: unknown): void;
}

/** What the edge is made of. */
export interface EdgeParts {
  readonly coupons: CouponRoutes;
  readonly sales: SaleRoutes;
  readonly users: UserRoutes;
  readonly exports: ExportRoutes;
  readonly cluster: ClusterRoutes;
  readonly callers: Callers;
  readonly trail: Trail;
  /** Undefined: no page of another origin may read an answer. */
  readonly cors?: Cors | undefined;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: RequestLog;
}

const AUTHORITY = /^https?:\/\/(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d*)?\//;

const CLAIM_PATH = "/api/coupons/claim";

/** A route, and who may ask for it. */
export interface Route {
  readonly method: string;
  /** Its variable segments begin with `:`. */
  readonly path: string;
  readonly authority: Authority;
}

/** A route that is asked by the thousand a second. */
interface HotRoute {
  readonly route: string;
  readonly handle: (request: Request, id: RequestId, caller: Caller) => Promise<Answered>;
  readonly outcomes: Tally;
}

/** The public edge: give its `fetch` to a server. */
export class Edge {
  readonly #parts: EdgeParts;
  readonly #app = new Hono<{ Bindings: Connected }>();
  readonly #routes: Route[] = [];
  /** By their paths. */
  readonly #hot = new Map<string, HotRoute>();
  /** Of each path pattern: the methods it knows. */
  readonly #methods = new Map<string, Set<string>>();

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    const { coupons, sales, cluster, health, metrics } = parts;
    const one = "/api/coupons/:name";
    this.#hotRoute(CLAIM_PATH, (request, id, caller) => coupons.claim(request, id, caller), metrics.claims);
    this.#hotRoute("/checkout", (request, id, caller) => sales.checkout(request, id, caller), metrics.checkouts);
    this.#hotRoute("/purchase", (request, id, caller) => sales.purchase(request, id, caller), metrics.purchases);
    this.#routeSales(sales);
    this.#routeUsers(parts.users);
    this.#routeExports(parts.exports);
    this.#route("GET", "/cluster", "admin", (routed) => cluster.show(routed));
    this.#route("GET", "/cluster/actors/:key", "admin", (routed) => cluster.showActor(routed));
    this.#route("POST", "/api/coupons/validate", "caller", (routed) => coupons.validate(routed));
    this.#route("POST", "/api/coupons", onField("coupon.create", "name"), (routed) => coupons.create(routed));
    this.#route("GET", "/api/coupons", "public", (routed) => coupons.list(routed));
    this.#route("GET", one, "public", (routed) => coupons.show(routed));
    this.#route("PUT", one, onNames("coupon.edit"), (routed) => coupons.edit(routed));
    this.#route("PATCH", one, onNames("coupon.edit"), (routed) => coupons.edit(routed));
    this.#route("GET", one + "/claims", "service", (routed) => coupons.claims(routed));
    this.#route("GET", one + "/claims/:user", "own", (routed) => coupons.showClaim(routed));
    this.#route("DELETE", one + "/claims/:user", onNames("claim.void"), (routed) => coupons.void(routed));
    this.#route("GET", "/api/audit", "admin", (routed) => parts.trail.show(routed));
    for (const path of ["/livez", "/health", "/healthcheck", "/api/health", "/api/healthcheck"]) {
      this.#route("GET", path, "public", ({ id }) => health.live(id));
    }
    this.#route("GET", "/readyz", "public", ({ id }) => health.ready(id));
    this.#route("GET", "/metrics", "service", ({ id }) => metrics.show(id));
    this.#app.notFound((context) => this.#unknown(context.req.raw));
    this.#app.onError((error, context) => {
      const id = requestIdOf(context.req.raw.headers);
      return this.#finish("unknown", id, failure(error, id));
    });
  }

  /** All routes that there are, with who may ask for each. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  /** Answers a request; never throws. @param connected what the server tells of its connection */
  readonly fetch = (request: Request, connected?: Connected): Response | Promise<Response> => {
    const { cors } = this.#parts;
    if (cors === undefined) return this.#answer(request, connected);
    if (cors.isPreflight(request)) {
      const known = this.#methodsOf(request.url);
      if (known.length > 0) return cors.mark(request.headers, cors.preflight(known.flatMap(({ methods }) => methods)));
    }
    const answered = this.#answer(request, connected);
    return answered instanceof Promise
      ? answered.then((response) => cors.mark(request.headers, response))
      : cors.mark(request.headers, answered);
  };

  #answer(request: Request, connected: Connected | undefined): Response | Promise<Response> {
    const { url } = request;
    // The URL is put together from the Host header: another one's parts would stand where the path is looked for.
    if (!AUTHORITY.test(url)) return this.#badHost(request);
    if (request.method === "POST") {
      const path = url.indexOf("/", 8);
      const query = url.indexOf("?", path);
      const hot = this.#hot.get(url.slice(path, query < 0 ? url.length : query));
      if (hot !== undefined) return this.#answerHot(hot, request);
    }
    return this.#app.fetch(request, connected);
  }

  async #answerHot({ route, handle, outcomes }: HotRoute, request: Request): Promise<Response> {
    const id = requestIdOf(request.headers);
    let answered: Answered;
    try {
      const caller = this.#parts.callers.of(request.headers);
      answered = await handle(request, id, caller instanceof Promise ? await caller : caller);
    } catch (error) {
      answered = failure(error, id);
    }
    outcomes.count(answered.code ?? "accepted");
    return this.#told(route, id, answered);
  }

  #hotRoute(path: string, handle: HotRoute["handle"], outcomes: Tally): void {
    this.#hot.set(path, { route: "POST " + path, handle, outcomes });
    // By other spellings of the path.
    this.#route("POST", path, "caller", ({ request, id, caller }) => handle(request, id, caller));
  }

  #routeSales(sales: SaleRoutes): void {
    const sale = "/api/sales/:sale";
    const item = sale + "/items/:item";
    this.#route("GET", "/checkout", "caller", (routed) => sales.showHold(routed));
    this.#route("DELETE", "/checkout", "caller", (routed) => sales.release(routed));
    this.#route("DELETE", "/purchase", onCode("purchase.void"), (routed) => sales.void(routed));
    this.#route("GET", "/api/sales", "public", (routed) => sales.list(routed));
    this.#route("GET", sale, "public", (routed) => sales.show(routed));
    this.#route("PATCH", sale, onSale("sale.edit"), (routed) => sales.edit(routed));
    this.#route("GET", sale + "/items", "public", (routed) => sales.items(routed));
    this.#route("GET", item, "public", (routed) => sales.item(routed));
    this.#route("GET", item + "/image.svg", "public", (routed) => sales.picture(routed));
    this.#route("GET", sale + "/attempts", onSale("sale.attempts"), (routed) => sales.attempts(routed));
    this.#route("GET", sale + "/stream", "public", (routed) => sales.stream(routed));
  }

  #routeUsers(users: UserRoutes): void {
    const user = "/api/users/:user";
    this.#route("POST", "/users", onField("user.put", "ID"), (routed) => users.put(routed));
    this.#route("GET", "/segments/count", "service", (routed) => users.segments(routed));
    this.#route("GET", "/api/users/register", onNames("users.register"), (routed) => users.register(routed));
    this.#route("POST", "/api/users/register", onNames("users.register"), (routed) => users.register(routed));
    this.#route("GET", user, "own", (routed) => users.show(routed));
    this.#route("GET", user + "/wallet", "own", (routed) => users.wallet(routed));
    this.#route("GET", user + "/claims", "own", (routed) => users.claims(routed));
    this.#route("GET", user + "/purchases", "own", (routed) => users.purchases(routed));
  }

  #routeExports(exports: ExportRoutes): void {
    const sale = "/api/sales/:sale/purchases.csv";
    this.#route("GET", "/api/coupons/:name/claims.csv", onNames("claims.export"), (of) => exports.couponClaims(of));
    this.#route("GET", sale, onSale("purchases.export"), (of) => exports.salePurchases(of));
    this.#route("GET", "/api/users/:user/wallet.csv", onNames("wallet.export"), (of) => exports.userWallet(of));
    this.#route("GET", "/api/claims.csv", onNames("claims.export"), (of) => exports.claims(of));
    this.#route("GET", "/api/purchases.csv", onNames("purchases.export"), (of) => exports.purchases(of));
    this.#route("GET", "/api/wallets.csv", onNames("wallets.export"), (of) => exports.wallets(of));
  }

  /** @param authority who may ask for it */
  #route(method: string, path: string, authority: Authority, handler: Handler): void {
    const known = this.#methods.get(path) ?? new Set();
    this.#methods.set(path, known.add(method));
    if (method === "GET") known.add("HEAD");
    this.#routes.push({ method, path, authority });
    const guarded = guard(path, authority, handler, this.#parts);
    this.#app.on(method, path, async ({ req: { raw: request }, env: connected }) => {
      const id = requestIdOf(request.headers);
      let answered: Answered;
      try {
        answered = await guarded({ request, id, connected });
      } catch (error) {
        answered = failure(error, id);
      }
      return this.#finish(`${method} ${path}`, id, answered);
    });
  }

  #finish(route: string, id: RequestId, answered: Answered): Response {
    secure(answered.response.headers);
    return this.#told(route, id, answered);
  }

  #told(route: string, id: RequestId, { response, code, error }: Answered): Response {
    const { health, metrics, log } = this.#parts;
    // A leaving node tells kept connections, so that none is closed under a client's next request.
    if (health.leaving) response.headers.set("connection", "close");
    metrics.requests.count(route, response.status);
    if (error !== undefined) log.failed(id.id, route, code!, error);
    else if (log.verbose) log.answered(id.id, route, response.status, code);
    return response;
  }

  #badHost(request: Request): Response {
    const id = requestIdOf(request.headers);
    return this.#finish("unknown", id, refusal("invalid_request", id, "Host must be a name or an address, and a port"));
  }

  #unknown(request: Request): Response {
    const id = requestIdOf(request.headers);
    for (const { pattern, methods } of this.#methodsOf(request.url)) {
      const response = problem("method_not_allowed", id, undefined, methods.join(", "));
      return this.#finish(pattern, id, { response, code: "method_not_allowed", error: undefined });
    }
    return this.#finish("unknown", id, refusal("not_found", id));
  }

  /** The path patterns that a URL's path fits, as it was sent, with the methods that each knows. */
  #methodsOf(url: string): { pattern: string; methods: string[] }[] {
    const path = url.slice(url.indexOf("/", 8)).replace(/[?#].*$/s, "");
    return [...this.#methods].flatMap(([pattern, methods]) => {
      return patternFits(pattern, path) ? [{ pattern, methods: [...methods] }] : [];
    });
  }
}
