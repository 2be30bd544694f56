/**
 * How does a rival keep a user's limit without the sale's one actor? By a row of its own for each user: when each hold
 * of theirs ends, and infinity for each purchase. Whoever changes it locks it; the constraint is what makes it exact.
 */
import type pg from "pg";

/** Life of a hold, as Doorbuster's own. */
export const TTL = "interval '30 seconds'";
/** Items that one user may buy in one sale. */
export const LIMIT = 10;

const TABLE = `create table if not exists buyers (
  sale_id integer not null,
  user_id text collate "C" not null,
  ends timestamptz[] not null check (cardinality(ends) <= ${LIMIT}),
  primary key (sale_id, user_id)
) with (fillfactor = 50);
create sequence if not exists attempts_seq as integer cache 32`;

/** Makes what a rival needs beside Doorbuster's tables. */
export async function prepareBuyers(pool: pg.Pool): Promise<void> {
  await pool.query(TABLE);
}
