/** Where does a test that needs a real PostgreSQL, or a server of its own, get an empty database? */
import { createDatabase } from "../../tools/services.ts";
import { withDataDir } from "./data_dir.ts";
import type { NodeOptions } from "./node.ts";

/**
 * Makes a new database on the test run's PostgreSQL; it goes with the server.
 *
 * @param how of `create database`, beside its name
 * @returns its url
 * @throws {Error} when no server was started for the run
 */
export function freshDatabase(how?: string): Promise<string> {
  const server = Deno.env.get("TEST_DATABASE_URL");
  if (!server) throw new Error("Cannot make a database as TEST_DATABASE_URL is not set: run `deno task test`");
  return createDatabase(server, how);
}

/**
 * Whether PostgreSQL ends a wait by its own time-outs. Under faketime it does not: in a wait its signal handlers see the
 * real time, by which no time-out is over.
 */
export const WAITS_TIME_OUT = !Deno.env.has("FAKETIME");

/** Lends a server a place for its data, for as long as the body runs. */
export type Place = (body: (options: NodeOptions) => Promise<void>) => Promise<void>;

/** Both databases, by their names: each place is empty, and for one body alone. */
export const DATABASES = {
  PostgreSQL: async (body) => await body({ databaseUrl: await freshDatabase() }),
  embedded: (body) => withDataDir((dataDir) => body({ dataDir })),
} satisfies Readonly<Record<string, Place>>;
