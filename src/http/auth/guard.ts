/**
 * Checks a request by what its route declares, and passes it to the handler: first the caller, then the path, the query
 * and the body.
 */
import { hasOuterSpace, USER_ID_RULE } from "../../domain/name_key.ts";
import { checked } from "../../contract/checks.ts";
import { invalid, InvalidRequest } from "../../contract/invalid.ts";
import { type Answered, refusal } from "../answers/answer.ts";
import type { Handlers } from "../handlers/mod.ts";
import type { BodyReader } from "../requests/body.ts";
import { namesOf, placesOf, type Target } from "../requests/target.ts";
import { queryReader } from "../requests/query.ts";
import type { RequestId } from "../requests/request_id.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import type { Route } from "../routes/route.ts";
import { forbidden, isAdmitted } from "./authority.ts";
import { actsFor, type Callers, OPEN } from "./callers.ts";
import type { RateLimiter } from "./rate_limit.ts";
import type { Connected } from "./trail.ts";

/** A request of which only the route is known. */
export interface Arrived {
  readonly request: Request;
  readonly target: Target;
  readonly id: RequestId;
  readonly connected: Connected | undefined;
}

export interface GuardParts {
  readonly callers: Callers;
  readonly bodies: BodyReader;
  /** Undefined if requests are not limited. */
  readonly limiter?: RateLimiter | undefined;
}

/** A guarded route. Throws what the checks and the handler throw: InvalidRequest, BadRequest or Fault. */
export type Guarded = (arrived: Arrived) => Promise<Answered>;

const NO_QUERY = Object.freeze({});

/** What is known of a request before its query and its body are checked. */
type Named = Omit<RoutedRequest, "query" | "body">;

/**
 * Guards a route.
 *
 * @throws TypeError if its authority is `own` and its path has no segment `:user`
 */
export function guard(route: Route, handlers: Handlers, { callers, bodies, limiter }: GuardParts): Guarded {
  const { path, authority, body, absent, limitedFor } = route;
  const named = placesOf(path);
  const places = [...named.values()];
  const user = [...named.keys()].indexOf(":user");
  if (authority === "own" && user < 0) throw new TypeError(`Cannot say whose it is as no segment is :user: ${path}`);
  const isAnyones = authority === "public" || authority === "caller";
  const takesNoQuery = route.query === undefined && route.ignoresOtherParameters;
  const readQuery = takesNoQuery ? undefined : queryReader(route.query ?? {}, route.ignoresOtherParameters ?? false);

  const jsonOf = async (request: Request) => {
    if (body?.isOptional === undefined) return await bodies.json(request);
    const sent = await bodies.optionalJson(request);
    return sent === undefined ? {} : sent;
  };

  const handle = async (routed: Named, json: Promise<unknown> | undefined): Promise<Answered> => {
    const query = readQuery?.(routed.target) ?? NO_QUERY;
    if (body === undefined) return await route.handle(handlers, { ...routed, query, body: undefined });
    let said;
    try {
      said = checked(body.schema, await (json ?? jsonOf(routed.request)));
    } catch (error) {
      const code = error instanceof InvalidRequest ? await absent?.(handlers, routed.names) : undefined;
      if (code !== undefined) return refusal(code, routed.id);
      throw error;
    }
    return await route.handle(handlers, { ...routed, query, body: said });
  };

  return async ({ request, target, id, connected }) => {
    const known = authority === "public" ? OPEN : callers.of(request.headers);
    const caller = known instanceof Promise ? await known : known;
    if (typeof authority !== "object") {
      if (!isAnyones && !isAdmitted(authority, caller)) throw forbidden(authority);
      const names = namesOf(target, places);
      if (user >= 0) checkUser(names[user]!);
      if (authority === "own") actsFor(caller, names[user]!);
      const routed = { request, target, id, caller, names };
      const limited = limiter === undefined ? undefined : limitedFor?.(caller, target);
      return limited === undefined
        ? await handle(routed, undefined)
        : await limiter!.around(limited, id, () => handle(routed, undefined));
    }
    const names = tried(() => namesOf(target, places));
    const routed = { request, target, id, caller, names: names instanceof InvalidRequest ? [] : names };
    let json: Promise<unknown> | undefined;
    return await handlers.trail.perform(authority, routed, connected, () => json ??= jsonOf(request), (act) => {
      if (names instanceof InvalidRequest) throw names;
      if (user >= 0) checkUser(names[user]!);
      return handle({ ...routed, act }, json);
    });
  };
}

/** @throws InvalidRequest if the id begins or ends with white space: it would be the id of another user */
function checkUser(userId: string): void {
  if (hasOuterSpace(userId)) throw invalid(`user_id ${USER_ID_RULE}`);
}

function tried(read: () => string[]): string[] | InvalidRequest {
  try {
    return read();
  } catch (error) {
    return error as InvalidRequest;
  }
}
