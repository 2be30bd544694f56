/** What is a session of PostgreSQL? One connection, whose settings are what every statement counts on, or none at all. */
import pg from "pg";
import { clientConfig, isFinal, type SessionOptions, withoutTls } from "./postgres_server.ts";
import { isShared, keep, POOLED } from "./postgres_backends.ts";
import {
  type Connection,
  ConnectionLost,
  NOT_DURABLE,
  NotConnected,
  type Row,
  SessionRefused,
  SqlError,
} from "./sql.ts";

type Settings = Readonly<Record<string, string>>;

/** What a session is for. */
export interface Purpose {
  /** Settings that differ from other purposes', by their names in pg_settings. */
  readonly settings: Settings;
  /** Whether it is of no use where nothing can be stored. */
  readonly writes: boolean;
}

const LOCK_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** How much longer than the server's time-out the client waits for an answer. */
const SILENCE_MS = 1_000;

/**
 * What every statement counts on, whatever a role or a database has set. They are set by statements, since a pooler
 * refuses or ignores most of what a connection asks for as it begins.
 *
 * Every statement is short: compiling one takes longer than it does, 100 ms and more where the planner guesses high. And
 * each page is read in the order of its index. Of a table that grew since it was analyzed, or never was, the planner
 * expects few rows and would rather collect and sort them: each page then reads all that is left, and a coupon of
 * 400,000 claims took longer to wake than a request may.
 */
const COMMON: Settings = {
  synchronous_commit: "on",
  TimeZone: "UTC",
  array_nulls: "on",
  default_transaction_isolation: "read committed",
  lock_timeout: String(LOCK_TIMEOUT_MS),
  idle_in_transaction_session_timeout: String(LOCK_TIMEOUT_MS),
  jit: "off",
  enable_bitmapscan: "off",
};
/** Planner settings for a statement that is planned once: right on a large table, though planned on a small one. */
const PLANNED_ONCE: Settings = {
  enable_seqscan: "off",
  enable_mergejoin: "off",
  plan_cache_mode: "force_generic_plan",
};

/** For short keyed reads and writes. */
export const ACTIVATING: Purpose = { settings: PLANNED_ONCE, writes: true };
/** Of a lane: it joins by hash alone, and scans in key order: its large tables are reached through arrays of keys. */
export const COMMITTING: Purpose = { settings: { ...PLANNED_ONCE, enable_nestloop: "off" }, writes: true };
/** For reading views, which are planned for their parameters. */
export const VIEWING: Purpose = {
  // Of one core: it is for those who claim that a server has more.
  settings: { plan_cache_mode: "force_custom_plan", max_parallel_workers_per_gather: "0" },
  writes: false,
};
/** For lists, which are searched by an index that is read as a bitmap. */
export const LISTING: Purpose = { settings: { ...VIEWING.settings, enable_bitmapscan: "on" }, writes: false };

/** Idle sessions stay. Servers before PostgreSQL 14 have no such setting. */
const STAY = "select set_config(name, '0', false) from pg_settings where name = 'idle_session_timeout'";
const FOUND = `select pg_backend_pid(), pg_postmaster_start_time()::text, current_setting('transaction_read_only'),
  (select json_object_agg(name, setting) from pg_settings where name = any(string_to_array($1, ',')))`;

pg.types.setTypeParser(20, Number);

/**
 * Of what a statement holds, breaks or may not do, whatever word stands for ERROR in the server's language: errors with
 * these SQLSTATEs end no session (the manual's appendix A). Not of what a machine lacks: that may come as a PANIC.
 */
const OF_THE_STATEMENT = /^(?:0A|2[1236]|25(?!P0[34])|40|42|44|54|55|57014)/;

/**
 * Whether a statement is known to be undone by what the server answered. Only an ERROR tells that: a FATAL may come after
 * the commit.
 */
export function isUndone(severity: string | undefined, code: string | undefined): code is string {
  return code !== undefined && (severity === "ERROR" || OF_THE_STATEMENT.test(code));
}

/**
 * Errors that undo a statement, and that this session would give again where a new one need not: it was made when the
 * server took no writes, or its prepared statements are gone or of an older schema.
 */
const OF_THE_SESSION = new Set(["25006", "26000", "0A000"]);

export class PostgresConnection implements Connection {
  #client: pg.Client;
  /** Whether the session is of no more use. */
  lost = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on("error", () => this.destroy());
    client.on("end", () => this.lost = true);
  }

  /**
   * Makes one.
   *
   * @param silenceMs after which a statement that is not answered is given up, and the session with it
   * @throws SessionRefused where waiting would not help; else NotConnected
   */
  static async open(
    options: SessionOptions,
    purpose: Purpose,
    silenceMs: number = options.statementTimeoutMs + SILENCE_MS,
  ): Promise<PostgresConnection> {
    const { server } = options;
    let connection: PostgresConnection | undefined;
    try {
      const client = new pg.Client({
        ...clientConfig(server),
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        pipeline: true,
        query_timeout: silenceMs,
      });
      connection = new PostgresConnection(client);
      await client.connect();
      await connection.#prepare(options, purpose);
      return connection;
    } catch (error) {
      connection?.destroy();
      const unencrypted = withoutTls(server, error);
      if (unencrypted !== undefined) return await this.open({ ...options, server: unencrypted }, purpose, silenceMs);
      const kind = error instanceof SessionRefused || isFinal(error) ? SessionRefused : NotConnected;
      throw new kind(`Cannot connect to PostgreSQL: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Asks for the settings, and looks whether it got them. */
  async #prepare(options: SessionOptions, { settings, writes }: Purpose): Promise<void> {
    const wanted = { ...COMMON, ...settings, statement_timeout: String(options.statementTimeoutMs) };
    const asked = Object.entries(wanted).map(([name, value]) => `set ${name} = '${value}'`);
    await this.script([...asked, STAY].join("; "));
    const [[pid, startedAt, readOnly, found]] = await this.query(FOUND, [Object.keys(wanted).join()]) as [Row];
    for (const [name, value] of Object.entries(wanted)) {
      const got = (found as Settings)[name];
      if (got !== value) throw new SessionRefused(`${name} is ${got} just after it was set to ${value}; ${POOLED}`);
    }
    if (writes && readOnly === "on") throw new Error("it is read-only");
    const backend = `${pid} ${startedAt}`;
    const { processID } = this.#client as unknown as { processID: number };
    if (await isShared(backend, options, processID !== pid)) throw new SessionRefused(POOLED);
    keep(backend, this);
  }

  async query(text: string, params: readonly unknown[] = [], name?: string): Promise<Row[]> {
    if (this.lost) throw new NotConnected("Cannot send a statement as the session ended");
    try {
      const query = { text, values: params as unknown[], rowMode: "array" as const, ...name && { name } };
      return (await this.#client.query(query)).rows as Row[];
    } catch (error) {
      throw this.#classify(error);
    }
  }

  async script(text: string): Promise<void> {
    try {
      await this.#client.query(text);
    } catch (error) {
      throw this.#classify(error);
    }
  }

  #classify(error: unknown): Error {
    const { severity, code, message } = error as pg.DatabaseError;
    if (isUndone(severity, code)) {
      if (message.includes(NOT_DURABLE)) {
        this.destroy();
        return new SessionRefused(`Dropped a session without synchronous_commit, and stored nothing: ${POOLED}`);
      }
      if (OF_THE_SESSION.has(code)) this.destroy();
      return new SqlError(code, message, { cause: error });
    }
    this.destroy();
    return new ConnectionLost(`Lost the session with a statement in flight: ${message}`, { cause: error });
  }

  destroy(): void {
    this.lost = true;
    const { connection } = this.#client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}
