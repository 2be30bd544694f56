-- compatible-with: 1
-- A sale is made also while someone reads all attempts, such as pg_dump for an hour.

-- Makes a sale with its items and the partition of its attempts; null where it is there. Attaching a table locks the
-- default partition, whose rows it looks through: where a reader keeps that, the sale has no partition of its own, and
-- its attempts go to the default one.
create or replace function make_sale(
  sale integer, item_count integer, starts timestamptz, made timestamptz, node text, command uuid, what text, told jsonb
) returns bigint language plpgsql as $$
begin
  insert into sales (id, items, receipts, starts_at, ends_at, created_at, updated_at, holder)
  values (sale, item_count, 1, starts, starts + interval '1 hour', made, made, node) on conflict (id) do nothing;
  if not found then return null; end if;
  insert into items (sale_id, n) select sale, n from generate_series(1, item_count) n;
  insert into sale_receipts (sale_id, id, at, content, answer) values (sale, command, made, what, told);
  begin
    perform set_config('lock_timeout', '200ms', true);
    execute format('create table attempts_%s (like attempts including all)', sale);
    execute format('alter table attempts_%s add constraint of_sale check (sale_id = %s)', sale, sale);
    execute format('alter table attempts attach partition attempts_%s for values in (%s)', sale, sale);
    execute format('alter table attempts_%s drop constraint of_sale', sale);
  exception when lock_not_available then
    null;
  end;
  return 1;
end $$;

-- Drops a sale's attempts, wherever they are; the empty partition stays where the sale may yet sell. Gives up where it
-- would have to wait.
create or replace function drop_attempts(sale integer, whole boolean) returns void language plpgsql as $$
begin
  perform set_config('lock_timeout', '500ms', true);
  if to_regclass('attempts_' || sale) is null then delete from attempts_default where sale_id = sale;
  elsif whole then execute format('drop table attempts_%s', sale);
  else execute format('truncate attempts_%s', sale);
  end if;
end $$;
