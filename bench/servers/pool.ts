/** How does a rival reach PostgreSQL? By a pool of node-postgres, its size tuned by hand for the most claims a second. */
import pg from "pg";

/** A pool on the database of the second argument. */
export function openPool(max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: Deno.args[1]!, max });
  pool.on("error", () => {});
  return pool;
}
