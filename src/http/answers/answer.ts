/** Turns every outcome into an HTTP response: answers, problems (RFC 9457) and failures. */
import { Fault, type OutcomeOf } from "../../ports/mod.ts";
import type { CouponAnswer, CouponKind } from "../../domain/coupon.ts";
import { InvalidRequest } from "../../contract/invalid.ts";
import { headersOf, type RequestId } from "../requests/request_id.ts";
import { showCoupon, showDetails } from "./shown.ts";
import { showTime } from "../../contract/values.ts";
import { type EdgeRefusal, type ProblemCode, PROBLEMS, shownCodeOf, typeOf } from "./problem_table.ts";
import type { Meaning } from "./actor_problems.ts";

export interface Made {
  readonly content: string;
  readonly status: number;
  readonly fields: Record<string, string>;
}

/** The part of a Response that the server, the router and tests use. It makes a real one only if more of it is needed. */
export class Reply {
  readonly #made: Made;
  #response: Response | undefined;

  constructor(made: Made) {
    this.#made = made;
  }

  get status(): number {
    return this.#made.status;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  readonly statusText = "";

  /** May be changed by the caller. */
  get headers(): Headers {
    return this.#asResponse().headers;
  }

  get body(): Response["body"] {
    return this.#asResponse().body;
  }

  get bodyUsed(): boolean {
    return this.#response?.bodyUsed ?? false;
  }

  text(): Promise<string> {
    return this.#asResponse().text();
  }

  json(): Promise<unknown> {
    return this.#asResponse().json();
  }

  /** What it was made of; undefined if its header fields may have been changed. */
  get asMade(): Made | undefined {
    return this.#response === undefined ? this.#made : undefined;
  }

  #asResponse(): Response {
    const { content, status, fields } = this.#made;
    return this.#response ??= new Response(content, { status, headers: fields });
  }
}

/**
 * A response whose content is known.
 *
 * @param fields its header fields, which it may change: names in lower case, values in ASCII without line breaks
 */
export function reply(content: string, status: number, fields: Record<string, string>): Response {
  return new Reply({ content, status, fields }) as unknown as Response;
}

/** Whether an answer has a header field. @param name in lower case */
export function hasField(response: Response, name: string): boolean {
  const made = response instanceof Reply ? response.asMade : undefined;
  return made === undefined ? response.headers.has(name) : Object.hasOwn(made.fields, name);
}

/** Sets a header field, which is cheap for a Reply. @param name and `value` as of {@linkcode reply} */
export function setField(response: Response, name: string, value: string): void {
  const made = response instanceof Reply ? response.asMade : undefined;
  if (made === undefined) response.headers.set(name, value);
  else made.fields[name] = value;
}

export { type ProblemCode, PROBLEMS } from "./problem_table.ts";

/** A refusal of the edge, thrown while a request is read. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";

  /**
   * @param detail for the client: what is wrong and what is allowed
   * @param param the body field, query parameter or header that is at fault, if it is a single one
   */
  constructor(readonly code: EdgeRefusal, readonly detail?: string, readonly param?: string) {
    super(detail ?? code);
  }
}

const REALM = 'Bearer realm="doorbuster"';

/** The constant parts of a problem's body. It is concatenated by hand because `sold_out` is on the hot path. */
interface Template {
  /** Everything up to the code. */
  readonly head: string;
  /** With its comma; empty if the code alone does not say what is at fault. */
  readonly param: string;
}

const TEMPLATES = new Map(
  Object.keys(PROBLEMS).map((key): [string, Template] => {
    const code = key as ProblemCode;
    const { status, title, param }: Meaning = PROBLEMS[code];
    const head = JSON.stringify({ type: typeOf(code), title, status, code: shownCodeOf(code) }).slice(0, -1);
    return [code, { head, param: param === undefined ? "" : `,"param":${JSON.stringify(param)}` }];
  }),
);

function problemBody(code: ProblemCode, { id, echoed }: RequestId, detail?: string, param?: string): string {
  const template = TEMPLATES.get(code)!;
  // An id that was made here needs no escaping.
  const end = `,"request_id":${echoed ? JSON.stringify(id) : `"${id}"`}}`;
  if (detail === undefined && param === undefined) return template.head + template.param + end;
  const why = detail === undefined ? "" : `,"detail":${JSON.stringify(detail)}`;
  return template.head + why + (param === undefined ? template.param : `,"param":${JSON.stringify(param)}`) + end;
}

/**
 * A problem's response.
 *
 * @param detail for the client; never an error's own text
 * @param param what is at fault, if the code does not say it
 */
export function problem(code: ProblemCode, id: RequestId, detail?: string, param?: string): Response {
  const { status } = PROBLEMS[code];
  const headers = headersOf(id, "application/problem+json");
  // RFC 6750, section 3.1: no error code for a request without a token.
  if (code === "unauthenticated") headers["www-authenticate"] = REALM;
  if (code === "invalid_token") headers["www-authenticate"] = `${REALM}, error="invalid_token"`;
  if (status === 503) headers["retry-after"] = "1";
  return reply(problemBody(code, id, detail, param), status, headers);
}

const TYPE = "application/json";

/** A response, with what the log and the metrics need to know. */
export interface Answered {
  readonly response: Response;
  /** The problem's code; undefined for success. */
  readonly code: ProblemCode | undefined;
  /** The failure, if there was one. */
  readonly error: unknown;
}

/** A JSON answer. */
export function answer(status: number, id: RequestId, text: string): Answered {
  return { response: reply(text, status, headersOf(id, TYPE)), code: undefined, error: undefined };
}

export function refusal(code: ProblemCode, id: RequestId, detail?: string, param?: string): Answered {
  return { response: problem(code, id, detail, param), code, error: undefined };
}

/** The response to a thrown error: a bad request has its own problem, a fault is 503, anything else 500. */
export function failure(error: unknown, id: RequestId): Answered {
  if (error instanceof InvalidRequest) return refusal("invalid_request", id, error.detail, error.param);
  if (error instanceof BadRequest) return refusal(error.code, id, error.detail, error.param);
  return { ...refusal(error instanceof Fault ? error.code : "internal_error", id), error };
}

/** The response to a coupon's outcome. @throws Fault in place of a refusal that clients never see */
export function outcomeAnswer(outcome: OutcomeOf<CouponKind>, id: RequestId): Answered {
  if (outcome.kind === "refused") {
    if (outcome.refusal !== "membership_needed") return refusal(outcome.refusal, id);
    throw new Fault("moved", "Command dropped: its coupon asked for a membership that is not read here");
  }
  return answer(outcome.answer.kind === "created" ? 201 : 200, id, answerBody(outcome.answer));
}

/** These fields as the end of a JSON object that already has some. */
function more(fields: Record<string, unknown>): string {
  const text = JSON.stringify(fields).slice(1);
  return text === "}" ? text : `,${text}`;
}

function answerBody(answer: CouponAnswer): string {
  switch (answer.kind) {
    case "claimed": // put together by hand: half of JSON.stringify's time on the hottest way
      return `{"message":"Coupon claimed successfully","claim_id":"${answer.claimId}","coupon_name":${
        JSON.stringify(answer.couponName)
      },"user_id":${JSON.stringify(answer.userId)},"remaining_amount":${answer.remaining},"claimed_at":"${
        showTime(answer.claimedAt)
      }"${answer.details === undefined ? "}" : more(showDetails(answer.details))}`;
    case "claimable":
      return JSON.stringify({
        message: "Coupon can be claimed",
        coupon_name: answer.couponName,
        user_id: answer.userId,
        remaining_amount: answer.remaining,
        ...showDetails(answer.details),
      });
    case "voided":
      return JSON.stringify({
        message: "Claim voided successfully",
        coupon_name: answer.couponName,
        user_id: answer.userId,
        remaining_amount: answer.remaining,
        voided_at: showTime(answer.voidedAt),
      });
    case "created":
      return JSON.stringify({ message: "Coupon created successfully", ...showCoupon(answer.coupon) });
    case "edited":
      return JSON.stringify({
        message: "Coupon updated successfully",
        rows_affected: 1,
        ...showCoupon(answer.coupon),
      });
  }
}
