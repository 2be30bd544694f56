/**
 * Which statements does an audit read by? Each is one snapshot, by keys, over as many rows as take it well under 100 ms,
 * and takes no lock but a reader's.
 *
 * A table that was filled a moment ago has no statistics: a page "in order, up to so many" is then read by sorting all
 * that is left. So pages are ranges of numbers where there are numbers, and ordered by the whole key where not.
 */

/** Coupons in a page, and the highest number of a claim up to which a coupon's claims come with it. */
const COUPONS_PAGE = 500;
export const FEW_CLAIMS = 100;
/** Numbers in a page of claims, and of attempts. */
export const CLAIMS_PAGE = 10_000;
export const ATTEMPTS_PAGE = 20_000;
/** Entries of wallets in a page. */
const LEDGER_PAGE = 2_000;
/** Holds, and users who bought, in a page. */
const HOLDS_PAGE = 5_000;
const BUYERS_PAGE = 5_000;
/** Sales in a page of their numbers. */
const SALES_PAGE = 500;
/** Misfits told by one statement. */
const MISFITS_MAX = 20;
/** Ids looked through for gaps by one statement. */
const IDS_PAGE = 10_000;
/** Stray rows counted in one gap. */
const STRAYS_MAX = 1_000;
/** Above every id. */
const ID_END = 2_147_483_647;

/** Turns that void or replace a claim, and edits, raise `receipts`; those that only add claims do not. */
const COUPON = "c.id, c.name, c.amount, c.remaining, c.seq, c.epoch || '.' || c.receipts";
const CLAIM_SUMS = "count(*)::integer, count(distinct seq)::integer, coalesce(max(seq), 0)";

/** Of a charge, how many of its claims in a range of numbers have not just one entry in the ledger, their credit. */
function uncredited(range: string): string {
  return `select count(*)::integer uncredited from claims k
  where c.kind = 'charge' and k.coupon_id = c.id and ${range} and not (
    select coalesce(count(*) = 1 and min(w.amount) = (k.details ->> 'credit')::numeric and min(w.user_id) = k.user_id, false)
    from wallet_entries w where w.coupon_id = k.coupon_id and w.claim_id = k.claim_id
  )`;
}

// One more than there may be is enough to tell that a coupon must be looked at by itself.
const COUPONS = `select ${COUPON}, k.*, w.uncredited
from (select * from coupons where id > $1 order by id limit ${COUPONS_PAGE}) c
cross join lateral (
  select ${CLAIM_SUMS} from (
    select seq from claims where coupon_id = c.id and c.seq <= ${FEW_CLAIMS} limit ${FEW_CLAIMS + 1}
  ) k
) k cross join lateral (${uncredited(`c.seq <= ${FEW_CLAIMS}`)}) w order by c.id`;

/** The numbers of a page; the last one, by the counter of its moment, has no end. */
function numbersOf(counter: string, size: number, seq = "seq"): string {
  return `${seq} > $2 and ${seq} <= case when ${counter} > $2::bigint + ${size} then $2::bigint + ${size} else ${ID_END} end`;
}

const CLAIMS = `select ${COUPON}, k.*, w.uncredited from coupons c cross join lateral (
  select ${CLAIM_SUMS} from claims where coupon_id = $1 and ${numbersOf("c.seq", CLAIMS_PAGE)}
) k cross join lateral (${uncredited(numbersOf("c.seq", CLAIMS_PAGE, "k.seq"))}) w
where c.id = $1`;

// A credit has its claim, or else its void; a void has the credit that it takes back, and no claim. Both are looked up
// entry by entry: joined to a page, the whole of a large table might be read.
const LEDGER_MISFITS = `with r as materialized (
  select coupon_id, claim_id, is_void, user_id, amount from wallet_entries
  where (coupon_id, claim_id, is_void) > ($1::integer, $2::uuid, $3::boolean)
  order by coupon_id, claim_id, is_void limit ${LEDGER_PAGE}
)
select (select coupon_id || ' ' || claim_id || ' ' || is_void from r offset ${LEDGER_PAGE - 1}), m.*
from (select 1) one left join lateral (
  select r.coupon_id, r.claim_id, r.is_void, r.user_id, r.amount::text, o.amount::text, k.claim_id is not null
  from r
  left join lateral (
    select * from wallet_entries o
    where o.coupon_id = r.coupon_id and o.claim_id = r.claim_id and o.is_void = not r.is_void limit 1
  ) o on true
  left join lateral (
    select * from claims k where k.coupon_id = r.coupon_id and k.user_id = r.user_id limit 1
  ) k on k.claim_id = r.claim_id
  where case when o.claim_id is not null then o.amount <> -r.amount or o.user_id <> r.user_id or k.claim_id is not null
    else r.is_void or (k.details ->> 'credit')::numeric is distinct from r.amount end
  order by r.coupon_id, r.claim_id, r.is_void limit ${MISFITS_MAX}
) m on true`;

// No scan of claims tells the ids that they have; but a claim whose coupon is missing lies in a gap between coupons.
const STRAY_CLAIMS = `with c as materialized (select id from coupons where id > $1 order by id limit ${IDS_PAGE}),
e as (select id from c union all select ${ID_END} where (select count(*) from c) < ${IDS_PAGE}),
g as (select id, lag(id, 1, $1::integer) over (order by id) before from e)
select (select case when count(*) = ${IDS_PAGE} then max(id) end from c), x.coupon_id, x.found
from (select 1) one left join lateral (
  select r.coupon_id, count(*)::integer found from g cross join lateral (
    select coupon_id from claims k where k.coupon_id > g.before and k.coupon_id < g.id
    order by k.coupon_id limit ${STRAYS_MAX}
  ) r where g.id - 1 > g.before group by r.coupon_id order by r.coupon_id limit ${MISFITS_MAX}
) x on true`;

/** $2: only those that ended lately or may yet sell; $3: whether sales close with their hour. */
const SALES = `select s.id, s.items from sales s
where s.id < $1 and (not $2::boolean or s.ends_at > now() - interval '1 day' or (not $3::boolean and s.sold < s.items))
order by s.id desc limit ${SALES_PAGE}`;

const SALE_COUNT = `select s.items, s.sold, s.epoch || '.' || s.turn, t.*,
  (select count(*)::integer from purchases where sale_id = $1 and n > $2 and n <= $3)
from sales s cross join lateral (
  select count(*) filter (where n between 1 and s.items)::integer,
    count(*) filter (where n not between 1 and s.items)::integer, count(*) filter (where sold)::integer
  from items where sale_id = $1 and n > $2 and n <= $3
) t where s.id = $1`;

const ITEM_MISFITS = `select n, sold, bought, held from (
  select coalesce(t.n, p.n) n, t.sold, p.n is not null bought, h.code is not null held
  from (select n, sold from items where sale_id = $1 and n > $2 and n <= $3) t
  full join (select n, code, user_id from purchases where sale_id = $1 and n > $2 and n <= $3) p on p.n = t.n
  left join holds h on h.sale_id = $1 and h.code = p.code and h.user_id = p.user_id and h.n = p.n
) m where sold is distinct from bought or bought and not held order by n limit ${MISFITS_MAX}`;

/** The last key of a page where it is full, beside the misfits in it. */
function pageOf(rows: string, key: string, size: number, misfits: string): string {
  return `with r as materialized (${rows} limit ${size})
select (select case when r.sale_id = $1 then ${key} end from r offset ${size - 1}), m.*
from (select 1) one left join lateral (
  ${misfits} order by r.${key} limit ${MISFITS_MAX}
) m on true`;
}

// A hold that was bought with is not marked as ended, nor does it hold its item any more. Whether others are past does
// not matter: no item ever shows as free before its last hold ends.
const HOLD_MISFITS = pageOf(
  `select sale_id, code, n, expires_at, ended_at from holds where (sale_id, code) > ($1::integer, $2::uuid)
  order by sale_id, code`,
  "code",
  HOLDS_PAGE,
  `select r.code, r.n, t.n is not null has_item from r
  left join items t on t.sale_id = $1 and t.n = r.n
  left join purchases p on p.sale_id = $1 and p.n = r.n and p.code = r.code
  where r.sale_id = $1 and (t.n is null
    or r.ended_at is null and p.n is null and (t.held_until is null or t.held_until < r.expires_at))`,
);

const BUYER_MISFITS = pageOf(
  `select sale_id, user_id, count(*)::integer bought, count(distinct slot)::integer slots, min(slot)::integer low,
    max(slot)::integer top, max(slot_max)::integer allowed
  from purchases where sale_id = $1 and user_id > $2 group by sale_id, user_id order by user_id`,
  "user_id",
  BUYERS_PAGE,
  `select user_id, bought, slots, top, allowed from r
  where bought > allowed or slots < bought or low < 1 or top > allowed`,
);

const ATTEMPTS = `select s.attempts, s.ends_at < now() - $3::bigint * interval '1 millisecond',
  to_regclass('attempts_' || s.id) is null, a.*
from sales s cross join lateral (
  select count(*)::integer, coalesce(min(seq), 0), coalesce(max(seq), 0) from attempts
  where sale_id = $1 and ${numbersOf("s.attempts", ATTEMPTS_PAGE)}
) a where s.id = $1`;

function straysIn(table: string): string {
  return `select '${table}', r.sale_id, count(*)::integer from g cross join lateral (
    select sale_id from ${table} k where k.sale_id > g.before and k.sale_id < g.id
    order by k.sale_id limit ${STRAYS_MAX}
  ) r group by r.sale_id`;
}

const STRAY_SALE_ROWS = `with e as (select id from sales union all select ${ID_END}),
g as materialized (
  select id, before from (select id, lag(id, 1, ${-ID_END}) over (order by id) before from e) g where id - 1 > before
)
${["items", "holds", "purchases"].map(straysIn).join(" union all ")} order by 2, 1 limit ${MISFITS_MAX}`;

// Attempts are looked for by their partitions: a search through all of them would open each.
const STRAY_PARTITIONS = `select p.id from (
  select substring(c.relname from '^attempts_([0-9]{1,9})$')::integer id
  from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'attempts'::regclass
) p where p.id is not null and not exists (select from sales s where s.id = p.id) order by p.id limit ${MISFITS_MAX}`;

const STRAY_ATTEMPTS = `select count(*)::integer from (
  select from attempts where sale_id = $1 limit ${STRAYS_MAX}
) a`;

/** By their names. */
export const AUDIT_STATEMENTS = {
  audit_coupons: COUPONS,
  audit_claims: CLAIMS,
  audit_stray_claims: STRAY_CLAIMS,
  audit_ledger: LEDGER_MISFITS,
  audit_sales: SALES,
  audit_sale: SALE_COUNT,
  audit_items: ITEM_MISFITS,
  audit_holds: HOLD_MISFITS,
  audit_buyers: BUYER_MISFITS,
  audit_attempts: ATTEMPTS,
  audit_stray_sale_rows: STRAY_SALE_ROWS,
  audit_stray_partitions: STRAY_PARTITIONS,
  audit_stray_attempts: STRAY_ATTEMPTS,
} as const;
