/** Which sessions of PostgreSQL does a node have? Pools for what is short, and one more for each lane. */
import { ACTIVATING, COMMITTING, LISTING, PostgresConnection, type Purpose, VIEWING } from "./postgres_session.ts";
import type { SessionOptions } from "./postgres_server.ts";
import { type Database, NotConnected, type Row, type Sql } from "./sql.ts";

/** Where and how to connect. */
export interface PostgresOptions extends SessionOptions {
  /** Sessions for activations. */
  readonly activations: number;
  /** Sessions for views. */
  readonly views: number;
}

/** Statements that may wait for a session of a pool; one more is refused. */
const WAITING_MAX = 4096;

/** Sessions for reports, of which exports and audits take one each at most, and for lists, one for each. */
const REPORTS = 3, LISTS = 3;
/** A list that took longer, in milliseconds, is given up by the server. */
const LIST_TIMEOUT_MS = 500;

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
  const activations = new PostgresPool(options, options.activations, ACTIVATING);
  const views = new PostgresPool(options, options.views, VIEWING);
  const reports = new PostgresPool(options, REPORTS, VIEWING);
  const statementTimeoutMs = Math.min(LIST_TIMEOUT_MS, options.statementTimeoutMs);
  const lists = new PostgresPool({ ...options, statementTimeoutMs }, LISTS, LISTING);
  const { host, port, database } = options.server;
  return {
    description: `PostgreSQL at ${host}:${port}/${database}`,
    embedded: false,
    lanesMax: Number.MAX_SAFE_INTEGER,
    connect: (silenceMs) => PostgresConnection.open(options, COMMITTING, silenceMs),
    activations,
    views,
    reports,
    lists,
    close() {
      for (const pool of [activations, views, reports, lists]) pool.close();
      return Promise.resolve();
    },
  };
}
