/**
 * What does a transaction with row locks per act of a sale come to? `select … for update` of the item and of the user,
 * as most shops have it. Spared the same as its rival of one statement.
 */
import type pg from "pg";
import type { OutcomeOf } from "../../src/ports/mod.ts";
import { formatCode, itemIdOf } from "../../src/domain/sale_ids.ts";
import type { SaleCommandOf, SaleRefusal } from "../../src/domain/sale_kind.ts";
import type { SaleKind } from "../../src/domain/sale.ts";
import { uuidOf } from "../../src/storage/sale_batch.ts";
import { LIMIT, prepareBuyers, TTL } from "./buyers.ts";
import { serveSales } from "./edge.ts";
import { openPool } from "./pool.ts";

type Outcome = OutcomeOf<SaleKind>;

const SALE = "select paused, now() < starts_at as early from sales where id = $1";
const NEW_BUYER = "insert into buyers (sale_id, user_id, ends) values ($1, $2, '{}') on conflict do nothing";
const LOCK_BUYER = `select (select count(*)::integer from unnest(ends) e where e > clock_timestamp()) as count
  from buyers where sale_id = $1 and user_id = $2 for update`;
const LOCK_ITEM = `select not sold and (held_until is null or held_until <= clock_timestamp()) as free
  from items where sale_id = $1 and n = $2 for update`;
const HOLD_ITEM = `update items set held_until = now() + ${TTL} where sale_id = $1 and n = $2`;
const HOLD = `insert into holds (sale_id, n, keyed, created_at, expires_at, code, id, user_id)
  values ($1, $2, false, now(), now() + ${TTL}, $4, $5, $3)
  returning (extract(epoch from expires_at) * 1000)::float8 as expires_at`;
const COUNT_HOLD = `update buyers
  set ends = array(select e from unnest(ends) e where e > now()) || (now() + ${TTL}) where sale_id = $1 and user_id = $2`;
const ATTEMPT = `insert into attempts (sale_id, seq, n, at, outcome, user_id)
  values ($1, nextval('attempts_seq'), $2, now(), $4, $3)`;
const FIND_HOLD = "select n, user_id, expires_at > now() as live from holds where sale_id = $1 and code = $2";
const LOCK_SOLD = "select sold from items where sale_id = $1 and n = $2 for update";
const SELL_ITEM = "update items set sold = true where sale_id = $1 and n = $2";
const COUNT_PURCHASE = `update buyers b set ends[array_position(b.ends, h.expires_at)] = 'infinity' from holds h
  where h.sale_id = $1 and h.code = $2 and b.sale_id = $1 and b.user_id = h.user_id
  returning cardinality(array_positions(b.ends, 'infinity')) as slot`;
const PURCHASE = `insert into purchases (sale_id, n, slot, slot_max, keyed, purchased_at, code, id, user_id)
  values ($1, $2, $3, ${LIMIT}, false, now(), $4, $5, $6)
  returning (extract(epoch from purchased_at) * 1000)::float8 as purchased_at`;

const pool = openPool(16);
await prepareBuyers(pool);

type Row = Record<string, unknown>;
type Run = (name: string, text: string, values: unknown[]) => Promise<Row | undefined>;

/** Runs a transaction; commits it where it returns. */
async function transaction<T>(body: (run: Run) => Promise<T>): Promise<T> {
  const client: pg.PoolClient = await pool.connect();
  try {
    await client.query("begin");
    const result = await body(async (name, text, values) => (await client.query({ name, text, values })).rows[0]);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

async function refusalOf(run: Run, sale: number, n: number, userId: string): Promise<SaleRefusal | undefined> {
  const known = await run("sale", SALE, [sale]);
  if (known === undefined) return "item_not_found";
  if (known["early"] || known["paused"]) return known["early"] ? "sale_not_started" : "paused";
  let buyer = await run("lock_buyer", LOCK_BUYER, [sale, userId]);
  if (buyer === undefined) {
    await run("new_buyer", NEW_BUYER, [sale, userId]);
    buyer = await run("lock_buyer", LOCK_BUYER, [sale, userId]);
  }
  if (buyer!["count"] as number >= LIMIT) return "limit_reached";
  const item = await run("lock_item", LOCK_ITEM, [sale, n]);
  return item?.["free"] === true ? undefined : item === undefined ? "item_not_found" : "item_unavailable";
}

function checkout(key: string, sale: number, command: SaleCommandOf<"checkout">): Promise<Outcome> {
  const { n, userId, code, id } = command;
  return transaction(async (run): Promise<Outcome> => {
    const refusal = await refusalOf(run, sale, n, userId);
    await run("attempt", ATTEMPT, [sale, n, userId, refusal ?? "ok"]);
    if (refusal !== undefined) return { kind: "refused", refusal };
    await run("hold_item", HOLD_ITEM, [sale, n]);
    await run("count_hold", COUNT_HOLD, [sale, userId]);
    const hold = await run("hold", HOLD, [sale, n, userId, uuidOf(code), id]);
    const shown = { code: formatCode(key, code), itemId: itemIdOf(sale, n), userId };
    return { kind: "done", answer: { kind: "held", ...shown, expiresAt: hold!["expires_at"] as number } };
  });
}

function purchase(key: string, sale: number, { code, id }: SaleCommandOf<"purchase">): Promise<Outcome> {
  return transaction(async (run): Promise<Outcome> => {
    const hold = await run("find_hold", FIND_HOLD, [sale, uuidOf(code)]);
    if (hold === undefined) return { kind: "refused", refusal: "code_unknown" };
    const n = hold["n"] as number;
    const userId = hold["user_id"] as string;
    if (!hold["live"]) return { kind: "refused", refusal: "code_expired" };
    // The user first, as a checkout does.
    await run("lock_buyer", LOCK_BUYER, [sale, userId]);
    const item = await run("lock_sold", LOCK_SOLD, [sale, n]);
    if (item!["sold"]) return { kind: "refused", refusal: "code_used" };
    await run("sell_item", SELL_ITEM, [sale, n]);
    const count = await run("count_purchase", COUNT_PURCHASE, [sale, uuidOf(code)]);
    const made = await run("purchase", PURCHASE, [sale, n, count!["slot"], uuidOf(code), id, userId]);
    const shown = { code: formatCode(key, code), itemId: itemIdOf(sale, n), userId };
    return { kind: "done", answer: { kind: "purchased", ...shown, purchasedAt: made!["purchased_at"] as number } };
  });
}

serveSales(checkout, purchase);
