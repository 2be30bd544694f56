/** Which request goes where? Hono routes all but the hot ones, which are found before it. */
import { Hono } from "hono";
import { type Answered, failure, refusal } from "./answer.ts";
import type { Caller, Callers } from "./callers.ts";
import type { Cors } from "./cors.ts";
import { guard, type Handler } from "./guard.ts";
import { HostCheck } from "./host_check.ts";
import type { Tally } from "./metrics.ts";
import { pathOf, patternFits } from "./paths.ts";
import { problem, type ProblemCode } from "./problem.ts";
import { type RequestId, requestIdOf } from "./request_id.ts";
import { type HandledRoute, type Route, type RouteParts, routesOf } from "./routes.ts";
import { isPurchase } from "./sales.ts";
import { secure } from "./secure_headers.ts";
import type { Connected } from "./trail.ts";

/** What the edge tells the log. */
export interface RequestLog {
  /** Whether every request is told, not only failures. */
  readonly verbose: boolean;
  answered(requestId: string, route: string, status: number, code: ProblemCode | undefined): void;
  failed(requestId: string, route: string, code: ProblemCode, error: unknown): void;
}

/** What the edge is made of. */
export interface EdgeParts extends RouteParts {
  readonly callers: Callers;
  /** Undefined: no page of another origin may read an answer. */
  readonly cors?: Cors | undefined;
  readonly log: RequestLog;
}

/** Where the outcome of a request with this URL is counted. */
type OutcomesOf = (url: string) => Tally;

/** A route that is asked by the thousand a second. */
interface HotRoute {
  readonly route: string;
  readonly handle: (request: Request, id: RequestId, caller: Caller) => Promise<Answered>;
  readonly outcomesOf: OutcomesOf;
}

/** The public edge: give its `fetch` to a server. */
export class Edge {
  readonly #parts: EdgeParts;
  readonly #hosts = new HostCheck();
  readonly #app = new Hono<{ Bindings: Connected }>();
  readonly #routes: Route[] = [];
  /** By their paths. */
  readonly #hot = new Map<string, HotRoute>();
  /** Of each path pattern: the methods it knows. */
  readonly #methods = new Map<string, Set<string>>();

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    const { coupons, sales, metrics } = parts;
    const { claims, checkouts, purchases } = metrics;
    const ofCheckout: OutcomesOf = (url) => isPurchase(url) ? purchases : checkouts;
    this.#hotRoute("/api/coupons/claim", (request, id, caller) => coupons.claim(request, id, caller), () => claims);
    this.#hotRoute("/checkout", (request, id, caller) => sales.checkout(request, id, caller), ofCheckout);
    this.#hotRoute("/purchase", (request, id, caller) => sales.purchase(request, id, caller), () => purchases);
    for (const route of routesOf(parts)) this.#route(route);
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
    const answered = cors.isPreflight(request) ? this.#preflight(cors, request) : this.#answer(request, connected);
    return answered instanceof Promise
      ? answered.then((response) => cors.mark(request.headers, response))
      : cors.mark(request.headers, answered);
  };

  #answer(request: Request, connected: Connected | undefined): Response | Promise<Response> {
    const { url } = request;
    if (!this.#hosts.allows(request)) return this.#badHost(request);
    if (request.method === "POST") {
      const path = url.indexOf("/", 8);
      const query = url.indexOf("?", path);
      const hot = this.#hot.get(url.slice(path, query < 0 ? url.length : query));
      if (hot !== undefined) return this.#answerHot(hot, request);
    }
    const answered = this.#app.fetch(request, connected);
    if (request.method !== "HEAD") return answered;
    return answered instanceof Promise ? answered.then(withoutLength) : withoutLength(answered);
  }

  async #answerHot({ route, handle, outcomesOf }: HotRoute, request: Request): Promise<Response> {
    const id = requestIdOf(request.headers);
    let answered: Answered;
    try {
      const caller = this.#parts.callers.of(request.headers);
      answered = await handle(request, id, caller instanceof Promise ? await caller : caller);
    } catch (error) {
      answered = failure(error, id);
    }
    outcomesOf(request.url).count(answered.code ?? "accepted");
    return this.#told(route, id, answered);
  }

  #hotRoute(path: string, handle: HotRoute["handle"], outcomesOf: OutcomesOf): void {
    this.#hot.set(path, { route: "POST " + path, handle, outcomesOf });
    // By other spellings of the path.
    const handler: Handler = ({ request, id, caller }) => handle(request, id, caller);
    this.#route({ method: "POST", path, authority: "caller", handler }, outcomesOf);
  }

  #route({ method, path, authority, handler }: HandledRoute, outcomesOf?: OutcomesOf): void {
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
      outcomesOf?.(request.url).count(answered.code ?? "accepted");
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

  #preflight(cors: Cors, request: Request): Response {
    const known = this.#known(request.url);
    if (known === undefined) return this.#unknown(request);
    const id = requestIdOf(request.headers);
    const response = cors.preflight(known.methods, id);
    return this.#finish(`OPTIONS ${known.pattern}`, id, { response, code: undefined, error: undefined });
  }

  #unknown(request: Request): Response {
    const id = requestIdOf(request.headers);
    const known = this.#known(request.url);
    if (known === undefined) return this.#finish("unknown", id, refusal("not_found", id));
    const response = problem("method_not_allowed", id);
    response.headers.set("allow", known.methods.join(", "));
    return this.#finish(known.pattern, id, { response, code: "method_not_allowed", error: undefined });
  }

  /** What is known of a URL's path, as it was sent: its first pattern, and the methods of all that it fits. */
  #known(url: string): { readonly pattern: string; readonly methods: readonly string[] } | undefined {
    const path = pathOf(url);
    const fit = [...this.#methods].filter(([pattern]) => patternFits(pattern, path));
    if (fit.length === 0) return undefined;
    return { pattern: fit[0]![0], methods: [...new Set(fit.flatMap(([, methods]) => [...methods]))] };
  }
}

/** The server takes no body for one of no bytes, and would say so: but the length that HEAD tells is that of GET. */
function withoutLength(response: Response): Response {
  if (response.status === 304) return response;
  return new Response(new ReadableStream({ start: (controller) => controller.close() }), response);
}
