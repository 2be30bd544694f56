/** Where does a test that needs a real PostgreSQL get an empty database? */
import { createDatabase } from "../../tools/services.ts";

/**
 * Makes a new database on the test run's PostgreSQL; it goes with the server.
 *
 * @returns its url
 * @throws {Error} when no server was started for the run
 */
export function freshDatabase(): Promise<string> {
  const server = Deno.env.get("TEST_DATABASE_URL");
  if (!server) throw new Error("Cannot make a database as TEST_DATABASE_URL is not set: run `deno task test`");
  return createDatabase(server);
}
