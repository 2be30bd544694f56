/** How is a PostgreSQL reached, and which of its refusals does waiting not heal? */
import type { ConnectionOptions } from "node:tls";
import type pg from "pg";

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

/** What the driver says where the server has no TLS. */
const NO_TLS = "The server does not support SSL connections";

/** What the driver is told of a server. */
export function clientConfig(server: PostgresServer): pg.ClientConfig {
  const { host, port, user, password, database, applicationName, options, tls } = server;
  return {
    host,
    port,
    database,
    ...user !== undefined && { user },
    ...password !== undefined && { password },
    ...options !== undefined && { options },
    application_name: applicationName ?? "doorbuster",
    ssl: tls === undefined ? false : tlsOptions(tls),
  };
}

function tlsOptions({ rejectUnauthorized, verifiesHost, ca, cert, key }: PostgresTls): ConnectionOptions {
  return {
    rejectUnauthorized,
    ...ca !== undefined && { ca },
    ...cert !== undefined && { cert },
    ...key !== undefined && { key },
    ...!verifiesHost && { checkServerIdentity: () => undefined },
  };
}

/** The same server without TLS, where that is allowed and the server has none; else undefined. */
export function withoutTls(server: PostgresServer, error: unknown): PostgresServer | undefined {
  return server.tls?.isOptional && (error as Error).message === NO_TLS ? { ...server, tls: undefined } : undefined;
}

/** A role, its password, its rights (also in pg_hba.conf), or the database. Not 57P03: it is starting. Not 53300: full. */
const REFUSED = /^(?:28000|28P01|3D000|42501)$/;
/** Certificates that either side does not accept. */
const OF_TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;
/** What comes without a code: of the driver, and of PgBouncer. */
const SAID =
  /^(?:SASL: |unsupported startup parameter|no such (?:database|user)\b|(?:database|role) ".*" does not exist$|password authentication failed)/;

/** Whether it would be refused again in a minute, until someone changes a setting here or there. */
export function isFinal(error: unknown): boolean {
  const { code = "", message } = error as { code?: string; message: string };
  return REFUSED.test(code) || OF_TLS.test(code) || SAID.test(message) || message === NO_TLS;
}

/** How sessions are made. */
export interface SessionOptions {
  readonly server: PostgresServer;
  /** A statement that took longer is given up by the server, in milliseconds. */
  readonly statementTimeoutMs: number;
}
