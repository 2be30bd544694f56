/**
 * Which statement stores many actors' turns at once? One, with all rows as delimited texts, so that neither side builds
 * an array element by element.
 *
 * A part is stored only where epoch = its own and turn = its own - 1; its rows are joined on its place in the batch.
 * Rows of several actors are locked in id order by a step of their own. A confirmation takes no lock and writes nothing.
 */

/** Parts as columns: id, epoch, turn, taken, seq, at; and which are confirmations. */
const PARTS = `d as (
  select * from unnest(
    string_to_array($1, ',')::integer[], string_to_array($2, ',')::bigint[], string_to_array($3, ',')::bigint[],
    string_to_array($4, ',')::integer[], string_to_array($5, ',')::integer[], string_to_array($6, ',')::bigint[]
  ) with ordinality d(id, epoch, turn, taken, seq, at, n)
),
l as materialized (
  select d.* from coupons c join d on c.id = d.id
  where c.epoch = d.epoch and c.turn = d.turn - 1
  order by c.id for no key update of c
)`;

const CONFIRMATIONS = `k as (
  select q.n from coupons c
  join unnest(string_to_array($7, ',')::integer[], string_to_array($8, ',')::bigint[]) with ordinality q(id, epoch, n)
    on c.id = q.id and c.epoch = q.epoch
)`;

const CLAIMS = `insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
  select l.id, x.seq, x.remaining, x.keyed, to_timestamp(l.at / 1000.0), x.claim_id, x.user_id
  from unnest(
    string_to_array($9, ',')::integer[], string_to_array($10, ',')::integer[], string_to_array($11, ',')::integer[],
    string_to_array($12, ',')::boolean[], string_to_array($13, ',')::uuid[], string_to_array($14, e'\\x1f')
  ) x(n, seq, remaining, keyed, claim_id, user_id)
  join l on l.n = x.n`;

const ANSWER = `select n, true from l union all select n, false from k`;

/** Turns of claims alone, and confirmations: the hot way. 14 parameters. */
export const CLAIMS_STATEMENT = `with ${PARTS}, ${CONFIRMATIONS},
u as (
  update coupons c set remaining = c.remaining - l.taken, seq = greatest(c.seq, l.seq), turn = l.turn
  from l where c.id = l.id
),
i as (${CLAIMS})
${ANSWER}`;

/**
 * Turns of every kind. The 15th parameter is JSON: `edits`, `updates`, `deletes`, `receipts`, each row with its part's
 * place `n`. A stored claim that is voided or replaced leaves its answer as a receipt.
 */
export const TURNS_STATEMENT = `with ${PARTS}, ${CONFIRMATIONS},
e as (
  select * from jsonb_to_recordset($15::jsonb -> 'edits')
    e(n bigint, amount integer, "startsAt" bigint, "endsAt" bigint, paused boolean, "updatedAt" bigint)
),
u as (
  update coupons c set
    amount = coalesce(e.amount, c.amount),
    remaining = c.remaining - l.taken + coalesce(e.amount - c.amount, 0),
    seq = greatest(c.seq, l.seq),
    turn = l.turn,
    starts_at = case when e.n is null then c.starts_at else to_timestamp(e."startsAt" / 1000.0) end,
    ends_at = case when e.n is null then c.ends_at else to_timestamp(e."endsAt" / 1000.0) end,
    paused = coalesce(e.paused, c.paused),
    updated_at = coalesce(to_timestamp(e."updatedAt" / 1000.0), c.updated_at)
  from l left join e on e.n = l.n where c.id = l.id
),
i as (${CLAIMS}),
r as (
  select l.id, l.at, r.seq, r.remaining, r.keyed, r.claim_id, r.user_id
  from jsonb_to_recordset($15::jsonb -> 'updates')
    r(n bigint, seq integer, remaining integer, keyed boolean, claim_id uuid, user_id text)
  join l on l.n = r.n
),
v as (
  select l.id, l.at, v.user_id
  from jsonb_to_recordset($15::jsonb -> 'deletes') v(n bigint, user_id text) join l on l.n = v.n
),
gone as (
  select k.coupon_id, k.claim_id, k.user_id, k.remaining, k.claimed_at, c.name, x.at
  from (select id, at, user_id from r union all select id, at, user_id from v) x
  join claims k on k.coupon_id = x.id and k.user_id = x.user_id
  join coupons c on c.id = x.id
),
ru as (
  update claims k set seq = r.seq, remaining = r.remaining, keyed = r.keyed, claimed_at = to_timestamp(r.at / 1000.0),
    claim_id = r.claim_id
  from r where k.coupon_id = r.id and k.user_id = r.user_id
),
vd as (delete from claims k using v where k.coupon_id = v.id and k.user_id = v.user_id),
p as (
  insert into receipts (coupon_id, id, at, content, answer)
  select l.id, p.id, to_timestamp(l.at / 1000.0), p.content, p.answer
  from jsonb_to_recordset($15::jsonb -> 'receipts') p(n bigint, id uuid, content text, answer jsonb)
  join l on l.n = p.n
  union all
  select coupon_id, claim_id, to_timestamp(at / 1000.0), 'claim ' || user_id, jsonb_build_object(
    'kind', 'claimed', 'claimId', claim_id, 'userId', user_id, 'couponName', name, 'remaining', remaining,
    'claimedAt', (extract(epoch from claimed_at) * 1000)::bigint)
  from gone
)
${ANSWER}`;
