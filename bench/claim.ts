/** How does a single claim go, outside of any load? */

const TIMEOUT_MS = 60_000;

/** How one request was answered, and after how long. */
export interface Answer {
  readonly status: number;
  /** The code of a problem; absent in a success. */
  readonly code?: string;
  readonly ms: number;
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { code } = await response.json();
  return { status: response.status, ms: performance.now() - startedAt, ...code !== undefined && { code } };
}

/** Claims once on a server of 127.0.0.1. */
export function claim(port: number, user: string, coupon: string): Promise<Answer> {
  const body = JSON.stringify({ user_id: user, coupon_name: coupon });
  const headers = { "content-type": "application/json" };
  return ask(`http://127.0.0.1:${port}/api/coupons/claim`, { method: "POST", body, headers });
}

/** Reads a coupon. */
export function show(port: number, coupon: string): Promise<Answer> {
  return ask(`http://127.0.0.1:${port}/api/coupons/${coupon}`, {});
}
