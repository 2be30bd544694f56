-- compatible-with: 1
-- Users, and the segments that they belong to.

create table users (
  id text collate "C" primary key,
  created_at timestamptz not null default now()
);

-- Live while now < expires_at.
create table memberships (
  segment text collate "C" not null,
  user_id text collate "C" not null,
  expires_at timestamptz not null,
  primary key (segment, user_id)
);

create index memberships_user on memberships (user_id);
