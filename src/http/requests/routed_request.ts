import type { Caller } from "../auth/callers.ts";
import type { RequestId } from "./request_id.ts";
import type { Target } from "./target.ts";

/** A request as its handler gets it: `query` and `body` are what the route's schemas made of them. */
export interface RoutedRequest<Query = unknown, Body = unknown> {
  readonly request: Request;
  readonly target: Target;
  readonly id: RequestId;
  readonly caller: Caller;
  /** The path's variable segments, decoded. */
  readonly names: readonly string[];
  readonly query: Query;
  /** Undefined if the route has none. */
  readonly body: Body;
  /** Of an administrative act: the number of its record, which its command carries. */
  readonly act?: number;
}

/** The part of a command that refers to the act's record. */
export function recordedAs(act: number | undefined): { readonly act?: number } {
  return act === undefined ? {} : { act };
}
