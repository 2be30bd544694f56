-- compatible-with: 8
-- Lists that are read at little cost: an index to search names by, and a bound on when nothing of a sale is held.

-- The list, and a search that no other index serves, read this index alone: a third of what the table takes.
create index coupons_listed_names on coupons (id) include (fold) where job is null;
drop index coupons_listed;

-- Finds names that contain a text of three letters or more. Without the extension, which a server may lack or its role
-- may not create, such a search reads the index above. Where the extension comes later:
--   create extension pg_trgm;
--   create index concurrently coupons_search on coupons using gin (fold gin_trgm_ops) where job is null;
-- New names are put into it some thousands at once (its pending list): one by one they take 20 times as long.
do $$
declare
  place text;
begin
  begin
    create extension if not exists pg_trgm;
  exception when others then
    raise notice 'coupons are searched without pg_trgm: %', sqlerrm;
  end;
  select quote_ident(n.nspname) into place
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_trgm';
  if place is null then return; end if;
  execute format('create index coupons_search on coupons using gin (fold %s.gin_trgm_ops) where job is null', place);
exception when insufficient_privilege then
  raise notice 'coupons are searched without pg_trgm: %', sqlerrm; -- it is another role's, in a schema of its own
end $$;

-- Nothing of the sale is held from here on: raised with each hold, never lowered. Null: nothing ever was. No hold that
-- was made before lives longer than a day. Older code does not raise it; so it may not be started on this schema.
alter table sales add column held_until timestamptz;
update sales set held_until = now() + interval '24 hours' where sold < items and attempts > 0;
