/** Who may ask for what? Each route says so where it is declared; nothing else about a request is looked at before. */
import { parseCode, parseSaleKey } from "../../domain/sale_ids.ts";
import type { Caller } from "./callers.ts";
import { BadRequest } from "../answers/answer.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";

/** An act of administrators that leaves a trail. */
export interface Act {
  /** Told in the trail: `coupon.create` … */
  readonly act: string;
  /** What it is done to, by the path and the query; never a code. */
  readonly target: (routed: Pick<RoutedRequest, "target" | "names">) => readonly string[];
  /** What it is done to stands in the JSON body, in these fields. */
  readonly fields?: readonly string[];
}

/**
 * - `public`: anyone; a token is not even looked at.
 * - `caller`: whoever shows a token; the route itself holds a user to what is theirs.
 * - `own`: whoever shows a token; a user where the path's `:user` is that very user.
 * - `service`: a service or an administrator.
 * - `admin`: an administrator; with an `Act`, recorded before it is done.
 */
export type Authority = "public" | "caller" | "own" | "service" | "admin" | Act;

/** Whether a caller may ask for it at all; `own` is still to be tested. */
export function isAdmitted(authority: Authority, { kind }: Caller): boolean {
  if (kind === "open" || kind === "admin" || authority === "public") return true;
  if (authority === "service") return kind === "service";
  return authority === "caller" || authority === "own";
}

/** The refusal of a caller who is not admitted: it says who is. */
export function forbidden(authority: Authority): BadRequest {
  const admitted = authority === "service" ? "a service or an administrator" : "an administrator";
  return new BadRequest("forbidden", `Only ${admitted} may make this request`);
}

/** Done to what the path names: a coupon, or a coupon and a user. */
export function onNames(act: string): Act {
  return { act, target: ({ names }) => names };
}

/** Done to what fields of the body name together. */
export function onFields(act: string, ...fields: string[]): Act {
  return { act, target: () => [], fields };
}

/** Done to the sale that the path names. */
export function onSale(act: string): Act {
  // A path may hold anything in a sale's place, a code too.
  const isSale = (name: string) => name === "current" || parseSaleKey(name) !== undefined;
  return { act, target: ({ names }) => names.filter(isSale) };
}

/** Done to what a code of a sale stands for: the sale is told. */
export function onCode(act: string): Act {
  return {
    act,
    target({ target: { query } }) {
      const code = parseCode(query.get("code") ?? "");
      return code === undefined ? [] : [code.key];
    },
  };
}
