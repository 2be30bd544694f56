/**
 * How are memberships stored? By a function of the database that changes them and the counts in one commit. What waits
 * while a statement is out is the next one, so that many who change one segment do not wait for its row one by one.
 */
import type { Memberships } from "../ports/mod.ts";
import { type Membership, membershipKey } from "../domain/membership.ts";
import { normalizeTitle } from "../domain/name_key.ts";
import { arrayText } from "./batch.ts";
import { retried, retryOnLostConnection, retryTransient } from "./db_errors.ts";
import { type Asked, Joined } from "./joined.ts";
import { DURABLE, type Row, SEPARATOR, type Sql } from "./sql.ts";

const PUT = `select put_memberships($1, $2, $3::text::bigint[], $4) where ${DURABLE}`;
const REGISTER = `with r as (
  insert into users (id, created_at) select t, now() from unnest(string_to_array($1, e'\\x1f')) t
  where ${DURABLE} order by t
  on conflict (id) do nothing returning id
) select count(*)::integer from r`;
const SWEEP = "select sweep_segments($1, $2)";

/** One statement at a time, with one membership of each user and segment. */
const JOINED = { refusal: "Cannot store a membership", atOnce: 1, waitingMax: 4_096, keyOf: membershipKey };
/** Seconds of segments that one sweep takes out of the totals. */
const SWEEP_MAX = 5_000;

export class MembershipStore implements Memberships {
  readonly #joined = new Joined<Membership, boolean>(JOINED, (asked) => this.#storeJoined(asked));

  constructor(readonly sql: Sql) {}

  put(membership: Membership): Promise<boolean> {
    return this.#joined.ask(membership);
  }

  async putAll(memberships: readonly Membership[]): Promise<number> {
    const byKey = new Map<string, Membership>();
    for (const one of memberships) {
      const key = membershipKey(one);
      // A new segment is shown as it was first written.
      byKey.set(key, { ...one, segment: byKey.get(key)?.segment ?? one.segment });
    }
    const last = [...byKey.values()];
    return last.length - (last.length === 0 ? 0 : (await this.#store(last)).length);
  }

  async register(userIds: readonly string[]): Promise<number> {
    const params = [userIds.join(SEPARATOR)];
    const [row] = await retried(this.sql, "Cannot register users", REGISTER, params, "register_users");
    return row![0] as number;
  }

  /**
   * Takes memberships that have expired out of the totals, a bounded number.
   *
   * @param now milliseconds since the epoch; a time that Postgres has not reached counts for its own
   * @returns whether there may be more
   * @throws Fault `storage_unavailable` where Postgres does not answer
   */
  async sweep(now: number): Promise<boolean> {
    const row = await this.#change("Cannot sweep segments", SWEEP, [Math.floor(now), SWEEP_MAX], "sweep_segments");
    return row[0] as number >= SWEEP_MAX;
  }

  async #storeJoined(asked: readonly Asked<Membership, boolean>[]): Promise<void> {
    const known = new Set(await this.#store(asked.map(({ question }) => question)));
    for (const [index, { resolve }] of asked.entries()) resolve(!known.has(index + 1));
  }

  /** Stores memberships. @returns the places, from 1, of those that existed */
  async #store(memberships: readonly Membership[]): Promise<number[]> {
    const params = [
      memberships.map(({ userId }) => userId).join(SEPARATOR),
      memberships.map(({ segment }) => normalizeTitle(segment)!).join(SEPARATOR),
      arrayText(memberships.map(({ expiresAt }) => expiresAt)),
      memberships.map(({ segment }) => segment).join(SEPARATOR),
    ];
    return (await this.#change("Cannot store memberships", PUT, params, "put_memberships"))[0] as number[];
  }

  /** Runs a statement of one row that locks segments, again after a deadlock. */
  async #change(action: string, text: string, params: unknown[], name: string): Promise<Row> {
    const run = () => retryTransient(() => this.sql.query(text, params, name));
    return (await retryOnLostConnection(action, run))[0]!;
  }
}
