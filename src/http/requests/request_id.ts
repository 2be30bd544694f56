/** By which id is a request told apart? */

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
/** Texts of so many characters are not in one another by accident. */
const PART_LEAST = 16;
/** A code of a sale. */
const HOLD_CODE = /\d{4}-\d\d-\d\dT\d\dZ\.[\w-]{22}/;
const RUN = crypto.randomUUID().slice(0, 8) + "-";
let count = 0;

/** A request's id. */
export interface RequestId {
  readonly id: string;
  /** Whether the client named one, and so finds it in all three headers. */
  readonly echoed: boolean;
}

/**
 * The request's id: the first present of `X-Request-Id`, `Correlation-ID`, `X-Trace-ID`, replaced where it is not 1 to
 * 128 visible ASCII characters, or holds a secret of the request; where none came, a new one.
 */
export function requestIdOf(headers: Headers): RequestId {
  const came = headers.get("x-request-id") ?? headers.get("correlation-id") ?? headers.get("x-trace-id");
  if (came === null) return { id: RUN + (++count), echoed: false };
  const isFit = VISIBLE_ASCII.test(came) && !holdsSecret(came, headers);
  return { id: isFit ? came : RUN + (++count), echoed: true };
}

/** Whether an id, which log and trail show, has the request's idempotency key, its token, or the code of a hold in it. */
function holdsSecret(id: string, headers: Headers): boolean {
  // Sent twice, two values are one text; a key may be a string of RFC 9651, with quotes.
  const keys = headers.get("idempotency-key")?.split(/, ?/).map((key) => key.replace(/^"(.*)"$/, "$1")) ?? [];
  if (keys.some((key) => key !== "" && holds(id, key))) return true;
  const token = headers.get("authorization")?.replace(/^\S+ +/, "");
  return token !== undefined && (holds(id, token) || holds(token, id)) || HOLD_CODE.test(id);
}

/** Whether a text is another, or has it in it where that is no accident. */
function holds(text: string, other: string): boolean {
  return text === other || other.length >= PART_LEAST && text.includes(other);
}

/** The headers that tell an id: all three where the client named one, else `X-Request-Id` alone. */
export function idHeadersOf({ id, echoed }: RequestId): Record<string, string> {
  return echoed ? { "x-request-id": id, "correlation-id": id, "x-trace-id": id } : { "x-request-id": id };
}

/** The headers of any answer with a body, which is what its type says, and those of {@linkcode idHeadersOf}. */
export function headersOf(id: RequestId, type: string): Record<string, string> {
  if (!id.echoed) return { "content-type": type, "x-request-id": id.id, "x-content-type-options": "nosniff" };
  return { "content-type": type, ...idHeadersOf(id), "x-content-type-options": "nosniff" };
}
