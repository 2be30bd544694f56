/**
 * Gives every coupon and every segment that is stored the key of its name. A coupon whose key changes has its epoch
 * raised, so that no actor goes on under the old one. Refuses where two would become one, or where a name has no key.
 */
import { quoted } from "../../domain/quoted.ts";
import { MigrationError } from "../migration_error.ts";
import type { Connection } from "../sql.ts";

/** How keys are made; undefined where a text has none. */
export interface Keys {
  name(text: string): string | undefined;
  title(text: string): string | undefined;
}

/** Rows of a page: each statement is short, and no more than a page is in memory. */
const PAGE = 5_000;
/** Names that a refusal lists. */
const LISTED_MAX = 10;

const COUPONS = "select id, name, fold, segment from coupons where id > $1 order by id limit $2";
const SEGMENTS = "select id, title from segments where id > $1 order by id limit $2";
const CHANGED =
  "select r.id, s.title, r.key from rekeyed r join segments s on s.id = r.id where r.id > $1 order by r.id limit $2";
const KEEP = "insert into rekeyed select id, key from jsonb_to_recordset($1::jsonb) r(id integer, key text)";
const COUPON_SEGMENTS = `update coupons c set segment_key = r.key
from jsonb_to_recordset($1::jsonb) r(id integer, key text) where c.id = r.id`;
const SHOW = "update segments set shown = title where id > $1 and id <= $2";
const MEMBERSHIPS = `update memberships m set segment = p.key
from (
  select m.segment, m.user_id, r.key from jsonb_to_recordset($1::jsonb) r(title text, key text)
  join memberships m on m.segment = r.title limit $2
) p where m.segment = p.segment and m.user_id = p.user_id returning 1`;
const JOBS =
  "select id, terms ->> 'segment' from bulk_jobs where id > $1 and terms ->> 'segment' is not null order by id limit $2";
const JOB_SEGMENTS = `update bulk_jobs b set terms = b.terms || jsonb_build_object('segmentKey', r.key)
from jsonb_to_recordset($1::jsonb) r(id integer, key text) where b.id = r.id`;

/** Rows that would have one key: their names, as the first of them was made first. */
function clashes(table: string, key: string, name: string): string {
  return `with k as (
  select r.id, r.key from rekeyed r
  union all select t.id, t.${key} from ${table} t
  where t.${key} in (select key from rekeyed) and not exists (select from rekeyed r where r.id = t.id)
), c as (select key, min(id) first, array_agg(id order by id) ids from k group by key having count(*) > 1)
select (select string_agg(t.${name}, e'\\x1f' order by t.id) from ${table} t where t.id = any(c.ids[1:5]))
from c order by first limit ${LISTED_MAX}`;
}

type Found = { readonly id: number; readonly key: string };

/** The key of a text. @throws MigrationError where it has none */
function keyOf(what: string, text: string, make: (text: string) => string | undefined): string {
  const key = make(text);
  if (key === undefined) {
    throw new MigrationError(`Cannot migrate: ${what} ${quoted(text)} has no key: rename it first`);
  }
  return key;
}

/** The pages of a table, by id. @param read of what comes after an id; the first column is the id */
async function* pagesOf(connection: Connection, read: string): AsyncGenerator<readonly (readonly unknown[])[], void> {
  for (let after = 0;;) {
    const rows = await connection.query(read, [after, PAGE]);
    if (rows.length === 0) return;
    yield rows;
    after = Number(rows.at(-1)![0]);
  }
}

/** @throws MigrationError where two of them have one key */
async function refuseClashes(
  connection: Connection,
  what: string,
  table: string,
  key: string,
  name: string,
): Promise<void> {
  const rows = await connection.query(clashes(table, key, name));
  if (rows.length === 0) return;
  const groups = rows.map(([names]) => String(names).split("\x1f").map(quoted).join(" and "));
  const more = rows.length === LISTED_MAX ? "; and maybe more" : "";
  throw new MigrationError(
    "Cannot migrate, as names that differ only in case, blanks, dashes or invisible characters are one from now on, and " +
      `these ${what} would be one: ${
        groups.join("; ")
      }${more}. Rename one, or merge them, by SQL while no node runs; ` +
      "then migrate again",
  );
}

async function rekeyCoupons(connection: Connection, keys: Keys): Promise<void> {
  for await (const rows of pagesOf(connection, COUPONS)) {
    const changed: Found[] = [];
    const segments: Found[] = [];
    for (const [id, name, fold, segment] of rows) {
      const key = keyOf("the coupon", String(name), keys.name);
      if (key !== fold) changed.push({ id: Number(id), key });
      if (segment !== null) segments.push({ id: Number(id), key: keyOf("the segment", String(segment), keys.title) });
    }
    if (changed.length > 0) await connection.query(KEEP, [JSON.stringify(changed)]);
    if (segments.length > 0) await connection.query(COUPON_SEGMENTS, [JSON.stringify(segments)]);
  }
  await refuseClashes(connection, "coupons", "coupons", "fold", "name");
  // By way of what is no key, as one may have had the key that another gets.
  await connection.query(
    "update coupons c set fold = '/' || c.id, epoch = c.epoch + 1 from rekeyed r where c.id = r.id",
  );
  await connection.query("update coupons c set fold = r.key from rekeyed r where c.id = r.id");
}

async function rekeySegments(connection: Connection, keys: Keys): Promise<void> {
  for await (const rows of pagesOf(connection, SEGMENTS)) {
    const all = rows.map(([id, title]) => {
      return { id: Number(id), title: String(title), key: keyOf("the segment", String(title), keys.title) };
    });
    const changed = all.filter(({ title, key }) => title !== key);
    if (changed.length > 0) await connection.query(KEEP, [JSON.stringify(changed)]);
    await connection.query(SHOW, [Number(rows[0]![0]) - 1, rows.at(-1)![0]]);
  }
  await refuseClashes(connection, "segments", "segments", "title", "title");
  // A key is its own key: none is the title of another segment, or both would have been refused.
  for await (const rows of pagesOf(connection, CHANGED)) {
    const changed = JSON.stringify(rows.map(([, title, key]) => ({ title, key })));
    while ((await connection.query(MEMBERSHIPS, [changed, PAGE])).length === PAGE);
  }
  await connection.query("update segments s set title = r.key from rekeyed r where s.id = r.id");
}

/** Re-keys what is stored. @throws MigrationError where that cannot be done; nothing is changed then */
export async function rekey(connection: Connection, keys: Keys): Promise<void> {
  await connection.script(`lock table coupons, segments, memberships, bulk_jobs in share row exclusive mode;
    create temporary table rekeyed (id integer primary key, key text collate "C" not null) on commit drop`);
  await rekeyCoupons(connection, keys);
  await connection.script("truncate rekeyed");
  await rekeySegments(connection, keys);
  for await (const rows of pagesOf(connection, JOBS)) {
    const found = rows.map(([id, segment]) => ({
      id: Number(id),
      key: keyOf("the segment", String(segment), keys.title),
    }));
    await connection.query(JOB_SEGMENTS, [JSON.stringify(found)]);
  }
  await connection.script("alter table segments alter column shown set not null");
}
