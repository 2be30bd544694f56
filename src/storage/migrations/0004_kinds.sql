-- compatible-with: 1
-- Wallets: what charge codes added to users' accounts, and what their voids took back.

create table wallet_entries (
  id bigint generated always as identity,
  coupon_id integer not null,
  claim_id uuid not null,
  is_void boolean not null,
  user_id text collate "C" not null,
  amount numeric(15,2) not null,
  at timestamptz not null,
  primary key (coupon_id, claim_id, is_void)
);

create index wallet_entries_user on wallet_entries (user_id, id);
