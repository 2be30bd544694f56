/** How do we talk to PostgreSQL? Through node-postgres, one thin file. */
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { type Connection, ConnectionLost, type Database, NotConnected, type Row, type Sql, SqlError } from "./sql.ts";

/** Which server, and who asks there. */
export interface PostgresServer {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly applicationName: string | undefined;
  readonly options: string | undefined;
  /** Undefined: not encrypted. */
  readonly tls: PostgresTls | undefined;
}

/** How a connection is encrypted; certificates and key in PEM. */
export interface PostgresTls {
  /** Whether to go on unencrypted where the server has no TLS. */
  readonly isOptional: boolean;
  /** Whether the server's certificate must be signed by an authority that is trusted. */
  readonly rejectUnauthorized: boolean;
  /** Whether it must also be the certificate of that host. */
  readonly verifiesHost: boolean;
  /** Authorities that are trusted; undefined: those of the runtime. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Where and how to connect. */
export interface PostgresOptions {
  readonly server: PostgresServer;
  /** A statement that took longer is given up by the server, in milliseconds. */
  readonly statementTimeoutMs: number;
  /** Sessions for activations. */
  readonly activations: number;
  /** Sessions for views. */
  readonly views: number;
}

const LOCK_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** How much longer than the server's time-out the client waits for an answer. */
const SILENCE_MS = 1_000;

/** Statements that may wait for a session of a pool; one more is refused. */
const WAITING_MAX = 4096;

/**
 * Every statement is short: compiling one takes longer than it does, 100 ms and more where the planner guesses high. And
 * each page is read in the order of its index. Of a table that grew since it was analyzed, or never was, the planner
 * expects few rows and would rather collect and sort them: each page then reads all that is left, and a coupon of
 * 400,000 claims took longer to wake than a request may.
 */
const SHORT = "set jit = off; set enable_bitmapscan = off;";
/** What a role or a database may have set otherwise, and the statements count on. */
const EXPECTED = "set timezone = 'UTC'; set array_nulls = on; set default_transaction_isolation = 'read committed';";
/** Planner settings for a statement that is planned once: right on a large table, though planned on a small one. */
const PLANNED_ONCE = "set enable_seqscan = off; set enable_mergejoin = off; set plan_cache_mode = force_generic_plan;";
/** A lane joins by hash alone, and scans in key order: its large tables are reached through arrays of keys. */
const LANE = PLANNED_ONCE + "set enable_nestloop = off;";
/** Views are planned for their parameters. */
const VIEW = "set plan_cache_mode = force_custom_plan;";

/** How a session is made. */
interface Purpose {
  readonly settings: string;
  /** Whether it is of no use where nothing can be stored. */
  readonly writes: boolean;
}

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

/** What the driver says where the server has no TLS. */
const NO_TLS = "The server does not support SSL connections";

function tlsOptions({ rejectUnauthorized, verifiesHost, ca, cert, key }: PostgresTls): ConnectionOptions {
  return {
    rejectUnauthorized,
    ...ca !== undefined && { ca },
    ...cert !== undefined && { cert },
    ...key !== undefined && { key },
    ...!verifiesHost && { checkServerIdentity: () => undefined },
  };
}

/** A session of PostgreSQL. */
class PostgresConnection implements Connection {
  #client: pg.Client;
  /** Whether the session is of no more use. */
  lost = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on("error", () => this.destroy());
    client.on("end", () => this.lost = true);
  }

  static async open(options: PostgresOptions, purpose: Purpose, tls = options.server.tls): Promise<PostgresConnection> {
    let connection: PostgresConnection | undefined;
    try {
      const { host, port, user, password, database, applicationName, options: flags } = options.server;
      const client = new pg.Client({
        host,
        port,
        ...user !== undefined && { user },
        ...password !== undefined && { password },
        database,
        ...flags !== undefined && { options: flags },
        ssl: tls === undefined ? false : tlsOptions(tls),
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        pipeline: true,
        statement_timeout: options.statementTimeoutMs,
        lock_timeout: LOCK_TIMEOUT_MS,
        idle_in_transaction_session_timeout: LOCK_TIMEOUT_MS,
        query_timeout: options.statementTimeoutMs + SILENCE_MS,
        application_name: applicationName ?? "doorbuster",
      });
      connection = new PostgresConnection(client);
      await client.connect();
      await client.query(`set synchronous_commit = on; ${EXPECTED} ${SHORT} ${purpose.settings}`);
      if (purpose.writes) {
        const { rows: [row] } = await client.query("select current_setting('transaction_read_only') as read_only");
        if (row.read_only === "on") throw new Error("it is read-only");
      }
      return connection;
    } catch (error) {
      connection?.destroy();
      if (tls?.isOptional && (error as Error).message === NO_TLS) return await this.open(options, purpose, undefined);
      throw new NotConnected(`Cannot connect to PostgreSQL: ${(error as Error).message}`, { cause: error });
    }
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

/** A few sessions that share their work; a lost one is replaced at the next statement. */
class PostgresPool implements Sql {
  readonly #idle: PostgresConnection[] = [];
  readonly #waiting: ((connection: PostgresConnection | undefined) => void)[] = [];
  readonly #all = new Set<PostgresConnection>();
  #open = 0;
  #closed = false;

  constructor(readonly options: PostgresOptions, readonly max: number, readonly purpose: Purpose) {}

  async query(text: string, params?: readonly unknown[], name?: string): Promise<Row[]> {
    const connection = await this.#acquire();
    try {
      return await connection.query(text, params, name);
    } finally {
      this.#release(connection);
    }
  }

  async #acquire(): Promise<PostgresConnection> {
    if (this.#closed) throw new NotConnected("Cannot have a session as the database is closed");
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.lost) return idle;
      this.#discard(idle);
    }
    if (this.#open >= this.max) {
      if (this.#waiting.length >= WAITING_MAX) {
        throw new NotConnected(`Cannot wait for a session as too many wait: ${this.#waiting.length}`);
      }
      return await this.#wait() ?? await this.#acquire();
    }
    this.#open++;
    try {
      const connection = await PostgresConnection.open(this.options, this.purpose);
      this.#all.add(connection);
      // It may have been closed while this session was opening: then its statement is not sent.
      if (this.#closed) connection.destroy();
      return connection;
    } catch (error) {
      this.#open--;
      this.#waiting.shift()?.(undefined);
      throw error;
    }
  }

  /** The next session that is free; undefined where one was lost. @throws NotConnected where that takes too long */
  #wait(): Promise<PostgresConnection | undefined> {
    const { statementTimeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const take = (connection: PostgresConnection | undefined) => {
        clearTimeout(timer);
        resolve(connection);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new NotConnected(`Cannot have a session as all are busy: waited ${statementTimeoutMs} ms`));
      }, statementTimeoutMs);
      this.#waiting.push(take);
    });
  }

  #release(connection: PostgresConnection): void {
    if (connection.lost) this.#discard(connection);
    const next = this.#waiting.shift();
    if (next !== undefined) next(connection.lost ? undefined : connection);
    else if (!connection.lost) this.#idle.push(connection);
  }

  #discard(connection: PostgresConnection): void {
    if (this.#all.delete(connection)) this.#open--;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.destroy();
    for (const take of this.#waiting.splice(0)) take(undefined);
  }
}

/** PostgreSQL behind storage's port. @throws NotConnected (from every statement) while it cannot be reached */
export function openPostgres(options: PostgresOptions): Database {
  const activations = new PostgresPool(options, options.activations, { settings: PLANNED_ONCE, writes: true });
  const views = new PostgresPool(options, options.views, { settings: VIEW, writes: false });
  const { host, port, database } = options.server;
  return {
    description: `PostgreSQL at ${host}:${port}/${database}`,
    embedded: false,
    lanesMax: Number.MAX_SAFE_INTEGER,
    connect: () => PostgresConnection.open(options, { settings: LANE, writes: true }),
    activations,
    views,
    close() {
      activations.close();
      views.close();
      return Promise.resolve();
    },
  };
}
