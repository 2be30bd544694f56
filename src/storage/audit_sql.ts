/**
 * Which statements does an audit read by? Each is one snapshot, by keys, over as many rows as take it well under 100 ms,
 * and takes no lock but a reader's.
 *
 * A check reads page by page. Its parameters are the object that it is of, if any, and a place: where to begin, and for
 * sums what the pages before came to. Each row that it returns is `moved, next, object, counter, says, rows`: whether the
 * object changed since the first page so that the sums are none; the next place, as a JSON array, null at the end; and a
 * finding, null where there is none.
 *
 * A table that was filled a moment ago has no statistics: a page "in order, up to so many" is then read by sorting all
 * that is left. So pages are ranges of numbers where there are numbers, and ordered by the whole key where not.
 */
import { SALE_NUMBER_MAX } from "../domain/sale_ids.ts";

/** Coupons in a page, and the highest number of a claim up to which a coupon's claims come with it. */
const COUPONS_PAGE = 500;
const FEW_CLAIMS = 100;
/** Numbers in a page of claims, and of attempts. */
const CLAIMS_PAGE = 10_000;
const ATTEMPTS_PAGE = 20_000;
/** Entries of wallets in a page. */
const LEDGER_PAGE = 2_000;
/** Items whose rows are counted by one statement, and compared row by row. */
const COUNTED_ITEMS = 10_000;
const COMPARED_ITEMS = 2_500;
/** Holds, and users who bought, in a page. */
const HOLDS_PAGE = 5_000;
const BUYERS_PAGE = 5_000;
/** Sales in a page of their numbers. */
const SALES_PAGE = 500;
/** Findings told by one statement. */
const FINDINGS_PAGE = 20;
/** Ids looked through for gaps by one statement. */
const IDS_PAGE = 10_000;
/** Stray rows counted in one gap. */
const STRAYS_MAX = 1_000;
/** Above every id, and below. */
const ID_END = 2_147_483_647;
const ID_BEGIN = -2_147_483_648;
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

/** A sale by its key; by its number where that is no sale's. */
function saleName(id: string): string {
  return `case when ${id} between 0 and ${SALE_NUMBER_MAX} then 'sale ' ||
    to_char(to_timestamp(${id} * 3600::float8) at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"') else 'sale #' || ${id} end`;
}

/** What a counter says, what its rows say, and when that is wrong. */
type Check = readonly [counter: string, says: string, rows: string, isWrong: string];

/** The findings of one object's sums: each counter that says what its rows do not. */
function wrongs(...checks: readonly Check[]): string {
  const rows = checks.map(([counter, ...more]) => `('${counter}', ${more.join(", ")})`);
  return `(values ${rows.join(",\n  ")}) f(counter, says, rows, is_wrong)`;
}

/** Of a charge, how many of its claims in a range of numbers have not just one entry in the ledger, their credit. */
function uncredited(range: string): string {
  return `select count(*)::integer uncredited from claims k
  where c.kind = 'charge' and k.coupon_id = c.id and ${range} and not (
    select coalesce(count(*) = 1 and min(w.amount) = (k.details ->> 'credit')::numeric and min(w.user_id) = k.user_id, false)
    from wallet_entries w where w.coupon_id = k.coupon_id and w.claim_id = k.claim_id
  )`;
}

const CLAIM_SUMS = "count(*)::integer claims, count(distinct seq)::integer numbers, coalesce(max(seq), 0) last_seq";

/** The counters of a coupon `s`, and all of its claims. */
const COUPON_CHECKS: readonly Check[] = [
  [
    "remaining",
    "s.remaining || ' of ' || s.amount",
    "s.claims || ' claims'",
    "s.remaining not between 0 and s.amount or s.amount - s.remaining <> s.claims",
  ],
  ["seq", "s.seq::text", "'a claim numbered ' || s.last_seq", "s.seq < s.last_seq"],
  ["claims.seq", "s.claims || ' claims'", "s.numbers || ' different numbers'", "s.numbers <> s.claims"],
  ["wallet_entries", "s.claims || ' claims'", "s.uncredited || ' of them not credited once'", "s.uncredited > 0"],
];

// One claim more than there may be is enough to tell that a coupon must be looked at by itself.
const COUPONS = `select s.id, s.name, s.seq > ${FEW_CLAIMS} or ${
  COUPON_CHECKS.map(([, , , isWrong]) => isWrong).join(" or ")
}
from (
  select c.id, c.name, c.amount, c.remaining, c.seq, k.*, w.uncredited
  from (select * from coupons where id > $1 order by id limit ${COUPONS_PAGE}) c
  cross join lateral (
    select ${CLAIM_SUMS} from (
      select seq from claims where coupon_id = c.id and c.seq <= ${FEW_CLAIMS} limit ${FEW_CLAIMS + 1}
    ) k
  ) k cross join lateral (${uncredited(`c.seq <= ${FEW_CLAIMS}`)}) w
) s order by s.id`;

/** The numbers of a page; the last one, by the counter of its moment, has no end. */
function numbersOf(counter: string, size: number, seq = "seq"): string {
  return `${seq} > $2 and ${seq} <= case when ${counter} > $2::bigint + ${size} then $2::bigint + ${size} else ${ID_END} end`;
}

// Turns that void or replace a claim, and edits, raise `receipts`. While it stays, claims only come, each numbered above all
// before it: pages read in order then come to what their last one's counters say.
const CLAIMS = `with s as materialized (
  select c.name, c.amount, c.remaining, c.seq, c.epoch || '.' || c.receipts mark, c.seq > $2::bigint + ${CLAIMS_PAGE} goes_on,
    $4::integer + k.claims claims, $5::integer + k.numbers numbers, greatest($6::integer, k.last_seq) last_seq,
    $7::integer + w.uncredited uncredited
  from coupons c cross join lateral (
    select ${CLAIM_SUMS} from claims where coupon_id = $1 and ${numbersOf("c.seq", CLAIMS_PAGE)}
  ) k cross join lateral (${uncredited(numbersOf("c.seq", CLAIMS_PAGE, "k.seq"))}) w
  where c.id = $1::integer
)
select s.mark <> $3::text, case when s.goes_on then
  json_build_array($2::integer + ${CLAIMS_PAGE}, s.mark, s.claims, s.numbers, s.last_seq, s.uncredited)::text end,
  'coupon ' || s.name, f.counter, f.says, f.rows
from s left join lateral ${wrongs(...COUPON_CHECKS)} on f.is_wrong and not s.goes_on`;

// A credit has its claim, or else its void; a void has the credit that it takes back, and no claim. Both are looked up
// entry by entry: joined to a page, the whole of a large table might be read.
const LEDGER = `with r as materialized (
  select coupon_id, claim_id, is_void, user_id, amount from wallet_entries
  where (coupon_id, claim_id, is_void) > ($1::integer, $2::uuid, $3::boolean)
  order by coupon_id, claim_id, is_void limit ${LEDGER_PAGE}
)
select false, (select json_build_array(coupon_id, claim_id, is_void)::text from r offset ${LEDGER_PAGE - 1}), m.*
from (select 1) one left join lateral (
  select 'wallet of ' || r.user_id, 'wallet_entries',
    e.own || ' of ' || r.amount || ', coupon #' || r.coupon_id || ', claim ' || r.claim_id,
    case when o.amount is null then 'no ' || e.opposite else e.opposite || ' of ' || o.amount end ||
    case when k.claim_id is null then ', no such claim is held' else ', the claim is held' end
  from r
  cross join lateral (
    select case when r.is_void then 'void' else 'credit' end own, case when r.is_void then 'credit' else 'void' end opposite
  ) e
  left join lateral (
    select * from wallet_entries o
    where o.coupon_id = r.coupon_id and o.claim_id = r.claim_id and o.is_void = not r.is_void limit 1
  ) o on true
  left join lateral (
    select * from claims k where k.coupon_id = r.coupon_id and k.user_id = r.user_id limit 1
  ) k on k.claim_id = r.claim_id
  where case when o.claim_id is not null then o.amount <> -r.amount or o.user_id <> r.user_id or k.claim_id is not null
    else r.is_void or (k.details ->> 'credit')::numeric is distinct from r.amount end
  order by r.coupon_id, r.claim_id, r.is_void limit ${FINDINGS_PAGE}
) m on true`;

// No scan of claims tells the ids that they have; but a claim whose coupon is missing lies in a gap between coupons.
const STRAY_CLAIMS = `with c as materialized (select id from coupons where id > $1 order by id limit ${IDS_PAGE}),
e as (select id from c union all select ${ID_END} where (select count(*) from c) < ${IDS_PAGE}),
g as (select id, lag(id, 1, $1::integer) over (order by id) before from e)
select false, (select case when count(*) = ${IDS_PAGE} then json_build_array(max(id))::text end from c), x.*
from (select 1) one left join lateral (
  select 'coupon #' || r.coupon_id, 'coupons', 'no such coupon', count(*) || ' claims' from g cross join lateral (
    select coupon_id from claims k where k.coupon_id > g.before and k.coupon_id < g.id
    order by k.coupon_id limit ${STRAYS_MAX}
  ) r where g.id - 1 > g.before group by r.coupon_id order by r.coupon_id limit ${FINDINGS_PAGE}
) x on true`;

/** $2: only those that ended lately or may yet sell; $3: whether sales close with their hour. */
const SALES = `select s.id, ${saleName("s.id")} from sales s
where s.id < $1 and (not $2::boolean or s.ends_at > now() - interval '1 day' or (not $3::boolean and s.sold < s.items))
order by s.id desc limit ${SALES_PAGE}`;

/** The sale, with the items numbered above $2 that a page has, and whether more follow; all numbers are in one page. */
function itemsFrom(size: number): string {
  const end = `greatest($2::integer, 0) + ${size}`;
  return `select *, ${end} page_end, ${end} < items goes_on,
    case when ${end} < items then ${end} else ${ID_END} end up_to from sales where id = $1::integer`;
}

// Sums over several pages need a sale that holds still: the mark moves with every turn and activation.
const SALE_COUNTS = `with p as materialized (${itemsFrom(COUNTED_ITEMS)}), s as materialized (
  select p.*, p.epoch || '.' || p.turn mark, $4::integer + t.numbered numbered, $5::integer + t.others others,
    $6::integer + t.items_sold items_sold, $7::integer + b.purchases purchases
  from p cross join lateral (
    select count(*) filter (where n between 1 and p.items)::integer numbered,
      count(*) filter (where n not between 1 and p.items)::integer others, count(*) filter (where sold)::integer items_sold
    from items where sale_id = $1 and n > $2 and n <= (select up_to from p)
  ) t cross join lateral (
    select count(*)::integer purchases from purchases where sale_id = $1 and n > $2 and n <= (select up_to from p)
  ) b
)
select s.mark <> $3::text, case when s.goes_on then
  json_build_array(s.page_end, s.mark, s.numbered, s.others, s.items_sold, s.purchases)::text end,
  ${saleName("s.id")}, f.counter, f.says, f.rows
from s left join lateral ${
  wrongs(
    [
      "sold",
      "s.sold::text",
      "s.purchases || ' purchases, ' || s.items_sold || ' items sold'",
      "s.sold <> s.purchases or s.sold <> s.items_sold",
    ],
    [
      "items",
      "s.items::text",
      "s.numbered || ' items numbered 1 to ' || s.items || ', ' || s.others || ' others'",
      "s.numbered <> s.items or s.others <> 0",
    ],
  )
} on f.is_wrong and not s.goes_on`;

// A page in which one row must fit another is true of its moment, whatever comes after.
const ITEMS = `with p as materialized (${itemsFrom(COMPARED_ITEMS)})
select false, case when p.goes_on then json_build_array(p.page_end)::text end, m.*
from p left join lateral (
  select 'item ' || n || ' of ' || ${
  saleName("p.id")
}, case when has_bad_purchase then 'purchases' else 'items.sold' end,
    case when has_bad_purchase then 'bought' when sold is null then 'no such item' when sold then 'sold' else 'not sold' end,
    case when has_bad_purchase then 'no hold of that code, user and item' when bought then 'a purchase' else 'no purchase' end
  from (
    select coalesce(t.n, b.n) n, t.sold, b.n is not null bought, b.n is not null and h.code is null has_bad_purchase
    from (select n, sold from items where sale_id = $1 and n > $2 and n <= (select up_to from p)) t
    full join (
      select n, code, user_id from purchases where sale_id = $1 and n > $2 and n <= (select up_to from p)
    ) b on b.n = t.n
    left join holds h on h.sale_id = $1 and h.code = b.code and h.user_id = b.user_id and h.n = b.n
  ) m where sold is distinct from bought or has_bad_purchase order by n limit ${FINDINGS_PAGE}
) m on true`;

/** The last key of a page where it is full, beside the findings in it. */
function pageOf(rows: string, key: string, size: number, findings: string): string {
  return `with r as materialized (${rows} limit ${size})
select false, (select case when r.sale_id = $1 then json_build_array(${key})::text end from r offset ${size - 1}), m.*
from (select 1) one left join lateral (
  ${findings} order by r.${key} limit ${FINDINGS_PAGE}
) m on true`;
}

// A hold that was bought with is not marked as ended, nor does it hold its item any more. Whether others are past does
// not matter: no item ever shows as free before its last hold ends. A log is no place for a code: its beginning is enough.
const HOLDS = pageOf(
  `select sale_id, code, n, expires_at, ended_at from holds where (sale_id, code) > ($1::integer, $2::uuid)
  order by sale_id, code`,
  "code",
  HOLDS_PAGE,
  `select 'item ' || r.n || ' of ' || ${saleName("r.sale_id")},
    case when t.n is null then 'items' else 'items.held_until' end,
    case when t.n is null then 'no such item' else 'ends before the hold' end, 'hold ' || left(r.code::text, 8) || '…'
  from r
  left join items t on t.sale_id = $1 and t.n = r.n
  left join purchases p on p.sale_id = $1 and p.n = r.n and p.code = r.code
  where r.sale_id = $1 and (t.n is null
    or r.ended_at is null and p.n is null and (t.held_until is null or t.held_until < r.expires_at))`,
);

const BUYERS = pageOf(
  `select sale_id, user_id, count(*)::integer bought, count(distinct slot)::integer slots, min(slot)::integer low,
    max(slot)::integer top, max(slot_max)::integer allowed
  from purchases where sale_id = $1 and user_id > $2 group by sale_id, user_id order by user_id`,
  "user_id",
  BUYERS_PAGE,
  `select 'user ' || r.user_id || ' in ' || ${saleName("r.sale_id")}, 'slot_max', allowed::text,
    bought || ' purchases in ' || slots || ' slots up to ' || top
  from r where bought > allowed or slots < bought or low < 1 or top > allowed`,
);

// Attempts only come, each numbered above all before it: the last page's counter is that of all that were read. Old ones
// are dropped: by age the first may be missing. Without a partition of its own, and with none read, they were dropped
// whole, maybe since the page before.
const ATTEMPTS = `with a as materialized (
  select s.id, s.attempts, s.ends_at < now() - $6::bigint * interval '1 millisecond' may_be_dropped,
    to_regclass('attempts_' || s.id) is null and a.found = 0 is_dropped, s.attempts > $2::bigint + ${ATTEMPTS_PAGE} goes_on,
    $3::integer + a.found found, case when $3::integer = 0 then a.first_seq else $4::integer end first_seq,
    greatest($5::integer, a.last_seq) last_seq
  from sales s cross join lateral (
    select count(*)::integer found, coalesce(min(seq), 0) first_seq, coalesce(max(seq), 0) last_seq from attempts
    where sale_id = $1 and ${numbersOf("s.attempts", ATTEMPTS_PAGE)}
  ) a where s.id = $1::integer
)
select false, case when a.goes_on and not a.is_dropped then
  json_build_array($2::integer + ${ATTEMPTS_PAGE}, a.found, a.first_seq, a.last_seq, $6::bigint)::text end,
  ${saleName("a.id")}, f.counter, f.says, f.rows
from a left join lateral ${
  wrongs([
    "attempts",
    "a.attempts::text",
    "case when a.found = 0 then 'none' else a.found || ' attempts numbered ' || a.first_seq || ' to ' || a.last_seq end",
    `case when a.found = 0 then a.attempts <> 0 and not a.may_be_dropped
      else a.last_seq <> a.attempts or a.found <> a.last_seq - a.first_seq + 1 or a.first_seq <> 1 and not a.may_be_dropped end`,
  ])
} on f.is_wrong and not a.goes_on and not a.is_dropped`;

function straysIn(table: string): string {
  return `select ${saleName("r.sale_id")} object, '${table}' kind, r.sale_id, count(*) found from g cross join lateral (
    select sale_id from ${table} k where k.sale_id > g.before and k.sale_id < g.id
    order by k.sale_id limit ${STRAYS_MAX}
  ) r group by r.sale_id`;
}

const STRAY_SALE_ROWS = `with e as (select id from sales union all select ${ID_END}),
g as materialized (
  select id, before from (select id, lag(id, 1, ${-ID_END}) over (order by id) before from e) g where id - 1 > before
)
select false, null, object, 'sales', 'no such sale', found || ' ' || kind from (
  ${["items", "holds", "purchases"].map(straysIn).join(" union all ")}
) r order by sale_id, kind limit ${FINDINGS_PAGE}`;

// Attempts are looked for by their partitions: a search through all of them would open each.
const STRAY_PARTITIONS = `select p.id from (
  select substring(c.relname from '^attempts_([0-9]{1,9})$')::integer id
  from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'attempts'::regclass
) p where p.id is not null and not exists (select from sales s where s.id = p.id) order by p.id limit ${FINDINGS_PAGE}`;

const STRAY_ATTEMPTS = `select false, null, ${
  saleName("$1::integer")
}, 'sales', 'no such sale', count(*) || ' attempts' from (
  select from attempts where sale_id = $1 limit ${STRAYS_MAX}
) a`;

/** The lists of what there is to be audited, by their names. */
export const AUDIT_LISTS = {
  audit_coupons: COUPONS,
  audit_sales: SALES,
  audit_stray_partitions: STRAY_PARTITIONS,
} as const;

/** The checks by their names, each with its first place. */
export const AUDIT_CHECKS = {
  audit_claims: { sql: CLAIMS, first: [0, null, 0, 0, 0, 0] },
  audit_ledger: { sql: LEDGER, first: [ID_BEGIN, BEFORE_ALL, false] },
  audit_stray_claims: { sql: STRAY_CLAIMS, first: [ID_BEGIN] },
  audit_sale: { sql: SALE_COUNTS, first: [ID_BEGIN, null, 0, 0, 0, 0] },
  audit_items: { sql: ITEMS, first: [ID_BEGIN] },
  audit_holds: { sql: HOLDS, first: [BEFORE_ALL] },
  audit_buyers: { sql: BUYERS, first: [""] },
  audit_attempts: { sql: ATTEMPTS, first: [0, 0, 0, 0] },
  audit_stray_sale_rows: { sql: STRAY_SALE_ROWS, first: [] },
  audit_stray_attempts: { sql: STRAY_ATTEMPTS, first: [] },
} as const;
