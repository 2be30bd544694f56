/**
 * Which statement stores the turns of sales? One, as that of coupons: a part is stored only where epoch = its own and
 * turn = its own - 1, and its rows are joined on its place in the batch with what was in fact updated.
 *
 * Each join to a large table also names the keys as one array: that is what makes PostgreSQL reach it by its index,
 * whatever it believed about its size when the statement was prepared.
 */
import { boundAgain, told } from "./batch.ts";
import { DURABLE } from "./sql.ts";

const PARTS = `d as materialized (
  select * from unnest(
    $1::integer[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::bigint[], $32::bigint[]
  ) with ordinality d(id, epoch, turn, sold, attempts, at, held_until, n)
  where ${DURABLE}
)`;

const COUNTERS = `sold = s.sold + d.sold, attempts = greatest(s.attempts, d.attempts), turn = d.turn,
    held_until = greatest(s.held_until, to_timestamp(d.held_until / 1000::float8))`;

const MINE = `s.id = d.id and s.epoch = d.epoch and s.turn = d.turn - 1 and s.id = any($1::integer[])
  returning d.n, d.id, d.at`;

const ATTEMPTS = `a as (
  insert into attempts (sale_id, seq, n, at, outcome, user_id)
  select u.id, x.seq, x.item, to_timestamp(u.at / 1000::float8), x.outcome, x.user_id
  from unnest($7::integer[], $8::integer[], $9::integer[], $10::text[], string_to_array($11, e'\\x1f'))
    x(n, seq, item, outcome, user_id)
  join u on u.n = x.n
)`;

const HOLDS = `h as (
  insert into holds (sale_id, n, keyed, created_at, expires_at, ended_at, code, id, user_id)
  select u.id, x.item, x.keyed, to_timestamp(u.at / 1000::float8), to_timestamp(x.expires_at / 1000::float8),
    case when x.ended then to_timestamp(u.at / 1000::float8) end, x.code, x.id, x.user_id
  from unnest(
    $12::integer[], $13::integer[], $14::boolean[], $15::bigint[], $16::boolean[], $17::uuid[], $18::uuid[],
    string_to_array($19, e'\\x1f')
  ) x(n, item, keyed, expires_at, ended, code, id, user_id)
  join u on u.n = x.n
)`;

const ITEMS = `i as (
  update items t set
    sold = coalesce(x.sold, t.sold),
    held_until = coalesce(to_timestamp(x.held_until / 1000::float8), t.held_until)
  from unnest($20::integer[], $21::integer[], $22::boolean[], $23::bigint[]) x(n, item, sold, held_until)
  join u on u.n = x.n
  where t.sale_id = u.id and t.n = x.item and t.sale_id = any($1::integer[]) and t.n = any($21::integer[])
)`;

/** @param after reads a statement that is to have deleted its rows before */
function purchases(after: string): string {
  return `p as (
  insert into purchases (sale_id, n, slot, slot_max, keyed, purchased_at, code, id, user_id)
  select u.id, x.item, x.slot, x.slot_max, x.keyed, to_timestamp(u.at / 1000::float8), x.code, x.id, x.user_id
  from unnest(
    $24::integer[], $25::integer[], $26::smallint[], $27::smallint[], $28::boolean[], $29::uuid[], $30::uuid[],
    string_to_array($31, e'\\x1f')
  ) x(n, item, slot, slot_max, keyed, code, id, user_id)
  join u on u.n = x.n${after}
)`;
}

/** Attempts, holds and purchases: the hot way. 32 parameters, one row. */
const SALES_STATEMENT = `with ${PARTS},
u as (
  update sales s set ${COUNTERS}
  from d where ${MINE}
),
${ATTEMPTS},
${HOLDS},
${ITEMS},
${purchases("")}
${told("u", "$1::integer[]")}`;

/** A code as its user gets it: the sale's hour, and `base64url` (RFC 4648) of 16 bytes. */
export function codeSql(sale: string, code: string): string {
  const key = `to_char(to_timestamp(${sale} * 3600e0) at time zone 'utc', 'YYYY-MM-DD"T"HH24"Z"')`;
  return `${key} || '.' || rtrim(translate(encode(uuid_send(${code}), 'base64'), '+/', '-_'), '=')`;
}

/** What every answer about a code tells, as arguments of jsonb_build_object. */
export function codeShown(row: string): string {
  return `'code', ${codeSql(`${row}.sale_id`, `${row}.code`)}, 'itemId', ${row}.sale_id * 1000000::bigint + ${row}.n,
    'userId', ${row}.user_id`;
}

/**
 * Turns of every kind, beside confirmations ($33, $34). The 35th parameter is JSON: `edits`, `ended`, `voided`,
 * `receipts`, each row with its part's place `n`. A stored purchase that is voided leaves its answer as a receipt; it
 * is deleted before another takes its item or its slot. Two rows: stored parts, confirmations that hold.
 */
const SALE_TURNS_STATEMENT = `with ${PARTS},
k as (
  select q.n from sales s
  join unnest($33::integer[], $34::bigint[]) with ordinality q(id, epoch, n) on s.id = q.id and s.epoch = q.epoch
  where s.id = any($33::integer[])
),
e as materialized (
  select * from jsonb_to_recordset($35::jsonb -> 'edits') e(n bigint, paused boolean, "updatedAt" bigint)
),
de as materialized (select d.*, e.paused, e."updatedAt" from d left join e on e.n = d.n),
u as (
  update sales s set ${COUNTERS},
    receipts = s.receipts + 1,
    paused = coalesce(d.paused, s.paused),
    updated_at = coalesce(to_timestamp(d."updatedAt" / 1000::float8), s.updated_at)
  from de d where ${MINE}
),
${ATTEMPTS},
${HOLDS},
${ITEMS},
x as materialized (
  select u.id, u.at, x.code from jsonb_to_recordset($35::jsonb -> 'ended') x(n bigint, code uuid) join u on u.n = x.n
),
hx as (
  update holds h set ended_at = to_timestamp(x.at / 1000::float8) from x
  where h.sale_id = x.id and h.code = x.code and h.sale_id = any($1::integer[])
    and h.code = any(array(select code from x))
),
v as materialized (
  select u.id, u.at, v.item from jsonb_to_recordset($35::jsonb -> 'voided') v(n bigint, item integer)
  join u on u.n = v.n
),
gone as (
  delete from purchases p using v
  where p.sale_id = v.id and p.n = v.item and p.sale_id = any($1::integer[]) and p.n = any(array(select item from v))
  returning p.*, v.at
),
${purchases("\n  where (select count(*) from gone) >= 0")},
r as (
  insert into sale_receipts (sale_id, id, at, content, answer)
  select u.id, r.id, to_timestamp(u.at / 1000::float8), r.content, r.answer
  from jsonb_to_recordset($35::jsonb -> 'receipts') r(n bigint, id uuid, content text, answer jsonb)
  join u on u.n = r.n
  union all
  select sale_id, id, to_timestamp(at / 1000::float8), 'purchase ' || split_part(${codeSql("sale_id", "code")}, '.', 2),
    jsonb_build_object('kind', 'purchased', ${codeShown("gone")},
      'purchasedAt', (extract(epoch from purchased_at) * 1000)::bigint)
  from gone
  ${boundAgain("sale_id")}
)
${told("u", "$1::integer[]")} union all ${told("k", "$33::integer[]")}`;

export const SALE_STATEMENTS = { sales: SALES_STATEMENT, sale_turns: SALE_TURNS_STATEMENT } as const;
