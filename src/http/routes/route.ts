/**
 * What is a route? One declaration, from which the router, the guard, the checks of what is sent and the OpenAPI document
 * are made.
 */
import * as z from "zod";
import { name } from "../../contract/named.ts";
import type { Answered, ProblemCode } from "../answers/answer.ts";
import type { Authority } from "../auth/authority.ts";
import type { Caller } from "../auth/callers.ts";
import type { Handlers } from "../handlers/mod.ts";
import type { Metrics, Tally } from "../metrics.ts";
import type { Tag } from "../openapi/front.ts";
import type { QueryOf, QueryShape } from "../requests/query.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import type { Target } from "../requests/target.ts";

/** What may fail behind the edge, where the operation asks an actor, reads a view, sends a file, or needs none. */
export type Trouble = "command" | "view" | "file" | "none";

/** A header of an answer or a request, beside those that all have. */
export interface HeaderNote {
  readonly description: string;
  readonly example?: string;
  /** Of an answer: whether it may be missing. */
  readonly isOptional?: true;
}

/** An answer of success. */
export interface AnswerNote {
  readonly description: string;
  /** Of its body; none where there is no body. Named by {@linkcode named} where it is JSON. */
  readonly schema?: z.ZodType;
  /** The body's media type; default `application/json`. */
  readonly type?: string;
  readonly example?: unknown;
  readonly headers?: Readonly<Record<string, HeaderNote>>;
}

/** What a request may have in its body. */
export interface BodyNote<Body extends z.ZodType> {
  /** Named by {@linkcode named}. */
  readonly schema: Body;
  /** By titles. */
  readonly examples: Readonly<Record<string, unknown>>;
  /** Whether there may be no body at all, which is then as `{}`. */
  readonly isOptional?: true;
}

/** One method of one path. */
export interface Route<Query extends QueryShape = QueryShape, Body extends z.ZodType = z.ZodType> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Its variable segments begin with `:`. Metrics and log lines name the route by its method and this path. */
  readonly path: string;
  /** Unlike any other's; a name for generated clients. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly authority: Authority;
  /** Default `none`. */
  readonly trouble?: Trouble;
  /** The path's variable segments in their order, by the names that they have in the document. */
  readonly segments?: Readonly<Record<string, z.ZodType>>;
  /** The query's parameters. */
  readonly query?: Query;
  /**
   * Whether other parameters are ignored. Elsewhere they are refused: as a rule one is misspelt. The requests that the
   * systems before this one document keep working, and browsers, probes and scrapers add parameters of their own.
   */
  readonly ignoresOtherParameters?: true;
  readonly requestHeaders?: Readonly<Record<string, HeaderNote>>;
  /** Whether an `Idempotency-Key` makes it safe to ask again. */
  readonly isKeyed?: true;
  /** Whose quota of requests one takes from, where the node is set so; undefined where no one's. */
  readonly limitedFor?: (caller: Caller, target: Target) => string | undefined;
  readonly body?: BodyNote<Body>;
  /** Why what the path names cannot be had, if so: that comes before what is wrong with the body. */
  readonly absent?: (handlers: Handlers, names: readonly string[]) => Promise<ProblemCode | undefined>;
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerNote>>;
  /** Refusals of its own, in the order in which they are tested; those of the edge are added. */
  readonly problems?: readonly ProblemCode[];
  /**
   * Of a route that is asked by the thousand a second: where its outcomes are counted. It is found before the router is
   * asked, and its answers have no headers for browsers.
   */
  readonly tally?: (metrics: Metrics, target: Target) => Tally;
  handle(handlers: Handlers, routed: RoutedRequest<QueryOf<Query>, z.output<Body>>): Promise<Answered> | Answered;
}

/** Declares a route: its handler gets what its own schemas make of the query and the body. */
export function route<
  const Query extends QueryShape = Readonly<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(declared: Omit<Route<Query, Body>, "tag">): Untagged {
  return declared as unknown as Untagged;
}

/** A route without its heading. */
export type Untagged = Omit<Route, "tag">;

/** Routes under one heading of the document. */
export function tagged(tag: Tag, routes: readonly Untagged[]): Route[] {
  return routes.map((route) => ({ ...route, tag }));
}

/** The answer of a numbered page of something. */
export function pageOf<T extends z.ZodType>(id: string, entry: T): z.ZodType {
  return name(id, z.object({ data: z.array(entry), meta: PageMeta }));
}

const whole = z.int().min(0).max(2_147_483_647);

const PageMeta = name(
  "PageMeta",
  z.object({
    page: whole.meta({ description: "Which page, counted from 1." }),
    per_page: whole.meta({ description: "Entries of a page." }),
    page_count: whole.meta({ description: "Pages in all." }),
    total: whole.meta({ description: "Entries in all." }),
  }),
);
