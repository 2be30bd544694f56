/**
 * Is each session a server process of its own? A transaction pooler lends one process to many sessions, by turns: their
 * settings and prepared statements are then each other's. It shows where two sessions that live have one process.
 */
import pg from "pg";
import { clientConfig } from "./postgres_server.ts";
import type { SessionOptions } from "./postgres_server.ts";

/** What an operator is to do about it. */
export const POOLED =
  "no transaction pooler may stand between: connect to PostgreSQL, or through a pooler in session mode";

/** A pooler that has no process to spare lets a connection wait for longer. */
const LOOK_MS = 1_000;

interface Session {
  readonly lost: boolean;
  destroy(): void;
}

/** This process's sessions, by their server processes. */
const sessions = new Map<string, Session>();

function ownerOf(backend: string): Session | undefined {
  const session = sessions.get(backend);
  if (session?.lost !== true) return session;
  sessions.delete(backend);
  return undefined;
}

/** Notes whose process it is. @param backend names it among all that the server ever had */
export function keep(backend: string, session: Session): void {
  for (const [other, { lost }] of sessions) if (lost) sessions.delete(other);
  sessions.set(backend, session);
}

/**
 * Whether a new session's process serves another session as well; that one is dropped too.
 *
 * @param isPooled whether there is a pooler: then a second connection looks whether it is given the same process
 */
export async function isShared(backend: string, options: SessionOptions, isPooled: boolean): Promise<boolean> {
  const owner = ownerOf(backend);
  owner?.destroy();
  if (owner !== undefined || !isPooled) return owner !== undefined;
  const looked = await lookAgain(options);
  return looked === backend || (looked !== undefined && ownerOf(looked) !== undefined);
}

/** The server process that one more connection is given; undefined where it gets none soon. */
async function lookAgain({ server }: SessionOptions): Promise<string | undefined> {
  const client = new pg.Client({ ...clientConfig(server), connectionTimeoutMillis: LOOK_MS, query_timeout: LOOK_MS });
  client.on("error", () => {}); // What matters is thrown.
  try {
    await client.connect();
    const text = "select pg_backend_pid() || ' ' || pg_postmaster_start_time()::text";
    return (await client.query({ text, rowMode: "array" })).rows[0]?.[0];
  } catch {
    return undefined;
  } finally {
    const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}
