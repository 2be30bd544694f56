/** Is a request let through to its route? Who sent it is looked at first, then the path, then the rest. */
import { hasOuterSpace, USER_ID_RULE } from "../../domain/text.ts";
import type { Answered } from "../answers/answer.ts";
import { admit, type Authority, forbidden, isAdmitted } from "./authority.ts";
import { type Callers, OPEN } from "./callers.ts";
import { namesOf, placesOf } from "../requests/paths.ts";
import { invalid, InvalidRequest } from "../../contract/invalid.ts";
import type { QueryCheck } from "../requests/known_parameters.ts";
import type { RequestId } from "../requests/request_id.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import type { Target } from "../requests/target.ts";
import type { Connected, Trail } from "./trail.ts";

/** Answers a request that was let through. */
export type Handler = (routed: RoutedRequest) => Promise<Answered> | Answered;

/** A request, before anything about it is known but its route. */
export interface Arrived {
  readonly request: Request;
  readonly target: Target;
  readonly id: RequestId;
  readonly connected: Connected | undefined;
}

/** What a guard works with. */
export interface GuardParts {
  readonly callers: Callers;
  readonly trail: Trail;
  readonly checkQuery: QueryCheck;
}

/** What guards a route. @throws BadRequest or Fault, as the route itself */
export type Guarded = (arrived: Arrived) => Promise<Answered>;

/**
 * Guards a route.
 *
 * @param path its pattern
 * @throws TypeError where it is to be a user's own and its path names none as `:user`
 */
export function guard(
  path: string,
  authority: Authority,
  handler: Handler,
  { callers, trail, checkQuery }: GuardParts,
): Guarded {
  const named = placesOf(path);
  const places = [...named.values()];
  const user = [...named.keys()].indexOf(":user");
  if (authority === "own" && user < 0) throw new TypeError(`Cannot say whose it is as no segment is :user: ${path}`);
  return async ({ request, target, id, connected }) => {
    const caller = authority === "public" ? OPEN : await callers.of(request.headers);
    if (typeof authority !== "object") {
      if (!isAdmitted(authority, caller)) throw forbidden(authority);
      const names = namesOf(target.segments, places);
      checkUser(names[user]);
      admit(authority, caller, names[user]);
      checkQuery(target.query);
      return await handler({ request, target, id, caller, names });
    }
    const names = tried(() => namesOf(target.segments, places));
    const routed = { request, target, id, caller, names: names instanceof InvalidRequest ? [] : names };
    return await trail.perform(authority, routed, connected, (act) => {
      if (names instanceof InvalidRequest) throw names;
      checkUser(names[user]);
      checkQuery(target.query);
      return handler({ ...routed, act });
    });
  };
}

/** @throws InvalidRequest where the path names a user with white space around it: another than the one that is meant */
function checkUser(userId: string | undefined): void {
  if (userId !== undefined && hasOuterSpace(userId)) throw invalid(`user_id ${USER_ID_RULE}`);
}

function tried(read: () => string[]): string[] | InvalidRequest {
  try {
    return read();
  } catch (error) {
    return error as InvalidRequest;
  }
}
