-- compatible-with: 1
-- Flash sales: items, who holds and who bought them, and every attempt to check one out.

-- A sale's id is its hour: whole hours since the Unix epoch.
create table sales (
  id integer primary key,
  items integer not null check (items > 0),
  sold integer not null default 0 check (sold >= 0 and sold <= items),
  attempts integer not null default 0, -- the number of the last attempt
  receipts integer not null default 0,
  epoch bigint not null default 1,
  turn bigint not null default 0,
  paused boolean not null default false,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  holder text
) with (fillfactor = 50);

-- held_until: the end of the last hold that may be live; a view of the holds, kept for those who only look.
create table items (
  sale_id integer not null,
  n integer not null,
  sold boolean not null default false,
  held_until timestamptz,
  primary key (sale_id, n)
) with (fillfactor = 50);

create table holds (
  sale_id integer not null,
  n integer not null,
  keyed boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz, -- given back before, or its purchase voided
  code uuid not null, -- the 128 random bits of the code
  id uuid not null,
  user_id text collate "C" not null,
  primary key (sale_id, code)
) with (fillfactor = 90);

create unique index holds_keyed on holds (sale_id, id) where keyed;

create table purchases (
  sale_id integer not null,
  n integer not null,
  slot smallint not null,
  slot_max smallint not null,
  keyed boolean not null,
  purchased_at timestamptz not null,
  code uuid not null,
  id uuid not null,
  user_id text collate "C" not null,
  primary key (sale_id, n),
  unique (sale_id, user_id, slot),
  check (slot between 1 and slot_max)
);

create table attempts (
  sale_id integer not null,
  seq integer not null,
  n integer not null,
  at timestamptz not null,
  outcome text collate "C" not null,
  user_id text collate "C" not null,
  primary key (sale_id, seq)
) partition by list (sale_id);

-- Of sales whose own partition was dropped by age, and that sell again since a purchase was voided.
create table attempts_default partition of attempts default;

create table sale_receipts (
  sale_id integer not null,
  id uuid not null,
  at timestamptz not null,
  content text collate "C" not null,
  answer jsonb not null,
  primary key (sale_id, id)
);

-- Makes a sale with its items and the partition of its attempts; null where it is there. Attaching a table that was
-- made apart holds up no one who inserts into another partition.
create function make_sale(
  sale integer, item_count integer, starts timestamptz, made timestamptz, node text, command uuid, what text, told jsonb
) returns bigint language plpgsql as $$
begin
  insert into sales (id, items, receipts, starts_at, ends_at, created_at, updated_at, holder)
  values (sale, item_count, 1, starts, starts + interval '1 hour', made, made, node) on conflict (id) do nothing;
  if not found then return null; end if;
  insert into items (sale_id, n) select sale, n from generate_series(1, item_count) n;
  insert into sale_receipts (sale_id, id, at, content, answer) values (sale, command, made, what, told);
  execute format('create table attempts_%s (like attempts including all)', sale);
  execute format('alter table attempts_%s add constraint of_sale check (sale_id = %s)', sale, sale);
  execute format('alter table attempts attach partition attempts_%s for values in (%s)', sale, sale);
  execute format('alter table attempts_%s drop constraint of_sale', sale);
  return 1;
end $$;

-- Drops a sale's attempts; the empty partition stays where the sale may yet sell. Gives up where it would have to wait.
create function drop_attempts(sale integer, whole boolean) returns void language plpgsql as $$
begin
  perform set_config('lock_timeout', '500ms', true);
  if whole then execute format('drop table if exists attempts_%s', sale);
  else execute format('truncate attempts_%s', sale);
  end if;
end $$;
