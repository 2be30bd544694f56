/**
 * What does one SQL statement per act of a sale come to? Prepared, pooled, Postgres alone decides: exclusive checkouts,
 * every attempt stored, limits and items exact. It locks the item and then the user, never the sale, and keeps no count.
 * It is spared what would cost it more: to tell a user of a hold that they have already, and answers by key.
 */
import type { OutcomeOf } from "../../src/ports/mod.ts";
import { formatCode, itemIdOf } from "../../src/domain/sale_ids.ts";
import type { SaleCommandOf } from "../../src/domain/sale_kind.ts";
import type { SaleKind } from "../../src/domain/sale.ts";
import { uuidOf } from "../../src/storage/sale_batch.ts";
import { LIMIT, prepareBuyers, TTL } from "./buyers.ts";
import { serveSales } from "./edge.ts";
import { openPool } from "./pool.ts";

type Outcome = OutcomeOf<SaleKind>;

const MS = (time: string) => `(extract(epoch from ${time}) * 1000)::float8`;

/** $1 sale, $2 item, $3 user, $4 code, $5 the command's id. */
const CHECKOUT = `with s as materialized (
  select case
    when $2 not between 1 and items then 'item_not_found'
    when now() < starts_at then 'sale_not_started'
    when paused then 'paused'
    when (select count(*) from buyers b, unnest(b.ends) e where b.sale_id = $1 and b.user_id = $3 and e > now())
      >= ${LIMIT} then 'limit_reached'
  end as refusal from sales where id = $1
), i as (
  update items set held_until = now() + ${TTL}
  where sale_id = $1 and n = $2 and not sold and (held_until is null or held_until <= now())
    and (select refusal from s) is null
  returning n
), b as (
  insert into buyers (sale_id, user_id, ends) select $1, $3, array[now() + ${TTL}] from i
  on conflict (sale_id, user_id) do update
    set ends = array(select e from unnest(buyers.ends) e where e > now()) || excluded.ends
), h as (
  insert into holds (sale_id, n, keyed, created_at, expires_at, code, id, user_id)
  select $1, n, false, now(), now() + ${TTL}, $4::uuid, $5::uuid, $3 from i
), a as (
  insert into attempts (sale_id, seq, n, at, outcome, user_id)
  select $1, nextval('attempts_seq'), $2, now(),
    coalesce(refusal, case when exists (select from i) then 'ok' else 'item_unavailable' end), $3 from s
  returning outcome
)
select outcome, ${MS(`now() + ${TTL}`)} from a`;

/** $1 sale, $2 code, $3 the command's id. */
const PURCHASE = `with h as materialized (select * from holds where sale_id = $1 and code = $2::uuid
), i as (
  update items t set sold = true from h
  where t.sale_id = $1 and t.n = h.n and not t.sold and h.expires_at > now()
  returning t.n
), b as (
  update buyers b set ends[array_position(b.ends, h.expires_at)] = 'infinity' from h, i
  where b.sale_id = $1 and b.user_id = h.user_id
  returning b.ends
), p as (
  insert into purchases (sale_id, n, slot, slot_max, keyed, purchased_at, code, id, user_id)
  select $1, h.n, cardinality(array_positions(b.ends, 'infinity')), ${LIMIT}, false, now(), $2::uuid, $3::uuid, h.user_id
  from h, b
  returning n
)
select h.n, h.user_id, h.expires_at > now() as live, exists (select from p), ${MS("now()")} from h`;

const pool = openPool(32);
await prepareBuyers(pool);

async function ask(name: string, text: string, values: unknown[]): Promise<unknown[] | undefined> {
  for (;;) {
    try {
      return (await pool.query({ name, text, values, rowMode: "array" })).rows[0];
    } catch (error) {
      // Two checkouts of one user at their limit: the second one now sees the first.
      if ((error as { code?: string }).code !== "23514") throw error;
    }
  }
}

async function checkout(key: string, number: number, command: SaleCommandOf<"checkout">): Promise<Outcome> {
  const { n, userId, code, id } = command;
  const row = await ask("checkout", CHECKOUT, [number, n, userId, uuidOf(code), id]);
  const [outcome, expiresAt] = row as [string, number] ?? ["item_not_found"];
  if (outcome !== "ok") return { kind: "refused", refusal: outcome as "item_unavailable" };
  const shown = { code: formatCode(key, code), itemId: itemIdOf(number, n), userId };
  return { kind: "done", answer: { kind: "held", ...shown, expiresAt } };
}

async function purchase(key: string, number: number, command: SaleCommandOf<"purchase">): Promise<Outcome> {
  const row = await ask("purchase", PURCHASE, [number, uuidOf(command.code), command.id]);
  if (row === undefined) return { kind: "refused", refusal: "code_unknown" };
  const [n, userId, isLive, done, purchasedAt] = row as [number, string, boolean, boolean, number];
  if (!done) return { kind: "refused", refusal: isLive ? "code_used" : "code_expired" };
  const shown = { code: formatCode(key, command.code), itemId: itemIdOf(number, n), userId };
  return { kind: "done", answer: { kind: "purchased", ...shown, purchasedAt } };
}

serveSales(checkout, purchase);
