/**
 * How often may one user ask? So many times a minute, spread evenly but for a burst of as many: the generic cell rate
 * algorithm (ITU-T I.371), which keeps one number a user and needs no timer. It is this node's own count.
 */
import type { Clock } from "../../ports/mod.ts";
import { type Answered, failure, refusal, setField } from "../answers/answer.ts";
import type { RequestId } from "../requests/request_id.ts";

/** The time in which a user has the whole quota, in milliseconds. */
const WINDOW_MS = 60_000;
/** Users that are remembered in half a memory; of more the oldest are forgotten, and may ask anew. */
export const USERS_MAX = 200_000;

/** What a request came to. */
export interface Taken {
  readonly allowed: boolean;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Milliseconds until the whole quota is there again. */
  readonly resetMs: number;
  /** Milliseconds until a request is allowed; 0 where one is. */
  readonly waitMs: number;
}

/** Counts the requests of each user. */
export class RateLimiter {
  readonly #intervalMs: number;
  /** RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10. */
  readonly #policy: string;
  /** User -> when the quota will be whole again, in monotonic milliseconds. */
  #recent = new Map<string, number>();
  /** Of those not seen since the last turn. */
  #older = new Map<string, number>();
  #turnedAt = -Infinity;

  /**
   * @param name of what is limited
   * @param quota requests a minute, 1 or more
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

  /** Users that are remembered. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Counts a request, where it is allowed. */
  take(userId: string): Taken {
    const now = this.clock.monotonic();
    this.#turn(now);
    const wholeAt = Math.max(now, this.#recent.get(userId) ?? this.#older.get(userId) ?? now);
    const next = wholeAt + this.#intervalMs;
    const waitMs = next - now - WINDOW_MS;
    // Sums of fractions may be off by less than this.
    if (waitMs > 1e-3) return { allowed: false, remaining: 0, resetMs: wholeAt - now, waitMs };
    this.#recent.set(userId, next);
    const remaining = Math.floor((WINDOW_MS - (next - now)) / this.#intervalMs + 1e-6);
    return { allowed: true, remaining, resetMs: next - now, waitMs: 0 };
  }

  /** Answers with what `run` does where the user may ask, else with 429; says in either what is left. */
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

  /** Forgets whoever was not seen for a whole window: their quota is whole. */
  #turn(now: number): void {
    if (now - this.#turnedAt < WINDOW_MS && this.#recent.size < this.usersMax) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#turnedAt = now;
  }
}
