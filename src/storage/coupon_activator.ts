/**
 * How do coupons come into memory? Activations that wait are joined. One statement raises their epochs, records the holder
 * and returns their rows. A second one, with a snapshot of its own, reads their claims and receipts. Large coupons are read
 * on in pages, while others go on. If this node knew the coupon before, it reads only newer claims, most of them before it
 * raises the epoch: otherwise two owners that take a large coupon from each other would do nothing but read.
 */
import { setImmediate } from "node:timers/promises";
import { Fenced, type LoadedActor } from "../ports/mod.ts";
import type { Coupon } from "../domain/coupon.ts";
import { Holders } from "../domain/holders.ts";
import { answersSince } from "./batch.ts";
import { claimContentOf } from "./coupon_sql.ts";
import { couponColumns, couponIn } from "./coupon_terms.ts";
import { retried } from "./db_errors.ts";
import { type Asked, Joined } from "./joined.ts";
import { DURABLE, type Row, SEPARATOR, type Sql } from "./sql.ts";

/** Statements for activations that may be under way at once. */
const AT_ONCE = 2;
/** Claims that come with the coupon itself, and in each page after it. */
const FIRST_PAGE = 100;
const PAGE = 4_000;

const RAISE = `with l as materialized (
  select id from coupons where fold = any($1::text[]) order by id for no key update
)
update coupons set epoch = epoch + 1, holder = $2 where id = any(array(select id from l)) and ${DURABLE}
returning id, epoch, turn, fold, seq, receipts, ${couponColumns("")}`;

const CLAIMS_PAGE = `string_agg(k.user_id, e'\\x1f') users,
  string_agg(case when k.keyed then k.claim_id || ' ' || ${claimContentOf("k")} end, e'\\x1f') keys,
  max(k.seq) last, count(*)::integer claims`;

// A charge's keys are never forgotten: the same key again would be a claim whose id stands in the ledger already.
const READ = `select c.epoch, p.users, p.keys, p.last, p.claims, r.keys, c.id
from unnest($1::integer[], $2::integer[]) w(id, after) join coupons c on c.id = w.id
left join lateral (
  select ${CLAIMS_PAGE} from (select * from claims where coupon_id = c.id and seq > w.after order by seq limit ${FIRST_PAGE}) k
) p on true
left join lateral (
  select string_agg(id || ' ' || content, e'\\x1f') keys from receipts
  where coupon_id = c.id and (c.kind = 'charge' or at > to_timestamp($3::bigint / 1000e0))
) r on true
where c.id = any($1::integer[])`;

const READ_PAGE = `select (select epoch from coupons where fold = $1), ${CLAIMS_PAGE} from (
  select * from claims where coupon_id = (select id from coupons where fold = $1) and seq > $2 order by seq limit ${PAGE}
) k`;

interface Activate {
  readonly fold: string;
  readonly now: number;
  /** What this node knew of the coupon before; it may be changed. */
  readonly staleState: Coupon | undefined;
}

type Waiter = Asked<Activate, LoadedActor<Coupon> | undefined>;

/** Activates coupons, many at once. */
export class CouponActivator {
  /** Those that wait are bounded by the actors, which have one each. */
  readonly #joined = new Joined<Activate, LoadedActor<Coupon> | undefined>(
    { refusal: "Cannot activate a coupon", atOnce: AT_ONCE, waitingMax: Infinity },
    (waiters) => this.#activateJoined(waiters),
  );

  /** @param holder this node, as its coupons' rows name it */
  constructor(readonly sql: Sql, readonly holder: string) {}

  /** Activates one. As {@linkcode Store.activate}. */
  async activate(fold: string, now: number, staleState?: Coupon): Promise<LoadedActor<Coupon> | undefined> {
    if (staleState !== undefined) staleState.seq = (await this.#readOn(fold, staleState, staleState.seq)).after;
    return await this.#joined.ask({ fold, now, staleState });
  }

  async #activateJoined(waiters: readonly Waiter[]): Promise<void> {
    const folds = waiters.map(({ question }) => question.fold);
    const rows = await retried(this.sql, "Cannot activate", RAISE, [folds, this.holder], "raise");
    const raised = new Map(rows.map((row) => [row[3] as string, raisedOf(row)]));
    const unread: Unread[] = [];
    for (const waiter of waiters) {
      const row = raised.get(waiter.question.fold);
      if (row?.hasMore) unread.push(unreadOf(waiter, row));
      else waiter.resolve(row?.activation);
    }
    await this.#readJoined(unread);
  }

  async #readJoined(unread: readonly Unread[]): Promise<void> {
    if (unread.length === 0) return;
    const ids = unread.map(({ activation }) => activation.handle.id);
    // Of those that are read together, the one that has waited longest tells how old answers may be.
    const since = answersSince(Math.min(...unread.map(({ waiter }) => waiter.question.now)));
    const params = [ids, unread.map(({ after }) => after), since];
    const rows = await retried(this.sql, "Cannot activate", READ, params, "read");
    const byId = new Map(rows.map((row) => [row[6] as number, row]));
    for (const one of unread) this.#finish(one, byId.get(one.activation.handle.id));
  }

  /**
   * Adds the claims after a number to a state, page by page.
   *
   * @param only goes on only while this is the epoch
   * @returns the number of the last claim that was added, and the epoch of the last page
   */
  async #readOn(fold: string, state: Coupon, after: number, only?: number): Promise<{ after: number; epoch: unknown }> {
    let next = this.#readPage(fold, after);
    for (;;) {
      const page = await next;
      const [epoch, , , last, claims] = page;
      const goesOn = claims === PAGE && (only === undefined || epoch === only);
      if (goesOn) {
        next = this.#readPage(fold, last as number);
        next.catch(() => {}); // told in the next round
        await setImmediate(); // it leaves: Postgres reads on while this page is added
      }
      after = addPage(state, page) ?? after;
      if (!goesOn) return { after, epoch };
    }
  }

  async #readPage(fold: string, after: number): Promise<Row> {
    const [page] = await retried(this.sql, "Cannot activate", READ_PAGE, [fold, after], "read_page");
    return page!;
  }

  /**
   * Reads on; each page's epoch tells whether what was read so far is still this activation's. Where it is not, it is a
   * stale state: an owner that is slow to read would else never get through beside one that is awake.
   */
  async #finish(unread: Unread, first: Row | undefined): Promise<void> {
    const { waiter, activation } = unread;
    const { handle: { epoch }, state } = activation;
    try {
      if (first === undefined) throw fenced(state, unread.after);
      let last = addPage(state, first) ?? unread.after;
      let pageEpoch = first[0];
      if (pageEpoch === epoch && first[4] === FIRST_PAGE) {
        ({ after: last, epoch: pageEpoch } = await this.#readOn(waiter.question.fold, state, last, epoch));
      }
      if (pageEpoch !== epoch) throw fenced(state, last);
      addKeys(state, first[5]);
      if (unread.after > 0 && state.holders.size !== state.amount - state.remaining) {
        await this.#readJoined([wholeOf(unread)]);
        return;
      }
      waiter.resolve(activation);
    } catch (error) {
      waiter.reject(error as Error);
    }
  }
}

/** A raised coupon whose claims are to be read. */
interface Unread {
  readonly waiter: Waiter;
  readonly activation: LoadedActor<Coupon>;
  /** The number of the last claim that its state holds already. */
  readonly after: number;
}

/**
 * The stale state holds the claims up to its last number, less those that were voided since; a user who claimed again is
 * read. So the sizes are equal where it can be used, and only there.
 */
function unreadOf(waiter: Waiter, { activation }: Raised): Unread {
  const { staleState } = waiter.question;
  if (staleState === undefined) return { waiter, activation, after: 0 };
  const { seq, holders, keys } = staleState;
  return { waiter, activation: { ...activation, state: { ...activation.state, holders, keys } }, after: seq };
}

/** The same without a stale state. */
function wholeOf({ waiter, activation }: Unread): Unread {
  const state = { ...activation.state, holders: new Holders(), keys: new Map() };
  return { waiter, activation: { ...activation, state }, after: 0 };
}

function fenced(state: Coupon, seq: number): Fenced {
  return new Fenced("Another owner raised the epoch while the coupon was read", { ...state, seq });
}

/** A raised row, and whether there is more to read of it: claims or receipts. */
interface Raised {
  readonly activation: LoadedActor<Coupon>;
  readonly hasMore: boolean;
}

function raisedOf(row: Row): Raised {
  const [id, epoch, turn, , seq, receipts] = row as [number, number, number, string, number, number];
  const state: Coupon = { ...couponIn(row, 6), seq, holders: new Holders(), keys: new Map() };
  const hasMore = state.remaining < state.amount || receipts > 0;
  return { activation: { handle: { id, epoch, lane: id }, turn, state }, hasMore };
}

/** @returns the number of the page's last claim, null where it has none */
function addPage(state: Coupon, [, users, keys, last]: Row): number | null {
  if (typeof users === "string") { for (const user of users.split(SEPARATOR)) state.holders.add(user); }
  addKeys(state, keys);
  return last as number | null;
}

function addKeys(state: Coupon, keys: unknown): void {
  if (typeof keys !== "string") return;
  for (const line of keys.split(SEPARATOR)) {
    const space = line.indexOf(" ");
    state.keys.set(line.slice(0, space), line.slice(space + 1));
  }
}
