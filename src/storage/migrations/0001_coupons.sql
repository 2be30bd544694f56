-- compatible-with: 1
-- Coupons, who claimed them, and the receipts of commands that made no claim.

create table coupons (
  id integer generated always as identity primary key,
  fold text collate "C" not null,
  name text collate "C" not null,
  amount integer not null check (amount > 0),
  remaining integer not null check (remaining >= 0 and remaining <= amount),
  seq integer not null default 0,
  receipts integer not null default 0, -- above 0 where it may have receipts
  epoch bigint not null default 1,
  turn bigint not null default 0,
  paused boolean not null default false,
  starts_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  holder text
) with (fillfactor = 50);

create unique index coupons_fold on coupons (fold);

-- No foreign key and no third unique index on the hot table: each costs a third of the write rate. A claim's id is its
-- command's id; the actor keeps the ids that may come again.
create table claims (
  coupon_id integer not null,
  seq integer not null,
  remaining integer not null,
  keyed boolean not null,
  claimed_at timestamptz not null,
  claim_id uuid not null,
  user_id text collate "C" not null,
  primary key (coupon_id, user_id)
);

create unique index claims_seq on claims (coupon_id, seq);

-- The stored answers of creates, edits and voids, and of claims that were voided later.
create table receipts (
  coupon_id integer not null,
  id uuid not null,
  at timestamptz not null,
  content text collate "C" not null,
  answer jsonb not null,
  primary key (coupon_id, id)
);
