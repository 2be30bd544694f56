/** How are sales read? From Postgres, each view one statement, by the time that actors go by. */
import type { AttemptView, HoldView, ItemState, ItemView, ListPart, Page } from "../actors/ports.ts";
import type { Clock, SaleSummary, SaleViews } from "../actors/ports.ts";
import type { SalePhase, SaleSettings } from "../domain/sale.ts";
import { saleKeyOf, saleNumberAt } from "../domain/sale_ids.ts";
import { uuidOf } from "./sale_batch.ts";
import type { Row, Sql } from "./sql.ts";
import { repeatable } from "./trouble.ts";

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint`;

/** In each statement $1 is now, in milliseconds. */
const NOW = "to_timestamp($1::bigint / 1000::float8)";
/** $2: whether sales close with their hour. */
const PHASE = `case when ${NOW} < s.starts_at then 'upcoming'
  when ${NOW} >= s.ends_at and ($2::boolean or s.sold >= s.items) then 'over'
  when s.sold >= s.items then 'sold_out' else 'open' end`;
// Holds end with a sale that closes at its hour's end; but those that were made before it was set to, in the other mode,
// live for CHECKOUT_TTL, a day at most.
const HELD = `case when ${PHASE} = 'open' or ${PHASE} = 'over' and ${NOW} < s.ends_at + interval '24 hours'
  then (select count(*)::integer from items t where t.sale_id = s.id and not t.sold and t.held_until > ${NOW})
  else 0 end`;
const SALE = `s.id, s.items, s.sold, s.paused, ${ms("s.starts_at")}, ${ms("s.ends_at")}, ${ms("s.created_at")},
  ${ms("s.updated_at")}, ${HELD}, ${PHASE}`;
const ITEM_STATE = `case when t.sold then 'sold' when t.held_until > ${NOW} then 'held' else 'available' end`;

const ONE = `select ${SALE} from sales s where s.id = $3`;
// The total comes along in the same statement, also for a page beyond the last one.
const SALES = `with w as (select s.* from sales s where $3::text is null or ${PHASE} = $3),
t as (select count(*)::integer total from w)
select t.total, p.* from t left join lateral (
  select ${SALE} from w s order by s.id desc offset $4::bigint limit $5
) p on true`;
const ITEMS = `with w as (select t.n, ${ITEM_STATE} state from items t where t.sale_id = $2),
f as (select * from w where $3::text is null or state = $3),
c as (select count(*)::integer total from f)
select c.total, p.n, p.state from c join sales s on s.id = $2
left join lateral (select * from f order by n offset $4::bigint limit $5) p on true`;
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

/** The views of sales over a database. */
export class PostgresSaleViews implements SaleViews {
  constructor(readonly sql: Sql, readonly clock: Pick<Clock, "now">, readonly closes: SaleSettings["closes"]) {}

  async sale(number: number): Promise<SaleSummary | undefined> {
    const [row] = await this.#read(ONE, [this.#now(), this.closes === "at_end", number], "sale");
    return row === undefined ? undefined : viewOf(row);
  }

  current(): number {
    return saleNumberAt(this.clock.now());
  }

  async sales(phase: SalePhase | undefined, offset: number, limit: number): Promise<Page<SaleSummary>> {
    const params = [this.#now(), this.closes === "at_end", phase ?? null, offset, limit];
    const rows = await this.#read(SALES, params, "sales_page");
    const data = rows.filter((row) => row[1] !== null).map((row) => viewOf(row.slice(1)));
    return { data, total: rows[0]![0] as number };
  }

  async items(
    number: number,
    state: ItemState | undefined,
    offset: number,
    limit: number,
  ): Promise<Page<ItemView> | undefined> {
    const rows = await this.#read(ITEMS, [this.#now(), number, state ?? null, offset, limit], "items");
    if (rows.length === 0) return undefined;
    const data = rows.filter((row) => row[1] !== null).map(([, n, state]) => ({ n, state }) as ItemView);
    return { data, total: rows[0]![0] as number };
  }

  async itemsAfter(
    number: number,
    state: ItemState | undefined,
    after: number,
    limit: number,
  ): Promise<ListPart<ItemView, number> | undefined> {
    const params = [this.#now(), number, state ?? null, after, limit + 1];
    const rows = await this.#read(ITEMS_AFTER, params, "items_after");
    if (rows.length === 0) return undefined;
    const found = rows.filter(([n]) => n !== null).map(([n, state]) => ({ n, state }) as ItemView);
    const data = found.slice(0, limit);
    return { data, next: found.length > limit ? data.at(-1)!.n : undefined };
  }

  async item(number: number, n: number): Promise<ItemView | undefined> {
    const [row] = await this.#read(ITEM, [this.#now(), number, n], "item");
    return row === undefined ? undefined : { n: row[0], state: row[1] } as ItemView;
  }

  async attempts(
    number: number,
    outcome: string | undefined,
    after: number,
    limit: number,
  ): Promise<Page<AttemptView> & { readonly next: number | undefined } | undefined> {
    const rows = await this.#read(ATTEMPTS, [number, outcome ?? null, after, limit + 1], "attempts");
    if (rows.length === 0) return undefined;
    const found = rows.filter((row) => row[1] !== null);
    const data = found.slice(0, limit).map(([, seq, n, outcome, userId, at]) => {
      return { seq, n, outcome, userId, at } as AttemptView;
    });
    return { data, total: rows[0]![0] as number, next: found.length > limit ? data.at(-1)!.seq : undefined };
  }

  async hold(number: number, code: string): Promise<HoldView | undefined> {
    const [row] = await this.#read(HOLD, [this.#now(), number, uuidOf(code)], "hold");
    if (row === undefined) return undefined;
    const [n, userId, createdAt, expiresAt, endedAt, purchasedAt, isLive, isSold] = row;
    return { n, userId, createdAt, expiresAt, endedAt, purchasedAt, isLive, isSold } as HoldView;
  }

  #now(): number {
    return Math.floor(this.clock.now());
  }

  #read(text: string, params: unknown[], name: string): Promise<Row[]> {
    return repeatable("Cannot read", () => this.sql.query(text, params, name));
  }
}
