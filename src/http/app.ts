/** Which request goes where? Hono routes all requests except those on the hot paths, which are found before it. */
import { Hono } from "hono";
import { type Answered, failure, problem, type ProblemCode, refusal, setField } from "./answers/answer.ts";
import type { WireRefusal } from "./connections.ts";
import type { Cors } from "./auth/cors.ts";
import { guard, type Guarded, type GuardParts } from "./auth/guard.ts";
import type { Handlers } from "./handlers/mod.ts";
import { DocsHandlers } from "./html/docs.ts";
import { StartPage } from "./html/start_page.ts";
import { makeDocument } from "./openapi/document.ts";
import { ROUTES } from "./routes/mod.ts";
import type { Route } from "./routes/route.ts";
import { HostCheck, type OpenAccess } from "./auth/open_access.ts";
import { patternFits, Target } from "./requests/target.ts";
import { type RequestId, requestIdOf } from "./requests/request_id.ts";
import { secure } from "./answers/secure_headers.ts";
import type { Connected } from "./auth/trail.ts";

/** What the edge writes to the log. */
export interface RequestLog {
  /** Whether every request is logged, not only failures. */
  readonly verbose: boolean;
  /** A request begins. Called only if the log is verbose. */
  began(request: Request): void;
  answered(request: Request, outcome: Outcome): void;
  failed(request: Request, outcome: Outcome, error: unknown): void;
}

/** The outcome of a request. */
export interface Outcome {
  readonly requestId: string;
  /** The method and the path pattern of its route. */
  readonly route: string;
  readonly status: number;
  /** The problem's code; undefined for success. */
  readonly code: ProblemCode | undefined;
}

/** The parts of the edge. */
export interface EdgeParts extends Omit<Handlers, "docs" | "start">, GuardParts {
  /** Undefined if callers show tokens: then the page and the host name that a request came by do not matter. */
  readonly openAccess?: OpenAccess | undefined;
  /** Undefined if no page of another origin may read an answer. */
  readonly cors?: Cors | undefined;
  readonly log: RequestLog;
}

/** What the router passes to the routes. */
interface Bindings {
  readonly target: Target;
  readonly connected: Connected | undefined;
}

/** Answers a request to a route. */
type Answering = (request: Request, bindings: Bindings) => Promise<Response>;

const NO_HEADERS = new Headers();

const WIRE_REFUSALS = {
  malformed: "invalid_request",
  head_too_large: "head_too_large",
  http2: "http_version_not_supported",
} as const satisfies Record<WireRefusal, ProblemCode>;

/** The public edge. Pass its `fetch` to a server. */
export class Edge {
  readonly #parts: EdgeParts;
  readonly #hosts = new HostCheck();
  readonly #app = new Hono<{ Bindings: Bindings }>({ getPath: (_, how) => decoded(how!.env!.target.path) });
  /** The hot routes by their paths; all of them are POST. */
  readonly #hot = new Map<string, Answering>();
  /** The segments and the allowed methods of each path pattern. */
  readonly #patterns = new Map<string, { readonly segments: readonly string[]; readonly methods: Set<string> }>();
  /** Number of segments of the longest pattern. */
  #segmentsMax = 0;

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    const docs = new DocsHandlers(() => makeDocument(ROUTES));
    const handlers: Handlers = { ...parts, docs, start: new StartPage(parts.sales.parts.views) };
    for (const route of ROUTES) this.#add(route, handlers);
    this.#app.notFound(({ req: { raw }, env: { target } }) => this.#unknown(raw, target));
    this.#app.onError((error, context) => {
      const id = requestIdOf(context.req.raw.headers);
      return this.#finish(context.req.raw, "unknown", id, failure(error, id));
    });
  }

  /** Answers a request; never throws. @param connected what the server knows about the connection */
  readonly fetch = (request: Request, connected?: Connected): Response | Promise<Response> => {
    const { cors, log } = this.#parts;
    if (log.verbose) log.began(request);
    const target = new Target(request.url);
    const barred = this.#barred(request, target);
    if (cors === undefined) return barred ?? this.#answer(request, target, connected);
    const answered = barred ??
      (cors.isPreflight(request) ? this.#preflight(cors, request, target) : this.#answer(request, target, connected));
    return answered instanceof Promise
      ? answered.then((response) => cors.mark(request.headers, response))
      : cors.mark(request.headers, answered);
  };

  /** Answers and counts what could not be parsed as a request. */
  readonly refuse = (why: WireRefusal, detail: string): Response => {
    const id: RequestId = requestIdOf(NO_HEADERS);
    const { response } = refusal(WIRE_REFUSALS[why], id, `The request was not read: ${detail}`);
    secure(response);
    this.#parts.metrics.requests.count("unknown", response.status);
    return response;
  };

  #answer(request: Request, target: Target, connected: Connected | undefined): Response | Promise<Response> {
    if (request.method === "POST") {
      const hot = this.#hot.get(target.path);
      if (hot !== undefined) return hot(request, { target, connected });
    }
    if (target.segments.length > this.#segmentsMax) return this.#unknown(request, target);
    return this.#app.fetch(request, { target, connected });
  }

  #add(route: Route, handlers: Handlers): void {
    const { method, path, body, tally } = route;
    const known = this.#patterns.get(path) ?? { segments: path.split("/"), methods: new Set() };
    this.#patterns.set(path, known);
    this.#segmentsMax = Math.max(this.#segmentsMax, known.segments.length);
    known.methods.add(method);
    if (method === "GET") known.methods.add("HEAD");
    const answer = this.#answering(route, guard(route, handlers, this.#parts));
    this.#app.on(method, path, ({ req: { raw }, env }) => answer(raw, env));
    if (tally === undefined) return;
    this.#hot.set(path, answer);
    // The first check by a schema takes a thousand times as long as later ones.
    for (const example of Object.values(body?.examples ?? {})) body!.schema.safeParse(example);
  }

  #answering({ method, path, tally }: Route, guarded: Guarded): Answering {
    const name = `${method} ${path}`;
    return async (request, { target, connected }) => {
      const id = requestIdOf(request.headers);
      let answered: Answered;
      try {
        answered = await guarded({ request, target, id, connected });
      } catch (error) {
        answered = failure(error, id);
      }
      if (tally === undefined) return this.#finish(request, name, id, answered);
      tally(this.#parts.metrics, target).count(answered.code ?? "accepted");
      return this.#told(request, name, id, answered);
    };
  }

  #finish(request: Request, route: string, id: RequestId, answered: Answered): Response {
    secure(answered.response);
    return this.#told(request, route, id, answered);
  }

  #told(request: Request, route: string, id: RequestId, { response, code, error }: Answered): Response {
    const { health, metrics, log } = this.#parts;
    // A node that is leaving says so on kept connections, so that none is closed during a client's next request.
    if (health.leaving) setField(response, "connection", "close");
    metrics.requests.count(route, response.status);
    if (error === undefined && !log.verbose) return response;
    const outcome = { requestId: id.id, route, status: response.status, code };
    if (error !== undefined) log.failed(request, outcome, error);
    else log.answered(request, outcome);
    return response;
  }

  /** The refusal of a request that is looked at no further; undefined if it may proceed. */
  #barred(request: Request, target: Target): Response | undefined {
    if (target.isTooLong) return this.#refuse(request, "uri_too_long");
    if (!this.#hosts.allows(request)) {
      return this.#refuse(request, "invalid_request", "Host must be a name or an address, optionally with a port");
    }
    const refusal = this.#parts.openAccess?.refusalOf(request);
    return refusal === undefined ? undefined : this.#refuse(request, refusal);
  }

  #refuse(request: Request, code: ProblemCode, detail?: string): Response {
    const id = requestIdOf(request.headers);
    return this.#finish(request, "unknown", id, refusal(code, id, detail));
  }

  #preflight(cors: Cors, request: Request, target: Target): Response {
    const known = this.#known(target);
    if (known === undefined) return this.#unknown(request, target);
    const id = requestIdOf(request.headers);
    const response = cors.preflight(known.methods, id);
    return this.#finish(request, `OPTIONS ${known.pattern}`, id, { response, code: undefined, error: undefined });
  }

  #unknown(request: Request, target: Target): Response {
    const id = requestIdOf(request.headers);
    const known = this.#known(target);
    if (known === undefined) return this.#finish(request, "unknown", id, refusal("not_found", id));
    const response = problem("method_not_allowed", id);
    response.headers.set("allow", known.methods.join(", "));
    return this.#finish(request, known.pattern, id, { response, code: "method_not_allowed", error: undefined });
  }

  /** The first pattern that matches a target's path, and the methods of all patterns that match. */
  #known({ segments }: Target): { readonly pattern: string; readonly methods: readonly string[] } | undefined {
    const fit = [...this.#patterns].filter(([, pattern]) => patternFits(pattern.segments, segments));
    if (fit.length === 0) return undefined;
    return { pattern: fit[0]![0], methods: [...new Set(fit.flatMap(([, { methods }]) => [...methods]))] };
  }
}

/** A path as the router compares it. An ill-formed path is left as it is; its route refuses it. */
function decoded(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
