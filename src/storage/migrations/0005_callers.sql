-- compatible-with: 1
-- Who did which act of an administrator, when and from where. A row is made before its act, and completed after it.

create table admin_acts (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  caller text collate "C" not null,
  act text collate "C" not null,
  target text collate "C" not null,
  address text collate "C" not null,
  request_id text collate "C" not null,
  status integer, -- null: what became of it is not known
  code text collate "C"
);
