/** How are coupons read? From Postgres, each view one statement. */
import type { ClaimView, CouponPage, CouponViews } from "../actors/ports.ts";
import type { CouponView } from "../domain/coupon.ts";
import { kindColumns, kindTermsIn } from "./claim_sql.ts";
import { type Row, SEPARATOR, type Sql } from "./sql.ts";
import { repeatable } from "./trouble.ts";
import { claimOf } from "./user_views.ts";

const COLUMNS = `c.name, c.amount, c.remaining, c.paused,
  (extract(epoch from c.starts_at) * 1000)::bigint, (extract(epoch from c.ends_at) * 1000)::bigint,
  (extract(epoch from c.created_at) * 1000)::bigint, (extract(epoch from c.updated_at) * 1000)::bigint,
  ${kindColumns("c.")}`;
/** How many those are. */
const COLUMN_COUNT = 15;

const CLAIM_COLUMNS =
  "k.seq, k.claim_id, k.user_id, (extract(epoch from k.claimed_at) * 1000)::bigint, c.name, k.details";

const COUPON = `select ${COLUMNS}, (
    select string_agg(k.user_id, e'\\x1f' order by k.seq)
    from (select user_id, seq from claims where coupon_id = c.id order by seq limit $2) k
  ) from coupons c where c.fold = $1`;

// What a bulk job made is not listed: its names are the codes themselves, which are its file's alone to tell. $1: of
// `normalizeSearch`.
const LISTED = "c.job is null and ($1 = '' or position($1 in c.fold) > 0)";
// The total comes along in the same statement, also for a page beyond the last one.
const COUPONS = `with t as (
  select count(*)::integer total from coupons c where ${LISTED}
)
select t.total, c.* from t left join lateral (
  select ${COLUMNS} from coupons c where ${LISTED}
  order by c.id offset $2::bigint limit $3
) c on true`;

const CLAIMS = `select ${CLAIM_COLUMNS} from coupons c
left join lateral (select * from claims where coupon_id = c.id and seq > $2 order by seq limit $3) k on true
where c.fold = $1 order by k.seq`;

const CLAIM = `select ${CLAIM_COLUMNS} from coupons c join claims k on k.coupon_id = c.id
where c.fold = $1 and k.user_id = $2`;

function viewOf(row: Row): CouponView {
  const [name, amount, remaining, paused, startsAt, endsAt, createdAt, updatedAt] = row;
  const terms = kindTermsIn(row, 8);
  return { name, amount, remaining, paused, startsAt, endsAt, createdAt, updatedAt, ...terms } as CouponView;
}

/** The views of coupons over a database. */
export class PostgresCouponViews implements CouponViews {
  constructor(readonly sql: Sql) {}

  async coupon(fold: string, holdersMax: number): Promise<CouponPage | undefined> {
    const [row] = await this.#read(COUPON, [fold, holdersMax], "coupon");
    if (row === undefined) return undefined;
    const holders = row[COLUMN_COUNT] as string | null;
    return { ...viewOf(row), claimedBy: holders === null ? [] : holders.split(SEPARATOR) };
  }

  async coupons(search: string, offset: number, limit: number): Promise<{ data: CouponView[]; total: number }> {
    const rows = await this.#read(COUPONS, [search, offset, limit], "coupons");
    const data = rows.filter((row) => row[1] !== null).map((row) => viewOf(row.slice(1)));
    return { data, total: rows[0]![0] as number };
  }

  async claims(
    fold: string,
    after: number,
    limit: number,
  ): Promise<{ data: ClaimView[]; next: number | undefined } | undefined> {
    const rows = await this.#read(CLAIMS, [fold, after, limit + 1], "claims_page");
    if (rows.length === 0) return undefined;
    const found = rows.filter((row) => row[0] !== null);
    const shown = found.slice(0, limit);
    return {
      data: shown.map((row) => claimOf(row.slice(1))),
      next: found.length > limit ? shown.at(-1)![0] as number : undefined,
    };
  }

  async claim(fold: string, userId: string): Promise<ClaimView | undefined> {
    const [row] = await this.#read(CLAIM, [fold, userId], "claim");
    return row === undefined ? undefined : claimOf(row.slice(1));
  }

  #read(text: string, params: unknown[], name: string): Promise<Row[]> {
    return repeatable("Cannot read", () => this.sql.query(text, params, name));
  }
}
