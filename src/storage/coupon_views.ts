/** How are coupons read? From Postgres, each view one statement. */
import type { ClaimView, CouponPage, CouponViews, Page } from "../ports/mod.ts";
import type { CouponView } from "../domain/coupon.ts";
import { COUPON_COLUMNS, couponColumns, couponIn } from "./coupon_terms.ts";
import { SharedReads } from "./shared_read.ts";
import { listPartOf, pageOf, presentOf, read } from "./reads.ts";
import { ms, type Row, SEPARATOR, type Sql } from "./sql.ts";
import { claimOf } from "./user_views.ts";

const COLUMNS = couponColumns("c.");
const CLAIM_COLUMNS = `k.seq, k.claim_id, k.user_id, ${ms("k.claimed_at")}, c.name, k.details`;

const COUPON = `select ${COLUMNS}, (
    select string_agg(k.user_id, e'\\x1f' order by k.seq)
    from (select user_id, seq from claims where coupon_id = c.id order by seq limit $2) k
  ) from coupons c where c.fold = $1`;

// Coupons of a bulk job are not listed: their names are the codes themselves, which only the job's file tells.
const LISTED = "c.job is null";
// A page is looked up by its ids: the rows before it are only counted in the index.
const PAGE = "order by c.id offset $1::bigint limit $2";
// The total comes along in the same statement, also for a page beyond the last one.
const COUPONS = `select t.total, p.* from (select count(*)::integer total from coupons c where ${LISTED}) t
left join lateral (
  select ${COLUMNS} from (select c.id from coupons c where ${LISTED} ${PAGE}) p join coupons c on c.id = p.id order by c.id
) p on true`;

// The search runs once, for the total and the page.
const SEARCH = `with w as materialized (select c.id from coupons c where ${LISTED} and c.fold like $3)
select t.total, p.* from (select count(*)::integer total from w) t left join lateral (
  select ${COLUMNS} from (select c.id from w c ${PAGE}) p join coupons c on c.id = p.id order by c.id
) p on true`;

const CLAIMS = `select ${CLAIM_COLUMNS} from coupons c
left join lateral (select * from claims where coupon_id = c.id and seq > $2 order by seq limit $3) k on true
where c.fold = $1 order by k.seq`;

const CLAIM = `select ${CLAIM_COLUMNS} from coupons c join claims k on k.coupon_id = c.id
where c.fold = $1 and k.user_id = $2`;

/** A pattern of LIKE that matches what contains a text. */
function patternOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

function viewOf(row: Row): CouponView {
  return couponIn(row, 0);
}

export class PostgresCouponViews implements CouponViews {
  readonly #coupons = new SharedReads<CouponPage | undefined>();
  readonly #pages = new SharedReads<Page<CouponView>>();

  /**
   * @param sql for reading by keys
   * @param lists for reading pages of all coupons
   */
  constructor(readonly sql: Sql, readonly lists: Sql) {}

  coupon(fold: string, holdersMax: number): Promise<CouponPage | undefined> {
    return this.#coupons.get(`${holdersMax} ${fold}`, async () => {
      const [row] = await read(this.sql, COUPON, [fold, holdersMax], "coupon");
      if (row === undefined) return undefined;
      const holders = row[COUPON_COLUMNS] as string | null;
      return { ...viewOf(row), claimedBy: holders === null ? [] : holders.split(SEPARATOR) };
    });
  }

  coupons(search: string, offset: number, limit: number): Promise<Page<CouponView>> {
    return this.#pages.get(`${offset} ${limit} ${search}`, async () => {
      const rows = search === ""
        ? await read(this.lists, COUPONS, [offset, limit], "coupons")
        : await read(this.lists, SEARCH, [offset, limit, patternOf(search)], "coupons_search");
      return pageOf(rows, viewOf);
    });
  }

  async claims(fold: string, after: number, limit: number): ReturnType<CouponViews["claims"]> {
    const rows = await read(this.sql, CLAIMS, [fold, after, limit + 1], "claims_page");
    if (rows.length === 0) return undefined;
    return listPartOf(presentOf(rows, 0), limit, (row) => claimOf(row.slice(1)));
  }

  async claim(fold: string, userId: string): Promise<ClaimView | undefined> {
    const [row] = await read(this.sql, CLAIM, [fold, userId], "claim");
    return row === undefined ? undefined : claimOf(row.slice(1));
  }
}
