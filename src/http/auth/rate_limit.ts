/**
 * Limits the requests of each user per minute, with a burst of the same size: the generic cell rate algorithm (ITU-T I.371),
 * which needs one number per user and no timer. Each node counts for itself.
 */
import type { Clock } from "../../ports/mod.ts";
import { type Answered, failure, refusal, setField } from "../answers/answer.ts";
import type { RequestId } from "../requests/request_id.ts";

/** The time in which the whole quota is regained, in milliseconds. */
const WINDOW_MS = 60_000;
/** Users in one generation of the memory. Beyond that the oldest are forgotten, which gives them a whole quota. */
export const USERS_MAX = 200_000;

/** Whether a request is allowed, and what is left. */
export interface Taken {
  readonly allowed: boolean;
  /** Requests that are allowed immediately after it. */
  readonly remaining: number;
  /** Milliseconds until the whole quota is available again. */
  readonly resetMs: number;
  /** Milliseconds until a request is allowed; 0 if one is allowed now. */
  readonly waitMs: number;
}

export class RateLimiter {
  readonly #intervalMs: number;
  /** RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10. */
  readonly #policy: string;
  /** When each user's quota will be whole again, in monotonic milliseconds. */
  #recent = new Map<string, number>();
  /** The same for users who were not seen since the last turnover. */
  #older = new Map<string, number>();
  #turnedAt = -Infinity;

  /**
   * @param name of the policy in headers
   * @param quota requests per minute, 1 or more
   */
  constructor(
    readonly name: string,
    readonly quota: number,
    readonly clock: Pick<Clock, "monotonic">,
    readonly usersMax: number = USERS_MAX,
  ) {
    this.#intervalMs = WINDOW_MS / quota;
    this.#policy = `"${name}";q=${quota};w=${WINDOW_MS / 1_000}`;
  }

  /** Number of users that are remembered. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Counts a request if it is allowed. */
  take(userId: string): Taken {
    const now = this.clock.monotonic();
    this.#turn(now);
    const wholeAt = Math.max(now, this.#recent.get(userId) ?? this.#older.get(userId) ?? now);
    const next = wholeAt + this.#intervalMs;
    const waitMs = next - now - WINDOW_MS;
    // Tolerates rounding errors.
    if (waitMs > 1e-3) return { allowed: false, remaining: 0, resetMs: wholeAt - now, waitMs };
    this.#recent.set(userId, next);
    const remaining = Math.floor((WINDOW_MS - (next - now)) / this.#intervalMs + 1e-6);
    return { allowed: true, remaining, resetMs: next - now, waitMs: 0 };
  }

  /** Answers with `run` if the user's request is allowed, else with 429; either answer has headers that say what is left. */
  async around(userId: string, id: RequestId, run: () => Promise<Answered>): Promise<Answered> {
    const { allowed, remaining, resetMs, waitMs } = this.take(userId);
    let answered: Answered;
    try {
      answered = allowed ? await run() : refusal("rate_limited", id);
    } catch (error) {
      answered = failure(error, id);
    }
    const { response } = answered;
    setField(response, "ratelimit-policy", this.#policy);
    setField(response, "ratelimit", `"${this.name}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`);
    if (!allowed) setField(response, "retry-after", String(Math.ceil(waitMs / 1_000)));
    return answered;
  }

  /** Forgets users who were not seen for a whole window: their quota is whole. */
  #turn(now: number): void {
    if (now - this.#turnedAt < WINDOW_MS && this.#recent.size < this.usersMax) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#turnedAt = now;
  }
}
