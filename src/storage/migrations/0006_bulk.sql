-- compatible-with: 1
-- Jobs that make many coupons, and which coupons each has made.

create table bulk_jobs (
  id integer generated always as identity primary key,
  request_id uuid not null unique,
  count integer not null check (count > 0),
  made integer not null default 0 check (made between 0 and count),
  pattern text collate "C", -- null: codes that no one can guess
  terms jsonb not null,
  state text collate "C" not null default 'running' check (state in ('running', 'done', 'failed', 'cancelled')),
  failure text collate "C",
  lease integer not null default 0,
  holder text collate "C",
  leased_until timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz
) with (fillfactor = 50);

create index bulk_jobs_running on bulk_jobs (id) where state = 'running';

-- Null: made by itself.
alter table coupons add column job integer;

create index coupons_job on coupons (job, id) where job is not null;
