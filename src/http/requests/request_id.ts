/** The ids of requests. */

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
/** A text of this many characters is not contained in another by accident. */
const PART_LEAST = 16;
/** A code of a sale. */
const HOLD_CODE = /\d{4}-\d\d-\d\dT\d\dZ\.[\w-]{22}/;
const RUN = crypto.randomUUID().slice(0, 8) + "-";
let count = 0;

/** A request's id. */
export interface RequestId {
  readonly id: string;
  /** Whether the client sent one, and so gets it in all three headers. */
  readonly echoed: boolean;
}

/**
 * The request's id: the first of `X-Request-Id`, `Correlation-ID` and `X-Trace-ID` that is present. A new one if none is, or
 * if it is not 1 to 128 visible ASCII characters, or contains a secret of the request.
 */
export function requestIdOf(headers: Headers): RequestId {
  const came = headers.get("x-request-id") ?? headers.get("correlation-id") ?? headers.get("x-trace-id");
  if (came === null) return { id: RUN + (++count), echoed: false };
  const isFit = VISIBLE_ASCII.test(came) && !holdsSecret(came, headers);
  return { id: isFit ? came : RUN + (++count), echoed: true };
}

/** Whether an id, which logs and the trail show, contains the request's idempotency key, its token, or a hold's code. */
function holdsSecret(id: string, headers: Headers): boolean {
  // Repeated headers are joined into one text; a key may be a quoted string (RFC 9651).
  const keys = headers.get("idempotency-key")?.split(/, ?/).map((key) => key.replace(/^"(.*)"$/, "$1")) ?? [];
  if (keys.some((key) => key !== "" && holds(id, key))) return true;
  const token = headers.get("authorization")?.replace(/^\S+ +/, "");
  return token !== undefined && (holds(id, token) || holds(token, id)) || HOLD_CODE.test(id);
}

/** Whether a text equals another, or contains it and not by accident. */
function holds(text: string, other: string): boolean {
  return text === other || other.length >= PART_LEAST && text.includes(other);
}

/** The headers with an id: all three if the client sent one, else only `X-Request-Id`. */
export function idHeadersOf({ id, echoed }: RequestId): Record<string, string> {
  return echoed ? { "x-request-id": id, "correlation-id": id, "x-trace-id": id } : { "x-request-id": id };
}

/** The headers of an answer with a body of this type, including those of {@linkcode idHeadersOf}. */
export function headersOf(id: RequestId, type: string): Record<string, string> {
  if (!id.echoed) return { "content-type": type, "x-request-id": id.id, "x-content-type-options": "nosniff" };
  return { "content-type": type, ...idHeadersOf(id), "x-content-type-options": "nosniff" };
}
