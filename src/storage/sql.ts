/** What does storage need of a database session, whoever provides it? */

/** A row, its columns in the order of the statement. */
export type Row = readonly unknown[];

/** Something that runs statements, each in its own transaction. */
export interface Sql {
  /**
   * Runs one statement.
   *
   * @param name prepares it under this name where the database keeps prepared statements
   * @throws SqlError where the server says no: it is known not to have happened
   * @throws ConnectionLost where its answer is lost; NotConnected where it was never sent
   */
  query(text: string, params?: readonly unknown[], name?: string): Promise<Row[]>;
}

/** One session. After a ConnectionLost it is of no more use. */
export interface Connection extends Sql {
  /** Whether it ended. */
  readonly lost: boolean;
  /** Runs several statements without parameters, as one transaction unless they say otherwise. */
  script(text: string): Promise<void>;
  /** Ends it at once, whatever is in flight. */
  destroy(): void;
}

/** A database: sessions by purpose. */
export interface Database {
  /** For the log: what and where, without a secret. */
  readonly description: string;
  /** Whether it runs in this process, without fsync. */
  readonly embedded: boolean;
  /** Sessions that may commit beside one another; the configured number of lanes is cut to it. */
  readonly lanesMax: number;
  /**
   * A new session for a lane or a migration.
   *
   * @param silenceMs after which a statement that is not answered is lost with its session; by default a second after
   * the server should have given it up
   * @throws NotConnected
   */
  connect(silenceMs?: number): Promise<Connection>;
  /** For activations: short keyed reads and writes. */
  readonly activations: Sql;
  /** For reading a few rows by their keys: whoever asks, and however often, they do not wait for what is below. */
  readonly views: Sql;
  /** For reading what only known callers and this node itself ask for: pages of users, exports, audits. */
  readonly reports: Sql;
  /** For lists that anyone may ask for; a statement that takes too long is given up. */
  readonly lists: Sql;
  close(): Promise<void>;
}

/** The server refused a statement; nothing of it was stored. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  /** @param sqlstate five characters, as in the PostgreSQL manual's appendix A */
  constructor(readonly sqlstate: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The session ended or stayed silent with a statement in flight, which may have been stored. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** No session could be had; nothing was sent. */
export class NotConnected extends Error {
  override readonly name: string = "NotConnected";
}

/**
 * A session that waiting will not bring: another role, password, database or certificate is needed, or a pooler must go.
 * Nothing was stored.
 */
export class SessionRefused extends NotConnected {
  override readonly name = "SessionRefused";
}

/** A setting that no server has. */
export const NOT_DURABLE = "doorbuster.synchronous_commit_must_be_on";
/**
 * A condition that holds where a commit waits for the disk, and for synchronous standbys. Elsewhere it is an error, so
 * that nothing is stored: PostgreSQL has no other way to raise one within an expression. It is looked at once in a
 * statement. A session sets `synchronous_commit` as it begins, but a pooler may send a statement to another one.
 */
export const DURABLE = `case when current_setting('synchronous_commit') = 'on' then true
  else current_setting('${NOT_DURABLE}')::boolean end`;

/** A column's time in milliseconds since the Unix epoch. */
export const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::bigint`;
/** The time of a parameter in milliseconds since the Unix epoch. */
export const time = (parameter: string): string => `to_timestamp(${parameter}::bigint / 1000::float8)`;

/** Separates values of a delimited text: names, ids and numbers hold no control character. */
export const SEPARATOR = "\x1f";
