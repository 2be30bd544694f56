/** Is a user a member of the segment that a coupon is for? Read afresh for each who asks, many by one statement. */
import type { EligibilityViews } from "../ports/mod.ts";
import type { ClaimMembership } from "../domain/coupon.ts";
import { retried } from "./db_errors.ts";
import { type Asked, Joined } from "./joined.ts";
import type { Row, Sql } from "./sql.ts";

const LIMITS = { refusal: "Cannot read a membership", atOnce: 2, waitingMax: 4_096 };

// A time that is no number of milliseconds, infinity say, is one that is near enough.
const MEMBERSHIPS = `select w.n, c.segment,
  floor(extract(epoch from least(greatest(m.expires_at, 'epoch'), '9999-12-31')) * 1000)::bigint
from unnest($1::text[], $2::text[]) with ordinality w(fold, user_id, n)
join coupons c on c.fold = w.fold
left join memberships m on m.segment = c.segment_key and m.user_id = w.user_id`;

interface Question {
  readonly fold: string;
  readonly userId: string;
}

export class PostgresEligibility implements EligibilityViews {
  readonly #joined = new Joined<Question, ClaimMembership | undefined>(LIMITS, (asked) => this.#read(asked));

  constructor(readonly sql: Sql) {}

  membership(fold: string, userId: string): Promise<ClaimMembership | undefined> {
    return this.#joined.ask({ fold, userId });
  }

  /** Reads after all of them have asked, so no answer is older than its question. */
  async #read(asked: readonly Asked<Question, ClaimMembership | undefined>[]): Promise<void> {
    const params = [asked.map(({ question }) => question.fold), asked.map(({ question }) => question.userId)];
    const rows = await retried(this.sql, "Cannot read memberships", MEMBERSHIPS, params, "memberships");
    const found = new Map(rows.map((row) => [Number(row[0]) - 1, membershipOf(row)]));
    for (const [place, { resolve }] of asked.entries()) resolve(found.get(place));
  }
}

function membershipOf([, segment, until]: Row): ClaimMembership | undefined {
  return segment === null ? undefined : { segment: segment as string, until: until as number ?? 0 };
}
