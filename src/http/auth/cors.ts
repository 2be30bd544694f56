/** Cross-origin resource sharing: only pages of the configured origins may read answers. Cookies are not used. */
import { hasField, setField } from "../answers/answer.ts";
import { idHeadersOf, type RequestId } from "../requests/request_id.ts";

const ALLOWED_HEADERS = [
  ...["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
  ...["X-Request-Id", "Correlation-ID", "X-Trace-ID"],
].join(", ");
const EXPOSED_HEADERS = [
  ...["X-Request-Id", "Correlation-ID", "X-Trace-ID", "RateLimit", "RateLimit-Policy", "Retry-After"],
  ...["ETag", "Location", "Content-Disposition"],
].join(", ");
/** How long a browser may cache the answer to a preflight request, in seconds. */
const MAX_AGE = "600";

/** Cross-origin resource sharing (the Fetch standard, section 3.3). */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  /** @param origins in the form of the `Origin` header: scheme, host and port */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** Whether a request is a preflight request of a page that may send requests. */
  isPreflight({ method, headers }: Request): boolean {
    return method === "OPTIONS" && headers.has("access-control-request-method") && this.#knows(headers);
  }

  /** The answer to a preflight request. @param methods that the path supports */
  preflight(methods: readonly string[], id: RequestId): Response {
    const headers = {
      ...idHeadersOf(id),
      "access-control-allow-methods": methods.join(", "),
      "access-control-allow-headers": ALLOWED_HEADERS,
      "access-control-max-age": MAX_AGE,
    };
    return new Response(null, { status: 204, headers });
  }

  /** Allows the page to read an answer, if its origin is allowed. @returns the answer */
  mark(asked: Headers, response: Response): Response {
    if (hasField(response, "vary")) response.headers.append("vary", "Origin");
    else setField(response, "vary", "Origin");
    if (!this.#knows(asked)) return response;
    setField(response, "access-control-allow-origin", asked.get("origin")!);
    setField(response, "access-control-expose-headers", EXPOSED_HEADERS);
    return response;
  }

  #knows(headers: Headers): boolean {
    const origin = headers.get("origin");
    return origin !== null && this.#origins.has(origin);
  }
}
