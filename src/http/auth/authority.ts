/** Who may make a request? Each route declares it, and it is checked before anything else about the request. */
import { parseCode, parseSaleKey } from "../../domain/sale_ids.ts";
import type { Caller } from "./callers.ts";
import { BadRequest } from "../answers/answer.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";

/** An administrative act that is recorded in the audit trail. */
export interface Act {
  /** Its name in the trail, such as `coupon.create`. */
  readonly act: string;
  /** What it is done to, by the path and the query; never a code. */
  readonly target: (routed: Pick<RoutedRequest, "target" | "names">) => readonly string[];
  /** Fields of the JSON body that name what it is done to. */
  readonly fields?: readonly string[];
}

/**
 * - `public`: anyone; tokens are ignored.
 * - `caller`: anyone with a token. The handler restricts users to what is theirs.
 * - `own`: anyone with a token, but a user only if the path's `:user` is that user.
 * - `service`: a service or an administrator.
 * - `admin`: an administrator. An `Act` is also recorded before it is done.
 */
export type Authority = "public" | "caller" | "own" | "service" | "admin" | Act;

/** Whether a caller may make the request at all; for `own`, the user is still to be compared. */
export function isAdmitted(authority: Authority, { kind }: Caller): boolean {
  if (kind === "open" || kind === "admin" || authority === "public") return true;
  if (authority === "service") return kind === "service";
  return authority === "caller" || authority === "own";
}

/** The refusal of a caller, which says who may make the request. */
export function forbidden(authority: Authority): BadRequest {
  const admitted = authority === "service" ? "a service or an administrator" : "an administrator";
  return new BadRequest("forbidden", `Only ${admitted} may make this request`);
}

/** Done to what the path names: a coupon, or a coupon and a user. */
export function onNames(act: string): Act {
  return { act, target: ({ names }) => names };
}

/** Done to what these fields of the body name. */
export function onFields(act: string, ...fields: string[]): Act {
  return { act, target: () => [], fields };
}

/** Done to the sale that the path names. */
export function onSale(act: string): Act {
  // Clients may put anything in the place of the sale, even a code.
  const isSale = (name: string) => name === "current" || parseSaleKey(name) !== undefined;
  return { act, target: ({ names }) => names.filter(isSale) };
}

/** Done to the hold or purchase of a code; the trail names the sale. */
export function onCode(act: string): Act {
  return {
    act,
    target({ target: { query } }) {
      const code = parseCode(query.get("code") ?? "");
      return code === undefined ? [] : [code.key];
    },
  };
}
