/** What does a route know of the request that it answers? */
import type { Caller } from "../auth/callers.ts";
import type { RequestId } from "./request_id.ts";
import type { Target } from "./target.ts";

/** A request that found its route, and what it says by the route's schemas. */
export interface RoutedRequest<Query = unknown, Body = unknown> {
  readonly request: Request;
  readonly target: Target;
  readonly id: RequestId;
  readonly caller: Caller;
  /** The path's variable segments, decoded. */
  readonly names: readonly string[];
  readonly query: Query;
  /** Undefined where the route has none. */
  readonly body: Body;
  /** Of an act of an administrator: the number by which it is recorded, which its command bears. */
  readonly act?: number;
}

/** What a command of an act bears of it. */
export function recordedAs(act: number | undefined): { readonly act?: number } {
  return act === undefined ? {} : { act };
}
