-- The nodes' own role in PostgreSQL: it owns their database, and is no superuser.
--
-- The image runs this on a new volume. On a volume from before, where nodes asked as the superuser, and after a change of
-- DATABASE_PASSWORD, run it by hand while no node runs:
--
--   docker compose up --detach --wait postgres
--   docker compose exec postgres psql -v ON_ERROR_STOP=1 -U doorbuster -d doorbuster \
--     -f /docker-entrypoint-initdb.d/node_role.sql

\getenv password DATABASE_PASSWORD

begin;

select 'create role doorbuster_node' where not exists (select from pg_roles where rolname = 'doorbuster_node') \gexec
alter role doorbuster_node
  with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'password';

select format('revoke all on database %I from public', current_database()) \gexec
select format('alter database %I owner to doorbuster_node', current_database()) \gexec
alter schema public owner to doorbuster_node;

-- What is there already. What belongs to an extension stays with it; a column's sequence goes with its table.
select format('alter %s %s owner to doorbuster_node', case relkind when 'S' then 'sequence' else 'table' end, oid::regclass)
from pg_class c
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S') and not exists (
  select from pg_depend
  where classid = 'pg_class'::regclass and objid = c.oid and (deptype = 'e' or relkind = 'S' and deptype in ('a', 'i')))
\gexec
select format('alter routine %s owner to doorbuster_node', oid::regprocedure)
from pg_proc p
where pronamespace = 'public'::regnamespace and not exists (
  select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
\gexec

commit;
