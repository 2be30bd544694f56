/** What is a database that answers are audited in? */
import type pg from "pg";

/** A database with Doorbuster's tables. */
export interface Database {
  readonly name: string;
  readonly url: string;
  readonly client: pg.Client;
}
