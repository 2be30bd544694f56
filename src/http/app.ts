/** Which request goes where? Hono routes all but the hot ones, which are found before it. */
import { Hono } from "hono";
import { type Answered, failure, refusal } from "./answer.ts";
import type { ClusterRoutes } from "./cluster.ts";
import type { CouponRoutes, RoutedRequest } from "./coupons.ts";
import { DocsRoutes } from "./docs.ts";
import type { Health } from "./health.ts";
import type { Metrics, Tally } from "./metrics.ts";
import { BadRequest, problem, type ProblemCode } from "./problem.ts";
import { type RequestId, requestIdOf } from "./request_id.ts";
import type { SaleRoutes } from "./sales.ts";

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
  readonly cluster: ClusterRoutes;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: RequestLog;
}

const AUTHORITY = /^https?:\/\/(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d*)?\//;

type Handler = (routed: RoutedRequest) => Promise<Answered> | Answered;

const CLAIM_PATH = "/api/coupons/claim";

/** A route that is asked by the thousand a second. */
interface HotRoute {
  readonly route: string;
  readonly handle: (request: Request, id: RequestId) => Promise<Answered>;
  readonly outcomes: Tally;
}

/** The public edge: give its `fetch` to a server. */
export class Edge {
  readonly #parts: EdgeParts;
  readonly #app = new Hono();
  /** By their paths. */
  readonly #hot = new Map<string, HotRoute>();
  /** Of each path pattern: the methods it knows. */
  readonly #methods = new Map<string, Set<string>>();

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    const { coupons, sales, cluster, health, metrics } = parts;
    const one = "/api/coupons/:name";
    this.#hotRoute(CLAIM_PATH, (request, id) => coupons.claim(request, id), metrics.claims);
    this.#hotRoute("/checkout", (request, id) => sales.checkout(request, id), metrics.checkouts);
    this.#hotRoute("/purchase", (request, id) => sales.purchase(request, id), metrics.purchases);
    this.#routeSales(sales);
    this.#route("GET", "/cluster", (routed) => cluster.show(routed));
    this.#route("GET", "/cluster/actors/:key", (routed) => cluster.showActor(routed));
    this.#route("POST", "/api/coupons/validate", (routed) => coupons.validate(routed));
    this.#route("POST", "/api/coupons", (routed) => coupons.create(routed));
    this.#route("GET", "/api/coupons", (routed) => coupons.list(routed));
    this.#route("GET", one, (routed) => coupons.show(routed));
    this.#route("PUT", one, (routed) => coupons.edit(routed));
    this.#route("PATCH", one, (routed) => coupons.edit(routed));
    this.#route("GET", one + "/claims", (routed) => coupons.claims(routed));
    this.#route("GET", one + "/claims/:user", (routed) => coupons.showClaim(routed));
    this.#route("DELETE", one + "/claims/:user", (routed) => coupons.void(routed));
    for (const path of ["/livez", "/health", "/healthcheck", "/api/health", "/api/healthcheck"]) {
      this.#route("GET", path, ({ id }) => health.live(id));
    }
    this.#route("GET", "/readyz", ({ id }) => health.ready(id));
    this.#route("GET", "/metrics", ({ id }) => metrics.show(id));
    const docs = new DocsRoutes();
    this.#route("GET", "/openapi.json", (routed) => docs.document(routed));
    this.#route("GET", "/docs", (routed) => docs.page(routed));
    this.#route("GET", "/docs/:file", (routed) => docs.file(routed));
    this.#app.notFound((context) => this.#unknown(context.req.raw));
    this.#app.onError((error, context) => {
      const id = requestIdOf(context.req.raw.headers);
      return this.#finish("unknown", id, failure(error, id));
    });
  }

  /** Every route, as `GET /api/coupons/:name`; HEAD goes wherever GET does. */
  get routes(): readonly string[] {
    return [...this.#methods].flatMap(([path, methods]) =>
      [...methods].filter((method) => method !== "HEAD").map((method) => `${method} ${path}`)
    );
  }

  /** Answers a request; never throws. */
  readonly fetch = (request: Request): Response | Promise<Response> => {
    const { url } = request;
    // The URL is put together from the Host header: another one's parts would stand where the path is looked for.
    if (!AUTHORITY.test(url)) return this.#badHost(request);
    if (request.method === "POST") {
      const path = url.indexOf("/", 8);
      const query = url.indexOf("?", path);
      const hot = this.#hot.get(url.slice(path, query < 0 ? url.length : query));
      if (hot !== undefined) return this.#answerHot(hot, request);
    }
    return this.#app.fetch(request);
  };

  async #answerHot({ route, handle, outcomes }: HotRoute, request: Request): Promise<Response> {
    const id = requestIdOf(request.headers);
    let answered: Answered;
    try {
      answered = await handle(request, id);
    } catch (error) {
      answered = failure(error, id);
    }
    outcomes.count(answered.code ?? "accepted");
    return this.#finish(route, id, answered);
  }

  #hotRoute(path: string, handle: HotRoute["handle"], outcomes: Tally): void {
    this.#hot.set(path, { route: "POST " + path, handle, outcomes });
    this.#route("POST", path, ({ request, id }) => handle(request, id)); // by other spellings of the path
  }

  #routeSales(sales: SaleRoutes): void {
    const sale = "/api/sales/:sale";
    const item = sale + "/items/:item";
    this.#route("GET", "/checkout", (routed) => sales.showHold(routed));
    this.#route("DELETE", "/checkout", (routed) => sales.release(routed));
    this.#route("DELETE", "/purchase", (routed) => sales.void(routed));
    this.#route("GET", "/api/sales", (routed) => sales.list(routed));
    this.#route("GET", sale, (routed) => sales.show(routed));
    this.#route("PATCH", sale, (routed) => sales.edit(routed));
    this.#route("GET", sale + "/items", (routed) => sales.items(routed));
    this.#route("GET", item, (routed) => sales.item(routed));
    this.#route("GET", item + "/image.svg", (routed) => sales.picture(routed));
    this.#route("GET", sale + "/attempts", (routed) => sales.attempts(routed));
    this.#route("GET", sale + "/stream", (routed) => sales.stream(routed));
  }

  #route(method: string, path: string, handler: Handler): void {
    const known = this.#methods.get(path) ?? new Set();
    this.#methods.set(path, known.add(method));
    if (method === "GET") known.add("HEAD");
    const places = path.split("/").flatMap((segment, place) => segment.startsWith(":") ? [place] : []);
    this.#app.on(method, path, async ({ req: { raw: request } }) => {
      const id = requestIdOf(request.headers);
      let answered: Answered;
      try {
        answered = await handler({ request, id, names: places.length === 0 ? [] : namesOf(request.url, places) });
      } catch (error) {
        answered = failure(error, id);
      }
      return this.#finish(`${method} ${path}`, id, answered);
    });
  }

  #finish(route: string, id: RequestId, { response, code, error }: Answered): Response {
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
    // As it was sent: what the router did not find is not to be found by another spelling.
    const path = request.url.slice(request.url.indexOf("/", 8)).replace(/[?#].*$/s, "");
    for (const [pattern, methods] of this.#methods) {
      if (!patternFits(pattern, path)) continue;
      const response = problem("method_not_allowed", id, undefined, [...methods].join(", "));
      return this.#finish(pattern, id, { response, code: "method_not_allowed", error: undefined });
    }
    return this.#finish("unknown", id, refusal("not_found", id));
  }
}

function patternFits(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return wanted.length === given.length &&
    wanted.every((segment, place) => segment.startsWith(":") ? given[place] !== "" : segment === given[place]);
}

/** The path's segments at some places, decoded. @throws BadRequest where they are not well-formed */
function namesOf(url: string, places: readonly number[]): string[] {
  const segments = new URL(url).pathname.split("/");
  try {
    return places.map((place) => decodeURIComponent(segments[place]!));
  } catch {
    throw new BadRequest("invalid_request", "The path must be percent-encoded, well-formed UTF-8");
  }
}
