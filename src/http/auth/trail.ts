/** The audit trail of administrative acts: a row is written before each act and completed with its outcome. */
import type { AdminActs, AdminActView, Clock } from "../../ports/mod.ts";
import { answer, type Answered, failure } from "../answers/answer.ts";
import { type Act, forbidden, isAdmitted } from "./authority.ts";
import { scopeOf } from "./callers.ts";
import { type CursorQuery, showTime } from "../../contract/values.ts";
import { placeAfter, showPart } from "../requests/pages.ts";
import { RateLimiter } from "./rate_limit.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { Target } from "../requests/target.ts";

/** Refusals of one caller that are recorded per minute, so that a caller without permission cannot fill the trail. */
export const REFUSED_A_MINUTE = 60;
/** Longest text of a row, in UTF-16 units; long enough for any name or id, however its characters are composed. */
const TEXT_MAX = 2_048;
/** Marks a truncated text. */
const CUT = "\u2026";
/** Characters that the database does not store, or that a log should not contain. */
// deno-lint-ignore no-control-regex -- matches control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
/** A code, anywhere in a text; its sale may be shown. */
const CODE = /(\d{4}-\d\d-\d\dT\d\dZ)\.[\w-]{22}/g;
const ADDRESS = /^[\w.:%[\]-]{1,64}$/;

/** A request's path as logs show it: without its query, which may contain a code, and without any code in the path. */
export function shownPath(url: string): string {
  const path = new Target(url).path.slice(0, 2 * TEXT_MAX);
  try {
    return tidy(decodeURI(path));
  } catch {
    return tidy(path);
  }
}

/** What a server knows about a request's connection. */
export interface Connected {
  readonly remoteAddr?: { readonly hostname?: string };
}

export interface TrailParts {
  readonly acts: AdminActs;
  /** Whether the last entry of X-Forwarded-For is the client's address. */
  readonly trustProxy: boolean;
  readonly clock: Pick<Clock, "monotonic">;
  /** Called if the outcome of an act could not be recorded. */
  readonly incomplete: (requestId: string, act: string, error: unknown) => void;
}

export class Trail {
  readonly #refused: RateLimiter;

  constructor(readonly parts: TrailParts) {
    this.#refused = new RateLimiter("refused", REFUSED_A_MINUTE, parts.clock);
  }

  /**
   * Records an act, runs it, and records its outcome. If the caller is not an administrator, records the refusal, at most
   * {@linkcode REFUSED_A_MINUTE} times per minute on this node.
   *
   * @param json reads the body, which is not checked yet
   * @param run does it; gets the number of its record
   * @throws Fault if it could not be recorded; then it is not done
   */
  async perform(
    act: Act,
    routed: Omit<RoutedRequest, "query" | "body">,
    connected: Connected | undefined,
    json: () => Promise<unknown>,
    run: (act: number) => Promise<Answered> | Answered,
  ): Promise<Answered> {
    const { acts, incomplete } = this.parts;
    const { request, id, caller } = routed;
    const admitted = isAdmitted(act, caller);
    if (!admitted && !this.#refused.take(scopeOf(caller)).allowed) throw forbidden(act);
    const target = admitted && act.fields !== undefined ? await named(json, act.fields) : act.target(routed);
    const row = await acts.begin({
      caller: tidy(scopeOf(caller) || "open"),
      act: act.act,
      target: target.map(tidy),
      address: this.#addressOf(request, connected),
      requestId: tidy(id.id),
    });
    let answered: Answered;
    try {
      if (!admitted) throw forbidden(act);
      answered = await run(row);
    } catch (error) {
      answered = failure(error, id);
    }
    // Whether or not the outcome can be recorded, the answer is the same.
    await acts.complete(row, answered.response.status, answered.code ?? null).catch((error) => {
      incomplete(id.id, act.act, error);
    });
    return answered;
  }

  #addressOf(request: Request, connected: Connected | undefined): string {
    const forwarded = this.parts.trustProxy ? request.headers.get("x-forwarded-for") : null;
    const last = forwarded?.slice(forwarded.lastIndexOf(",") + 1).trim();
    const address = last || (connected?.remoteAddr?.hostname ?? "");
    return ADDRESS.test(address) ? address : "unknown";
  }

  /** GET /api/audit */
  async show({ query: { cursor, limit }, id }: RoutedRequest<CursorQuery>): Promise<Answered> {
    const part = await this.parts.acts.page(placeAfter(cursor, "acts", Number.MAX_SAFE_INTEGER), limit);
    const show = ({ at, requestId, ...rest }: AdminActView) => ({ ...rest, at: showTime(at), request_id: requestId });
    return answer(200, id, JSON.stringify(showPart(part, "acts", show)));
  }
}

/** The values of these fields of an unchecked body, up to the first that is not a text. */
async function named(json: () => Promise<unknown>, fields: readonly string[]): Promise<string[]> {
  try {
    const body = await json() as Readonly<Record<string, unknown>> | null;
    const values = fields.map((field) => body?.[field]);
    const end = values.findIndex((value) => typeof value !== "string");
    return (end < 0 ? values : values.slice(0, end)) as string[];
  } catch {
    return [];
  }
}

function tidy(text: string): string {
  const told = text.replace(CODE, "$1").replace(CONTROL, "\ufffd");
  return (told.length > TEXT_MAX ? told.slice(0, TEXT_MAX) + CUT : told).toWellFormed();
}
