-- compatible-with: 1
-- Kinds of coupons, whom they are for, and the ledger of what charge coupons credit.

-- What does not belong to a coupon's kind is null; the rules see to it.
alter table coupons
  add column kind text collate "C" not null default 'plain',
  add column segment text collate "C", -- whose members alone may claim
  add column percent_off numeric(5, 2),
  add column amount_off numeric(15, 2),
  add column max_discount numeric(15, 2),
  add column min_order numeric(15, 2),
  add column credit numeric(15, 2);

-- What a claim came to beside its unit: orderAmount, discountAmount, finalAmount, credit, each a decimal text. Null of
-- most: the hot way does not write it.
alter table claims add column details jsonb;

-- A wallet is its entries, its balance their sum. A charge claim appends its credit in its own commit, and its void the
-- opposite: once each, by the key.
create table wallet_entries (
  id bigint generated always as identity,
  coupon_id integer not null,
  claim_id uuid not null,
  is_void boolean not null,
  user_id text collate "C" not null,
  amount numeric(15, 2) not null,
  at timestamptz not null,
  primary key (coupon_id, claim_id, is_void),
  check (case when is_void then amount < 0 else amount > 0 end)
);

create index wallet_entries_user on wallet_entries (user_id, id);
