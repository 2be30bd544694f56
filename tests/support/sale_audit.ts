/** Do a sale's counters and rows agree, by SQL that the product does not share? */
import assert from "node:assert/strict";
import type { Row } from "../../src/storage/sql.ts";
import { openTestPostgres } from "./storage.ts";

/** Each is true of every sale, whatever happened; a row that it returns is one of which it is not. */
const WRONG: Readonly<Record<string, string>> = {
  "sold is the number of purchases": `select s.id, s.sold, count(p.n) from sales s left join purchases p
    on p.sale_id = s.id group by s.id having s.sold <> count(p.n)`,
  "sold is the number of sold items": `select s.id, s.sold, count(t.n) from sales s left join items t
    on t.sale_id = s.id and t.sold group by s.id having s.sold <> count(t.n)`,
  "a sale has all its items": `select s.id, s.items from sales s left join items t on t.sale_id = s.id
    group by s.id having s.items <> count(t.n) or s.items <> max(t.n) or min(t.n) <> 1`,
  "what is bought is sold": `select p.* from purchases p left join items t on t.sale_id = p.sale_id and t.n = p.n
    where t.sold is not true`,
  "attempts are numbered without gaps": `select s.id, s.attempts, count(a.seq), max(a.seq) from sales s
    left join attempts a on a.sale_id = s.id group by s.id
    having s.attempts <> count(a.seq) or s.attempts <> coalesce(max(a.seq), 0)`,
  "nobody has more than ten": `select sale_id, user_id, count(*) from purchases group by sale_id, user_id
    having count(*) > 10`,
  "each purchase has its hold": `select p.* from purchases p left join holds h on h.sale_id = p.sale_id
    and h.code = p.code where h.n is distinct from p.n or h.user_id is distinct from p.user_id`,
  "each hold has its attempt": `select * from (
      select sale_id, n, user_id, count(*) held from holds group by sale_id, n, user_id
    ) h left join (
      select sale_id, n, user_id, count(*) ok from attempts where outcome = 'ok' group by sale_id, n, user_id
    ) a using (sale_id, n, user_id) where held > coalesce(ok, 0)`,
  "an item is held until the end of its last live hold": `select t.*, h.until from items t left join (
      select h.sale_id, h.n, max(h.expires_at) until from holds h
      left join purchases p on p.sale_id = h.sale_id and p.code = h.code
      where h.ended_at is null and p.n is null and h.expires_at > now() group by h.sale_id, h.n
    ) h on h.sale_id = t.sale_id and h.n = t.n
    where not t.sold and case when t.held_until > now() then t.held_until end is distinct from h.until`,
};

/** Runs statements on a database of a running test. */
export async function querying<T>(
  databaseUrl: string,
  body: (query: (sql: string) => Promise<Row[]>) => Promise<T>,
): Promise<T> {
  const database = await openTestPostgres(databaseUrl, { statementTimeoutMs: 30_000 });
  try {
    return await body((sql) => database.views.query(sql));
  } finally {
    await database.close();
  }
}

/** Holds every counter against its rows, over all sales of a PostgreSQL. */
export function assertExact(databaseUrl: string): Promise<void> {
  return querying(databaseUrl, async (query) => {
    for (const [what, sql] of Object.entries(WRONG)) assert.deepEqual(await query(sql), [], what);
  });
}
