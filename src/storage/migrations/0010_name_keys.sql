-- compatible-with: 10
-- Coupon names and segment titles are compared by one key. This adds the columns; a step in TypeScript, in the same
-- transaction, computes the keys of what is stored.

-- The key of `segment`, which stays as it was written.
alter table coupons add column segment_key text collate "C";

-- `title` is a segment's key, which its memberships have; `shown` is the title as it was first written.
alter table segments add column shown text collate "C";

drop function put_memberships(text, text, bigint[]);

create function put_memberships(users text, titles text, expiries bigint[], shown_titles text default null)
returns integer[] language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  wanted text[] := array(select distinct t collate "C" from unnest(string_to_array(titles, e'\x1f')) t order by 1);
  locked integer;
  known integer[];
begin
  perform from unnest(wanted) t where not exists (select from segments s where s.title = t) limit 1;
  if found then
    insert into segments (title, shown)
    select distinct on (x.title) x.title, coalesce(x.first, x.title) from (
      select x.title collate "C" title, x.first, x.place
      from unnest(string_to_array(titles, e'\x1f'), string_to_array(shown_titles, e'\x1f'))
        with ordinality x(title, first, place)
    ) x where not exists (select from segments s where s.title = x.title)
    order by x.title, x.place on conflict (title) do nothing;
  end if;
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

comment on function put_memberships(text, text, bigint[], text) is
'Stores memberships and keeps the counts of their segments: users and titles, each separated by U+001F, no pair twice,
and when they expire, in seconds since the Unix epoch. Titles are taken as given: each must be the key of a segment,
which for printable ASCII is its title in lower case, with single blanks and none at either end. A membership under
another title belongs to a segment that no coupon and no request finds. shown_titles: how new segments are shown.
Returns the places, from 1, of the memberships that were there before.';
