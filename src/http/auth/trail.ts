/** How does an act of an administrator leave its trail? A row before it is done, completed by what became of it. */
import type { AdminActs, AdminActView, Clock } from "../../ports/mod.ts";
import { answer, type Answered, failure } from "../answers/answer.ts";
import { type Act, forbidden, isAdmitted } from "./authority.ts";
import { scopeOf } from "./callers.ts";
import { type CursorQuery, showTime } from "../../contract/values.ts";
import { placeAfter, showPart } from "../requests/pages.ts";
import { RateLimiter } from "./rate_limit.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { Target } from "../requests/target.ts";

/** Refusals of one caller that are recorded in a minute: else anyone with a token could fill the trail. */
export const REFUSED_A_MINUTE = 60;
/** Longest text of a row, in UTF-16 units: no shorter than a name or an id may be, however its characters are composed. */
const TEXT_MAX = 2_048;
/** Ends a text that was cut. */
const CUT = "\u2026";
/** What no text of the database may hold, or a log should. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
/** A code of a sale, wherever it stands; its sale may be told. */
const CODE = /(\d{4}-\d\d-\d\dT\d\dZ)\.[\w-]{22}/g;
const ADDRESS = /^[\w.:%[\]-]{1,64}$/;

/** A request's path as a log may show it: without its query, where codes stand, and without a code in its place. */
export function shownPath(url: string): string {
  const path = new Target(url).path.slice(0, 2 * TEXT_MAX);
  try {
    return tidy(decodeURI(path));
  } catch {
    return tidy(path);
  }
}

/** What a server tells of a request's connection. */
export interface Connected {
  readonly remoteAddr?: { readonly hostname?: string };
}

/** What the trail works with. */
export interface TrailParts {
  readonly acts: AdminActs;
  /** Whether the last entry of X-Forwarded-For is a client's address. */
  readonly trustProxy: boolean;
  readonly clock: Pick<Clock, "monotonic">;
  /** Told where what became of an act could not be recorded. */
  readonly incomplete: (requestId: string, act: string, error: unknown) => void;
}

/** The trail of acts. */
export class Trail {
  readonly #refused: RateLimiter;

  constructor(readonly parts: TrailParts) {
    this.#refused = new RateLimiter("refused", REFUSED_A_MINUTE, parts.clock);
  }

  /**
   * Records an act, has it done, and records what became of it; where the caller is no administrator, that it was
   * refused, at most {@linkcode REFUSED_A_MINUTE} times a minute on this node.
   *
   * @param json reads the body, which nothing has checked
   * @param run does it; is told by which number it is recorded
   * @throws Fault where it could not be recorded; then it is not done
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
    // It was done, or not: that it could not be noted changes nothing about the answer.
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

/** What fields of the body say, before the body is checked, up to the first that is no text. */
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
