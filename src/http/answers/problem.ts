/** How does a refusal or a failure leave as an answer? As a problem of RFC 9457. */
import { type EdgeRefusal, type ProblemCode, PROBLEMS, shownCodeOf, typeOf } from "./problem_table.ts";
import type { Meaning } from "./actor_problems.ts";
import { reply } from "./reply.ts";
import { headersOf, type RequestId } from "../requests/request_id.ts";

export { type ProblemCode, PROBLEMS } from "./problem_table.ts";

/** A refusal of the edge, thrown where a request is read. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";

  /**
   * @param detail for the client: what is wrong and what is allowed
   * @param param the field of the body, parameter of the query, or header that alone is at fault
   */
  constructor(readonly code: EdgeRefusal, readonly detail?: string, readonly param?: string) {
    super(detail ?? code);
  }
}

const REALM = 'Bearer realm="doorbuster"';

/** A problem's body but for what belongs to one request: it is put together by hand, since sold out is told a lot. */
interface Template {
  /** Up to the code. */
  readonly head: string;
  /** With its comma; empty where the code alone does not say what is at fault. */
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

function bodyOf(code: ProblemCode, { id, echoed }: RequestId, detail?: string, param?: string): string {
  const template = TEMPLATES.get(code)!;
  // One that is made here needs no escapes.
  const end = `,"request_id":${echoed ? JSON.stringify(id) : `"${id}"`}}`;
  if (detail === undefined && param === undefined) return template.head + template.param + end;
  const why = detail === undefined ? "" : `,"detail":${JSON.stringify(detail)}`;
  return template.head + why + (param === undefined ? template.param : `,"param":${JSON.stringify(param)}`) + end;
}

/**
 * A problem's response.
 *
 * @param detail for the client; never an error's own text
 * @param param what alone is at fault, where the code does not say it
 */
export function problem(code: ProblemCode, id: RequestId, detail?: string, param?: string): Response {
  const { status } = PROBLEMS[code];
  const headers = headersOf(id, "application/problem+json");
  // RFC 6750, section 3.1: who showed no token is not told of an error.
  if (code === "unauthenticated") headers["www-authenticate"] = REALM;
  if (code === "invalid_token") headers["www-authenticate"] = `${REALM}, error="invalid_token"`;
  if (status === 503) headers["retry-after"] = "1";
  return reply(bodyOf(code, id, detail, param), status, headers);
}
