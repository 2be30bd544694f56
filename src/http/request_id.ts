/** By which id is a request told apart? */
import type { HeaderPairs } from "./problem.ts";

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;
const run = crypto.randomUUID().slice(0, 8);
let count = 0;

/**
 * The request's id: the first present of `X-Request-Id`, `Correlation-ID`, `X-Trace-ID`, echoed in all three; replaced
 * where it is not 1 to 128 visible ASCII characters. Where none came, a new one, answered in `X-Request-Id` alone.
 *
 * @returns the headers to answer with; the first one's value is the id
 */
export function requestIdHeaders(headers: Headers): HeaderPairs {
  const came = headers.get("x-request-id") ?? headers.get("correlation-id") ?? headers.get("x-trace-id");
  if (came === null) return [["x-request-id", `${run}-${++count}`]];
  const id = VISIBLE_ASCII.test(came) ? came : `${run}-${++count}`;
  return [["x-request-id", id], ["correlation-id", id], ["x-trace-id", id]];
}
