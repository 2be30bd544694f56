/** How are sales read? From Postgres, each view one statement, by the time that actors go by. */
import type { AttemptView, HoldView, ItemState, ItemView, ListPart, Page } from "../ports/mod.ts";
import type { Clock, SaleSummary, SaleViews } from "../ports/mod.ts";
import type { SalePhase, SaleSettings } from "../domain/sale.ts";
import { saleKeyOf, saleNumberAt } from "../domain/sale_ids.ts";
import { uuidOf } from "./sale_batch.ts";
import { SharedReads } from "./shared_read.ts";
import { listPartOf, pageOf, presentOf, read } from "./reads.ts";
import { ms, type Row, type Sql, time } from "./sql.ts";

/** In each statement $1 is now, in milliseconds. */
const NOW = time("$1");
/** $2: whether sales close with their hour. */
const PHASE = `case when ${NOW} < s.starts_at then 'upcoming'
  when ${NOW} >= s.ends_at and ($2::boolean or s.sold >= s.items) then 'over'
  when s.sold >= s.items then 'sold_out' else 'open' end`;
// Items are looked through only where some may be held: of most sales none is.
const HELD = `case when s.sold < s.items and s.held_until > ${NOW}
  then (select count(*)::integer from items t where t.sale_id = s.id and not t.sold and t.held_until > ${NOW})
  else 0 end`;
const SALE = `s.id, s.items, s.sold, s.paused, ${ms("s.starts_at")}, ${ms("s.ends_at")}, ${ms("s.created_at")},
  ${ms("s.updated_at")}, ${HELD}, ${PHASE}`;
const ITEM_STATE = `case when t.sold then 'sold' when t.held_until > ${NOW} then 'held' else 'available' end`;

const ONE = `select ${SALE} from sales s where s.id = $3`;
// The total comes along in the same statement, also for a page beyond the last one.
const SALES = `with w as materialized (select s.id from sales s where $3::text is null or ${PHASE} = $3)
select t.total, p.* from (select count(*)::integer total from w) t left join lateral (
  select ${SALE} from (select id from w order by id desc offset $4::bigint limit $5) p join sales s on s.id = p.id
  order by s.id desc
) p on true`;
// Items are numbered from 1.
const ITEMS = `select s.items, t.n, ${ITEM_STATE} from sales s
left join items t on t.sale_id = s.id and t.n > $3::bigint and t.n <= $3::bigint + $4 where s.id = $2 order by t.n`;
const ITEMS_IN_STATE = `with s as materialized (
  select s.id, case $5 when 'sold' then s.sold when 'held' then ${HELD} else s.items - s.sold - ${HELD} end total
  from sales s where s.id = $2
)
select s.total, t.* from s left join lateral (
  select t.n, $5::text from items t where t.sale_id = s.id and ${ITEM_STATE} = $5
  order by t.n offset $3::bigint limit $4
) t on true order by t.n`;
const ITEMS_AFTER = `select p.n, p.state from sales s left join lateral (
  select t.n, ${ITEM_STATE} state from items t
  where t.sale_id = $2 and t.n > $4 and ($3::text is null or ${ITEM_STATE} = $3) order by t.n limit $5
) p on true where s.id = $2`;
const ITEM = `select t.n, ${ITEM_STATE} from items t where t.sale_id = $2 and t.n = $3`;
const ATTEMPTS = `select
  (select count(*)::integer from attempts where sale_id = $1 and ($2::text is null or outcome = $2)),
  a.seq, a.n, a.outcome, a.user_id, ${ms("a.at")}
from sales s left join lateral (
  select * from attempts where sale_id = $1 and seq > $3 and ($2::text is null or outcome = $2) order by seq limit $4
) a on true
where s.id = $1`;
const HOLD = `select h.n, h.user_id, ${ms("h.created_at")}, ${ms("h.expires_at")}, ${ms("h.ended_at")},
  ${ms("p.purchased_at")}, least(h.expires_at, h.ended_at) > ${NOW}, coalesce(t.sold, false)
from holds h left join purchases p on p.sale_id = h.sale_id and p.n = h.n and p.code = h.code
left join items t on t.sale_id = h.sale_id and t.n = h.n
where h.sale_id = $2 and h.code = $3`;

function viewOf(row: Row): SaleSummary {
  const [number, items, sold, paused, startsAt, endsAt, createdAt, updatedAt, held, phase] = row;
  const counts = { items, sold, held, phase, paused };
  return { key: saleKeyOf(number as number), number, startsAt, endsAt, createdAt, updatedAt, ...counts } as SaleSummary;
}

function itemOf([n, state]: Row): ItemView {
  return { n, state } as ItemView;
}

function attemptOf([seq, n, outcome, userId, at]: Row): AttemptView {
  return { seq, n, outcome, userId, at } as AttemptView;
}

/** What sales are read through. */
export interface SaleSessions {
  /** For reading by keys. */
  readonly keyed: Sql;
  /** For pages of all sales. */
  readonly sales: Sql;
  /** For pages of a sale's items. */
  readonly items: Sql;
  /** For pages of a sale's attempts. */
  readonly attempts: Sql;
}

export class PostgresSaleViews implements SaleViews {
  readonly #sales = new SharedReads<SaleSummary | undefined>();
  readonly #pages = new SharedReads<Page<SaleSummary>>();
  readonly #itemPages = new SharedReads<Page<ItemView> | undefined>();
  readonly #itemParts = new SharedReads<ListPart<ItemView, number> | undefined>();

  constructor(
    readonly sessions: SaleSessions,
    readonly clock: Pick<Clock, "now">,
    readonly closes: SaleSettings["closes"],
  ) {}

  sale(number: number): Promise<SaleSummary | undefined> {
    return this.#sales.get(String(number), async () => {
      const params = [this.#now(), this.closes === "at_end", number];
      const [row] = await read(this.sessions.keyed, ONE, params, "sale");
      return row === undefined ? undefined : viewOf(row);
    });
  }

  current(): number {
    return saleNumberAt(this.clock.now());
  }

  sales(phase: SalePhase | undefined, offset: number, limit: number): Promise<Page<SaleSummary>> {
    return this.#pages.get(`${phase} ${offset} ${limit}`, async () => {
      const params = [this.#now(), this.closes === "at_end", phase ?? null, offset, limit];
      const rows = await read(this.sessions.sales, SALES, params, "sales_page");
      return pageOf(rows, viewOf);
    });
  }

  items(
    number: number,
    state: ItemState | undefined,
    offset: number,
    limit: number,
  ): Promise<Page<ItemView> | undefined> {
    return this.#itemPages.get(`${number} ${state} ${offset} ${limit}`, async () => {
      const params = [this.#now(), number, offset, limit];
      const { items } = this.sessions;
      const rows = state === undefined
        ? await read(items, ITEMS, params, "items")
        : await read(items, ITEMS_IN_STATE, [...params, state], "items_in_state");
      return rows.length === 0 ? undefined : pageOf(rows, itemOf);
    });
  }

  itemsAfter(
    number: number,
    state: ItemState | undefined,
    after: number,
    limit: number,
  ): Promise<ListPart<ItemView, number> | undefined> {
    return this.#itemParts.get(`${number} ${state} ${after} ${limit}`, async () => {
      const params = [this.#now(), number, state ?? null, after, limit + 1];
      const rows = await read(this.sessions.items, ITEMS_AFTER, params, "items_after");
      return rows.length === 0 ? undefined : listPartOf(presentOf(rows, 0), limit, itemOf);
    });
  }

  async item(number: number, n: number): Promise<ItemView | undefined> {
    const [row] = await read(this.sessions.keyed, ITEM, [this.#now(), number, n], "item");
    return row === undefined ? undefined : itemOf(row);
  }

  async attempts(
    number: number,
    outcome: string | undefined,
    after: number,
    limit: number,
  ): ReturnType<SaleViews["attempts"]> {
    const rows = await read(this.sessions.attempts, ATTEMPTS, [number, outcome ?? null, after, limit + 1], "attempts");
    if (rows.length === 0) return undefined;
    const found = presentOf(rows, 1).map((row) => row.slice(1));
    return { ...listPartOf(found, limit, attemptOf), total: rows[0]![0] as number };
  }

  async hold(number: number, code: string): Promise<HoldView | undefined> {
    const [row] = await read(this.sessions.keyed, HOLD, [this.#now(), number, uuidOf(code)], "hold");
    if (row === undefined) return undefined;
    const [n, userId, createdAt, expiresAt, endedAt, purchasedAt, isLive, isSold] = row;
    return { n, userId, createdAt, expiresAt, endedAt, purchasedAt, isLive, isSold } as HoldView;
  }

  #now(): number {
    return Math.floor(this.clock.now());
  }
}
