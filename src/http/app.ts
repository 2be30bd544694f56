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

/** A route that is asked by the thousand a second. */
interface HotRoute {
  readonly route: string;
  readonly handle: (request: Request, id: RequestId, caller: Caller) => Promise<Answered>;
  readonly outcomes: Tally;
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
    this.#hotRoute("/api/coupons/claim", (request, id, caller) => coupons.claim(request, id, caller), metrics.claims);
    this.#hotRoute("/checkout", (request, id, caller) => sales.checkout(request, id, caller), metrics.checkouts);
    this.#hotRoute("/purchase", (request, id, caller) => sales.purchase(request, id, caller), metrics.purchases);
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
    const handler: Handler = ({ request, id, caller }) => handle(request, id, caller);
    this.#route({ method: "POST", path, authority: "caller", handler });
  }

  #route({ method, path, authority, handler }: HandledRoute): void {
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
    const path = pathOf(url);
    return [...this.#methods].flatMap(([pattern, methods]) => {
      return patternFits(pattern, path) ? [{ pattern, methods: [...methods] }] : [];
    });
  }
}

/** The server takes no body for one of no bytes, and would say so: but the length that HEAD tells is that of GET. */
function withoutLength(response: Response): Response {
  if (response.status === 304) return response;
  return new Response(new ReadableStream({ start: (controller) => controller.close() }), response);
}
