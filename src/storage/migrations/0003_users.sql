-- compatible-with: 1
-- Users, their memberships of segments, and what counts the live ones at once.

-- Users that were registered. Others are known by what they have: memberships, claims, purchases, wallet entries.
create table users (
  id text collate "C" primary key,
  created_at timestamptz not null
);

-- A membership is live while now < expires_at, a whole second.
create table memberships (
  segment text collate "C" not null,
  user_id text collate "C" not null,
  expires_at timestamptz not null,
  primary key (segment, user_id)
);

create index memberships_user on memberships (user_id);

-- A segment's total is the sum of its expiries, below: live = total - those whose second has passed, swept or not.
-- Whoever changes a segment's memberships locks its row first, and several in the order of their ids. Pages are left
-- nearly empty: a row that is changed in each commit of an import stays on its page, and out of the indexes.
create table segments (
  id integer generated always as identity primary key,
  title text collate "C" not null unique,
  total integer not null default 0
) with (fillfactor = 10);

-- How many of a segment's memberships expire in a second. Of one that has passed: the change since it was swept, which
-- is below zero where memberships were stored anew since.
create table segment_expiries (
  at timestamptz not null,
  segment_id integer not null,
  n integer not null,
  primary key (at, segment_id)
);

-- Stores memberships: the users' ids and segments as texts separated by \x1f, no pair twice, and when they expire, in
-- seconds since the Unix epoch. Returns the places, from 1, of those that were there already. Each statement sees what
-- was committed while the one before it waited: a single one would count by what it saw before its locks.
create function put_memberships(users text, titles text, expiries bigint[]) returns integer[] language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  wanted text[] := array(select distinct t collate "C" from unnest(string_to_array(titles, e'\x1f')) t order by 1);
  locked integer;
  known integer[];
begin
  insert into segments (title) select t from unnest(wanted) t
  where not exists (select from segments s where s.title = t) order by t on conflict (title) do nothing;
  perform from segments s where s.title = any(wanted) order by s.id for no key update;
  get diagnostics locked = row_count;
  if locked <> cardinality(wanted) then raise 'a segment is gone' using errcode = '40001'; end if;
  with given as materialized (
    select x.place, s.id, x.segment, x.user_id, to_timestamp(x.at) expires_at, m.expires_at was
    from unnest(string_to_array(users, e'\x1f'), string_to_array(titles, e'\x1f'), expiries)
      with ordinality x(user_id, segment, at, place)
    join segments s on s.title = x.segment
    left join memberships m on m.segment = x.segment and m.user_id = x.user_id
  ), stored as (
    insert into memberships as m (segment, user_id, expires_at)
    select g.segment, g.user_id, g.expires_at from given g where g.was is distinct from g.expires_at
    order by g.segment, g.user_id
    on conflict (segment, user_id) do update set expires_at = excluded.expires_at
  ), changes as materialized (
    select c.id, c.at, sum(c.n)::integer n from (
      select g.id, g.expires_at at, 1 n from given g
      union all select g.id, g.was, -1 from given g where g.was is not null
    ) c group by c.id, c.at having sum(c.n) <> 0
  ), expiring as (
    insert into segment_expiries as e (at, segment_id, n) select c.at, c.id, c.n from changes c order by c.at, c.id
    on conflict (at, segment_id) do update set n = e.n + excluded.n
  ), totals as (
    update segments s set total = s.total + c.n
    from (select c.id, sum(c.n) n from changes c group by c.id having sum(c.n) <> 0) c where s.id = c.id
  )
  select array_agg(g.place::integer order by g.place) into known from given g where g.was is not null;
  return coalesce(known, '{}');
end $$;

-- Takes what has expired out of the totals, at most so many seconds of segments. Returns how many were swept, 0 where
-- another sweeps. Waits its turn where segments are being changed: who passed those by would sweep nothing beside an import.
-- A clock ahead of this server's sweeps nothing early.
create function sweep_segments(now_ms bigint, most integer) returns integer language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  until timestamptz := least(to_timestamp(now_ms / 1000e0), clock_timestamp());
  due integer[];
  swept integer;
begin
  if not pg_try_advisory_xact_lock(7306482) then return 0; end if;
  select max(e.at), array_agg(distinct e.segment_id) into until, due
  from (select e.at, e.segment_id from segment_expiries e where e.at <= until order by e.at, e.segment_id limit most) e;
  due := array(select s.id from segments s where s.id = any(due) order by s.id for no key update);
  with gone as (
    delete from segment_expiries e where e.at <= until and e.segment_id = any(due) returning e.segment_id, e.n
  ), totals as (
    update segments s set total = s.total - g.n
    from (select segment_id, sum(n) n from gone group by segment_id) g where s.id = g.segment_id
  )
  select count(*) into swept from gone;
  return swept;
end $$;

-- The claims of one user, over however many coupons, by the index that lets a user claim a coupon once: a third index on
-- the hot table costs a tenth of the write rate.
alter table claims drop constraint claims_pkey;
alter table claims add primary key (user_id, coupon_id);
