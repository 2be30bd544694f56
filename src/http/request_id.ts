/** By which id is a request told apart? */

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
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
 * 128 visible ASCII characters; where none came, a new one.
 */
export function requestIdOf(headers: Headers): RequestId {
  const came = headers.get("x-request-id") ?? headers.get("correlation-id") ?? headers.get("x-trace-id");
  if (came !== null) return { id: VISIBLE_ASCII.test(came) ? came : RUN + (++count), echoed: true };
  return { id: RUN + (++count), echoed: false };
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
