/** How are users and segments read? From Postgres, by short keyed statements, by the time that actors go by. */
import type { ClaimView, Clock, ListPart, PurchaseView, SegmentCount } from "../ports/mod.ts";
import type { UserView, UserViews, WalletEntryView } from "../ports/mod.ts";
import { SALE_NUMBER_MAX } from "../domain/sale_ids.ts";
import { codeOf } from "./sale_batch.ts";
import { SharedRead } from "./shared_read.ts";
import { listPartOf, presentOf, read } from "./reads.ts";
import { ms, type Row, type Sql, time } from "./sql.ts";

/** Sales that one statement looks into for a user's purchases. */
const SALES_AT_ONCE = 2_000;
/** More than a user can have slots in a sale: a place is a sale's number times it, plus the slot. */
const SLOTS = 32_768;

const SEGMENTS = `select s.shown, s.total - coalesce(e.n, 0) from segments s
left join (select segment_id, sum(n)::integer n from segment_expiries where at <= ${time("$1")} group by segment_id) e
  on e.segment_id = s.id
where s.total > coalesce(e.n, 0) order by s.id`;

// Sales are few, and each is looked into by its key: the limit keeps the planner from another way.
const KNOWN = `(exists (select from users where id = $1)
  or exists (select from memberships where user_id = $1)
  or exists (select from wallet_entries where user_id = $1)
  or exists (select from claims where user_id = $1)
  or exists (select from sales s cross join lateral (
    select from purchases p where p.sale_id = s.id and p.user_id = $1 limit 1
  ) p))`;

const USER = `select (select coalesce(sum(amount), 0.00)::text from wallet_entries where user_id = $1),
  coalesce(s.shown, m.segment), ${ms("m.expires_at")}
from (select ${KNOWN} known) k left join lateral (
  select segment, expires_at from memberships where user_id = $1 and expires_at > ${
  time("$2")
} order by segment limit $3
) m on true left join segments s on s.title = m.segment
where k.known order by m.segment`;

const WALLET = `select w.id, w.user_id, c.name, w.claim_id, w.is_void, w.amount::text, ${ms("w.at")} from (
  select * from wallet_entries where user_id = $1 and id > $2 order by id limit $3
) w join coupons c on c.id = w.coupon_id order by w.id`;

const CLAIMS = `select k.coupon_id, k.claim_id, k.user_id, ${ms("k.claimed_at")}, c.name, k.details from (
  select * from claims where user_id = $1 and coupon_id > $2 order by coupon_id limit $3
) k join coupons c on c.id = k.coupon_id order by k.coupon_id`;

// $2 and $3: the sale and the slot to go on after, downwards; $5: sales to look into. Each row tells how many there
// were, and the last one of them.
const PURCHASES = `with w as materialized (select id from sales where id <= $2 order by id desc limit $5),
t as (select count(*)::integer sales, min(id) last from w)
select t.sales, t.last, p.* from t left join lateral (
  select w.id, p.slot, p.n, p.user_id, p.code, ${ms("p.purchased_at")} from w cross join lateral (
    select * from purchases p where p.sale_id = w.id and p.user_id = $1 and (w.id < $2 or p.slot < $3::integer)
    order by p.slot desc limit $4
  ) p order by w.id desc, p.slot desc limit $4
) p on true`;

/** An entry of a wallet, of the columns user, coupon, claim, void, amount, time. */
export function walletEntryOf([userId, couponName, claimId, isVoid, amount, at]: Row): WalletEntryView {
  return { userId, couponName, claimId, isVoid, amount, at } as WalletEntryView;
}

/** A claim, of the columns id, user, time, coupon, and what it came to where that is read. */
export function claimOf([claimId, userId, claimedAt, couponName, details]: Row): ClaimView {
  return { couponName, claimId, userId, claimedAt, ...details ? { details } : {} } as ClaimView;
}

/** A purchase, of the columns sale, item, user, code, time. */
export function purchaseOf([number, n, userId, code, purchasedAt]: Row): PurchaseView {
  return { userId, number, n, code: codeOf(code as string), purchasedAt } as PurchaseView;
}

export class PostgresUserViews implements UserViews {
  readonly #segments = new SharedRead(async () => {
    const rows = await read(this.sql, SEGMENTS, [this.#now()], "segments");
    return rows.map(([title, users]) => ({ title, users }) as SegmentCount);
  });

  constructor(readonly sql: Sql, readonly clock: Pick<Clock, "now">) {}

  segments(): Promise<readonly SegmentCount[]> {
    return this.#segments.get();
  }

  async user(userId: string, segmentsMax: number): Promise<UserView | undefined> {
    const rows = await read(this.sql, USER, [userId, this.#now(), segmentsMax], "user");
    if (rows.length === 0) return undefined;
    const segments = presentOf(rows, 1).map(([, title, expiresAt]) =>
      ({ title, expiresAt }) as UserView["segments"][number]
    );
    return { id: userId, segments, balance: rows[0]![0] as string };
  }

  async wallet(userId: string, after: number, limit: number): ReturnType<UserViews["wallet"]> {
    const rows = await read(this.sql, WALLET, [userId, after, limit + 1], "user_wallet");
    return await this.#known(userId, after, listPartOf(rows, limit, (row) => walletEntryOf(row.slice(1))));
  }

  async claims(userId: string, after: number, limit: number): ReturnType<UserViews["claims"]> {
    const rows = await read(this.sql, CLAIMS, [userId, after, limit + 1], "user_claims");
    return await this.#known(userId, after, listPartOf(rows, limit, (row) => claimOf(row.slice(1))));
  }

  async purchases(userId: string, after: number, limit: number): ReturnType<UserViews["purchases"]> {
    const found: Row[] = [];
    let [sale, slot] = after === 0
      ? [SALE_NUMBER_MAX, SLOTS]
      : [Math.min(Math.floor(after / SLOTS), SALE_NUMBER_MAX), after % SLOTS];
    for (let isEnd = false; !isEnd && found.length <= limit;) {
      const params = [userId, sale, slot, limit + 1 - found.length, SALES_AT_ONCE];
      const rows = await read(this.sql, PURCHASES, params, "user_purchases");
      found.push(...presentOf(rows, 2).map((row) => row.slice(2)));
      const [sales, last] = rows[0]! as number[];
      isEnd = sales! < SALES_AT_ONCE;
      [sale, slot] = [last ?? 0, 0]; // nothing of the last one is left
    }
    const placeOf = ([sale, slot]: Row) => (sale as number) * SLOTS + (slot as number);
    const viewOf = ([sale, , ...more]: Row) => purchaseOf([sale, ...more]);
    return await this.#known(userId, after, listPartOf(found, limit, viewOf, placeOf));
  }

  /** The part; undefined where it is empty, and nothing else is known of the user. */
  async #known<View>(userId: string, after: number, part: ListPart<View, number>): Promise<typeof part | undefined> {
    if (part.data.length > 0 || after > 0) return part;
    const [row] = await read(this.sql, `select ${KNOWN}`, [userId], "user_known");
    return row![0] === true ? part : undefined;
  }

  #now(): number {
    return Math.floor(this.clock.now());
  }
}
