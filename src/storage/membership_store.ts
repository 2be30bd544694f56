/**
 * How are memberships stored? By a function of the database that changes them and the counts in one commit. What waits
 * while a statement is out is the next one, so that many who change one segment do not wait for its row one by one.
 */
import { Fault, type Memberships } from "../ports/mod.ts";
import { type Membership, membershipKey } from "../domain/membership.ts";
import { normalizeTitle } from "../domain/name_key.ts";
import { arrayText } from "./batch.ts";
import { DURABLE, SEPARATOR, type Sql } from "./sql.ts";
import { retryOnLostConnection, retryTransient } from "./db_errors.ts";

const PUT = `select put_memberships($1, $2, $3::text::bigint[], $4) where ${DURABLE}`;
const REGISTER = `with r as (
  insert into users (id, created_at) select t, now() from unnest(string_to_array($1, e'\\x1f')) t
  where ${DURABLE} order by t
  on conflict (id) do nothing returning id
) select count(*)::integer from r`;
const SWEEP = "select sweep_segments($1, $2)";

/** Memberships in one statement of those that are stored one by one. */
const JOINED_MAX = 1_000;
/** Memberships that may wait; one more is refused. */
const WAITING_MAX = 4_096;
/** Seconds of segments that one sweep takes out of the totals. */
const SWEEP_MAX = 5_000;

interface Waiting {
  readonly membership: Membership;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Memberships over a database. */
export class MembershipStore implements Memberships {
  #waiting: Waiting[] = [];
  #isStoring = false;

  constructor(readonly sql: Sql) {}

  put(membership: Membership): Promise<boolean> {
    if (this.#waiting.length >= WAITING_MAX) {
      const why = `Cannot store a membership as too many wait: ${this.#waiting.length}`;
      return Promise.reject(new Fault("overloaded", why));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ membership, resolve, reject });
      if (!this.#isStoring) this.#storeWaiting();
    });
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
    const run = () => this.sql.query(REGISTER, [userIds.join(SEPARATOR)], "register_users");
    const [row] = await retryOnLostConnection("Cannot register users", run);
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
    const run = () => this.sql.query(SWEEP, [Math.floor(now), SWEEP_MAX], "sweep_segments");
    const [row] = await retryOnLostConnection("Cannot sweep segments", () => retryTransient(run));
    return row![0] as number >= SWEEP_MAX;
  }

  async #storeWaiting(): Promise<void> {
    this.#isStoring = true;
    await undefined; // what is put in this tick comes along
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const known = new Set(await this.#store(batch.map(({ membership }) => membership)));
        for (const [index, { resolve }] of batch.entries()) resolve(!known.has(index + 1));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isStoring = false;
  }

  /** What waits; a second one of a user and segment is left for the next time. */
  #take(): Waiting[] {
    const keys = new Set<string>();
    const left: Waiting[] = [];
    const taken = this.#waiting.filter((one) => {
      const key = membershipKey(one.membership);
      if (keys.size < JOINED_MAX && !keys.has(key)) return keys.add(key);
      left.push(one);
      return false;
    });
    this.#waiting = left;
    return taken;
  }

  /** Stores them; returns the places, from 1, of those that were there already. */
  async #store(memberships: readonly Membership[]): Promise<number[]> {
    const params = [
      memberships.map(({ userId }) => userId).join(SEPARATOR),
      memberships.map(({ segment }) => normalizeTitle(segment)!).join(SEPARATOR),
      arrayText(memberships.map(({ expiresAt }) => expiresAt)),
      memberships.map(({ segment }) => segment).join(SEPARATOR),
    ];
    const run = () => this.sql.query(PUT, params, "put_memberships");
    const [row] = await retryOnLostConnection("Cannot store memberships", () => retryTransient(run));
    return row![0] as number[];
  }
}
