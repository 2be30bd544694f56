/** Is a user a member of the segment that a coupon is for? Read afresh for each who asks, many by one statement. */
import { type EligibilityViews, Fault } from "../ports/mod.ts";
import type { ClaimMembership } from "../domain/coupon.ts";
import type { Row, Sql } from "./sql.ts";
import { retryOnLostConnection } from "./db_errors.ts";

/** Questions in one statement. */
const JOINED_MAX = 1_000;
/** Questions that may wait; one more is refused with `overloaded`. */
const WAITING_MAX = 4_096;
/** Statements that may be under way at once. */
const AT_ONCE = 2;

// A time that is no number of milliseconds, infinity say, is one that is near enough.
const MEMBERSHIPS = `select w.n, c.segment,
  floor(extract(epoch from least(greatest(m.expires_at, 'epoch'), '9999-12-31')) * 1000)::bigint
from unnest($1::text[], $2::text[]) with ordinality w(fold, user_id, n)
join coupons c on c.fold = w.fold
left join memberships m on m.segment = c.segment_key and m.user_id = w.user_id`;

interface Waiter {
  readonly fold: string;
  readonly userId: string;
  readonly resolve: (membership: ClaimMembership | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Eligibility over a database. */
export class PostgresEligibility implements EligibilityViews {
  #waiting: Waiter[] = [];
  #running = 0;

  constructor(readonly sql: Sql) {}

  membership(fold: string, userId: string): Promise<ClaimMembership | undefined> {
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new Fault("overloaded", `Cannot read one more membership: ${WAITING_MAX} wait`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fold, userId, resolve, reject });
      if (this.#running < AT_ONCE) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    await undefined; // those who ask in this tick come along
    while (this.#waiting.length > 0) await this.#read(this.#waiting.splice(0, JOINED_MAX));
    this.#running--;
  }

  /** Reads after all of them have asked: what they are told is no older than their questions. */
  async #read(waiters: readonly Waiter[]): Promise<void> {
    const params = [waiters.map(({ fold }) => fold), waiters.map(({ userId }) => userId)];
    try {
      const rows = await retryOnLostConnection(
        "Cannot read memberships",
        () => this.sql.query(MEMBERSHIPS, params, "memberships"),
      );
      const found = new Map(rows.map((row) => [Number(row[0]) - 1, membershipOf(row)]));
      for (const [place, { resolve }] of waiters.entries()) resolve(found.get(place));
    } catch (error) {
      for (const { reject } of waiters) reject(error as Error);
    }
  }
}

function membershipOf([, segment, until]: Row): ClaimMembership | undefined {
  return segment === null ? undefined : { segment: segment as string, until: until as number ?? 0 };
}
