/**
 * Which statement stores many actors' turns at once? One, with all rows as arrays in their text form, which Postgres
 * reads in one go: an array of texts that is then cast costs twice as much.
 *
 * A part is stored only where epoch = its own and turn = its own - 1; its rows are joined on its place in the batch,
 * with what was in fact updated. A confirmation takes no lock and writes nothing.
 *
 * A statement is planned once, maybe on an empty table, and must stay right on a large one. So a lane's sessions join by
 * hash alone, and the large tables are reached through `= any(array)`, which is a condition of their index whatever the
 * planner believes of their size.
 *
 * Rows of several actors are locked in id order: the parts come sorted by id, coupons are scanned in their key's order,
 * and a hash join updates in the order of the side that it does not hash, which is one of the two. A locking step of its
 * own (`for no key update` before the update) says the same and costs a fifth of the rate.
 */
import { MONEY_FIELDS, MONEY_TERMS } from "../domain/coupon_terms.ts";
import { boundAgain, told } from "./batch.ts";
import { DURABLE, ms } from "./sql.ts";

/** The parts of the batch, in id order. */
const PARTS = `d as materialized (
  select * from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::bigint[])
    with ordinality d(id, epoch, turn, taken, seq, at, n)
  where ${DURABLE}
)`;

const CONFIRMATIONS = `k as (
  select q.n from coupons c
  join unnest($13::integer[], $14::bigint[]) with ordinality q(id, epoch, n) on c.id = q.id and c.epoch = q.epoch
  where c.id = any($13::integer[])
)`;

const CLAIMS = `insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
  select u.id, x.seq, x.remaining, x.keyed, to_timestamp(u.at / 1000::float8), x.claim_id, x.user_id
  from unnest(
    $7::integer[], $8::integer[], $9::integer[], $10::boolean[], $11::uuid[], string_to_array($12, e'\\x1f')
  ) x(n, seq, remaining, keyed, claim_id, user_id)
  join u on u.n = x.n`;

/** Those parts that may be stored. */
const MINE = `c.id = d.id and c.epoch = d.epoch and c.turn = d.turn - 1
    and c.id = any($1::integer[])
  returning d.n, d.id, d.at`;

function claimsStatement(before: string, after: string): string {
  return `with ${PARTS}${before},
u as (
  update coupons c set remaining = c.remaining - d.taken, seq = greatest(c.seq, d.seq), turn = d.turn
  from d where ${MINE}
),
i as (${CLAIMS})
${told("u", "$1::integer[]")}${after}`;
}

/** Turns of claims alone: the hot way. 12 parameters, one row. */
const CLAIMS_STATEMENT = claimsStatement("", "");

/** The same beside confirmations. 14 parameters, two rows: stored parts, confirmations that hold. */
const CONFIRMING_STATEMENT = claimsStatement(`, ${CONFIRMATIONS}`, ` union all ${told("k", "$13::integer[]")}`);

/** Stored claims of the batch's coupons and users, reached by their key. */
const STORED = `k.coupon_id = any($1::integer[])
    and k.user_id = any(array(select user_id from named))`;

/** A claim of the 15th parameter, by its part's place. */
const CLAIM_JSON =
  "(n bigint, seq integer, remaining integer, keyed boolean, claim_id uuid, user_id text, details jsonb)";

/** The fingerprint of a claim's command, as `contentOfClaim` has it. @param k has the claim's columns */
export function claimContentOf(k: string): string {
  return `case when ${k}.keyed and ${k}.details ? 'orderAmount'
    then 'order ' || (${k}.details ->> 'orderAmount') || ' ' || ${k}.user_id else 'claim ' || ${k}.user_id end`;
}

/** The answer that a claim was given. @param k has the claim's columns @param name the coupon's */
export function claimAnswerOf(k: string, name: string): string {
  return `jsonb_build_object(
    'kind', 'claimed', 'claimId', ${k}.claim_id, 'userId', ${k}.user_id, 'couponName', ${name}, 'remaining', ${k}.remaining,
    'claimedAt', ${ms(`${k}.claimed_at`)}
  ) || case when ${k}.details is null then '{}' else jsonb_build_object('details', ${k}.details) end`;
}

/** Terms that an edit sets whole: column -> field of the edit. */
const EDITED_TERMS = [
  ["segment", "segment"],
  ["segment_key", "segmentKey"],
  ...MONEY_TERMS.map((name) => [MONEY_FIELDS[name], name] as const),
] as const;

/**
 * Turns of every kind. The 15th parameter is JSON: `edits`, `detailed`, `updates`, `deletes`, `receipts`, `entries`, each
 * row with its part's place `n`. Rows as of the confirming statement. A stored claim that is voided or replaced leaves its
 * answer as a receipt. A claim with a credit appends it to its user's wallet, and where it is voided the opposite.
 *
 * `receipts` is raised where a part does more than add claims: an audit knows by it that what it read may have changed.
 */
const TURNS_STATEMENT = `with ${PARTS}, ${CONFIRMATIONS},
e as materialized (
  select * from jsonb_to_recordset($15::jsonb -> 'edits')
    e(n bigint, amount integer, "startsAt" bigint, "endsAt" bigint, paused boolean, "updatedAt" bigint, segment text, "segmentKey" text,
      ${MONEY_TERMS.map((name) => `"${name}" numeric`).join(", ")})
),
de as materialized (
  select d.*, e.n is not null edited, p.n is not null told, e.amount, e."startsAt", e."endsAt", e.paused, e."updatedAt",
    ${EDITED_TERMS.map(([, field]) => `e."${field}"`).join()}
  from d left join e on e.n = d.n
  left join (select distinct n from jsonb_to_recordset($15::jsonb -> 'receipts') p(n bigint)) p on p.n = d.n
  order by d.id
),
u as (
  update coupons c set
    amount = coalesce(d.amount, c.amount),
    remaining = c.remaining - d.taken + coalesce(d.amount - c.amount, 0),
    seq = greatest(c.seq, d.seq),
    receipts = c.receipts + d.told::integer,
    turn = d.turn,
    starts_at = case when d.edited then to_timestamp(d."startsAt" / 1000::float8) else c.starts_at end,
    ends_at = case when d.edited then to_timestamp(d."endsAt" / 1000::float8) else c.ends_at end,
    paused = coalesce(d.paused, c.paused),
    updated_at = coalesce(to_timestamp(d."updatedAt" / 1000::float8), c.updated_at),
    ${
  EDITED_TERMS.map(([to, field]) => `${to} = case when d.edited then d."${field}" else c.${to} end`).join(",\n    ")
}
  from de d where ${MINE}, c.name
),
i as (${CLAIMS}),
j as materialized (
  select u.id, u.at, j.seq, j.remaining, j.keyed, j.claim_id, j.user_id, j.details
  from jsonb_to_recordset($15::jsonb -> 'detailed') j${CLAIM_JSON} join u on u.n = j.n
),
ji as (
  insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id, details)
  select id, seq, remaining, keyed, to_timestamp(at / 1000::float8), claim_id, user_id, details from j
),
r as materialized (
  select u.id, u.at, u.name, r.seq, r.remaining, r.keyed, r.claim_id, r.user_id, r.details
  from jsonb_to_recordset($15::jsonb -> 'updates') r${CLAIM_JSON} join u on u.n = r.n
),
v as materialized (
  select u.id, u.at, u.name, v.user_id
  from jsonb_to_recordset($15::jsonb -> 'deletes') v(n bigint, user_id text) join u on u.n = v.n
),
named as materialized (
  select id, at, name, user_id from r union all select id, at, name, user_id from v
),
gone as materialized (
  select k.coupon_id, k.claim_id, k.user_id, k.remaining, k.keyed, k.claimed_at, k.details, x.name, x.at
  from named x join claims k on k.coupon_id = x.id and k.user_id = x.user_id
  where ${STORED}
),
ru as (
  update claims k set seq = r.seq, remaining = r.remaining, keyed = r.keyed, claimed_at = to_timestamp(r.at / 1000::float8),
    claim_id = r.claim_id, details = r.details
  from r where k.coupon_id = r.id and k.user_id = r.user_id and ${STORED}
),
vd as (delete from claims k using v where k.coupon_id = v.id and k.user_id = v.user_id and ${STORED}),
p as (
  insert into receipts (coupon_id, id, at, content, answer)
  select u.id, p.id, to_timestamp(u.at / 1000::float8), p.content, p.answer
  from jsonb_to_recordset($15::jsonb -> 'receipts') p(n bigint, id uuid, content text, answer jsonb)
  join u on u.n = p.n
  union all
  select coupon_id, claim_id, to_timestamp(at / 1000::float8), ${claimContentOf("gone")}, ${
  claimAnswerOf("gone", "name")
}
  from gone
  ${boundAgain("coupon_id")}
),
w as (
  insert into wallet_entries (coupon_id, claim_id, is_void, user_id, amount, at)
  select id, claim_id, is_void, user_id, amount, to_timestamp(at / 1000::float8) from (
    select coupon_id id, at, claim_id, true is_void, user_id, -(details ->> 'credit')::numeric amount from gone
    union all
    select u.id, u.at, w."claimId", w."isVoid", w."userId", w.amount
    from jsonb_to_recordset($15::jsonb -> 'entries')
      w(n bigint, "claimId" uuid, "isVoid" boolean, "userId" text, amount numeric) join u on u.n = w.n
    union all
    select id, at, claim_id, false, user_id, (details ->> 'credit')::numeric from r
    union all
    select id, at, claim_id, false, user_id, (details ->> 'credit')::numeric from j
  ) w where amount is not null
)
${told("u", "$1::integer[]")} union all ${told("k", "$13::integer[]")}`;

export const STATEMENTS = {
  claims: CLAIMS_STATEMENT,
  confirming: CONFIRMING_STATEMENT,
  turns: TURNS_STATEMENT,
} as const;
