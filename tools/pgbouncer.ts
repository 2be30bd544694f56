/** Where do tests get a connection pooler? Debian's PgBouncer, in a temporary folder, on a free port, gone at the end. */
import pg from "pg";
import { endWithMe, freePort, programPath, Server, unprivileged } from "./services.ts";

/** A running PgBouncer. */
export interface PgBouncer {
  /** The url of a database of its PostgreSQL, by way of the pooler. */
  urlOf(databaseUrl: string): string;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts a PgBouncer before a PostgreSQL that trusts whoever comes.
 *
 * @param settings of its section `[pgbouncer]`, such as `pool_mode`
 */
export async function startPgBouncer(serverUrl: string, settings: Record<string, string>): Promise<PgBouncer> {
  const { hostname, port: serverPort, username } = new URL(serverUrl);
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-pgbouncer-" });
  const port = freePort();
  const owner = await unprivileged();
  const all = {
    listen_addr: "127.0.0.1",
    listen_port: String(port),
    unix_socket_dir: "",
    auth_type: "any",
    admin_users: username,
    max_client_conn: "200",
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const config = `${folder}/pgbouncer.ini`;
  const target = `host=${hostname} port=${serverPort} user=${username}`;
  await Deno.writeTextFile(config, `[databases]\n* = ${target}\n[pgbouncer]\n${lines.join("\n")}\n`);
  await Deno.chown(folder, owner.uid ?? null, owner.gid ?? null);
  await Deno.chown(config, owner.uid ?? null, owner.gid ?? null);
  const server = new Server([programPath("pgbouncer"), config], `${folder}/log`, { ...owner, cwd: folder });
  const stop = async () => {
    await server.end("SIGTERM");
    await Deno.remove(folder, { recursive: true }).catch(() => {}); // A second stop finds none.
    forget();
  };
  const forget = endWithMe(stop);
  try {
    await server.ready(() => ping(port), "PgBouncer to answer");
    server.mustRun("PgBouncer");
  } catch (error) {
    await stop();
    throw error;
  }
  const urlOf = (databaseUrl: string) => {
    const url = new URL(databaseUrl);
    url.port = String(port);
    return url.href;
  };
  return { urlOf, stop };
}

async function ping(port: number): Promise<void> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "doorbuster", database: "pgbouncer" });
  client.on("error", () => {}); // What matters is thrown.
  await client.connect();
  await client.end();
}
