/** Parses connection URLs of PostgreSQL strictly: unknown parameters are errors. */

/** How a connection is protected; as in libpq. */
const TLS_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
export type TlsMode = typeof TLS_MODES[number];

/** A PostgreSQL server and how to connect to it. */
export interface DatabaseTarget {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Undefined for the name of the operating system's user. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly applicationName: string | undefined;
  /** Command-line options of the session, as libpq's `options`. */
  readonly options: string | undefined;
  readonly tls: TlsTarget;
}

/** TLS settings; files by their paths. */
export interface TlsTarget {
  readonly mode: TlsMode;
  /** Certificate authorities; undefined for those that the runtime trusts. */
  readonly rootCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** A URL that is not valid. The message says why and repeats nothing of the URL but names of parameters. */
export class DatabaseUrlError extends Error {
  override readonly name = "DatabaseUrlError";
}

/** The value of `sslrootcert` for the authorities that the runtime trusts. */
const SYSTEM_CERTS = "system";
const DEFAULT_HOST = "localhost";
const DEFAULT_PORT = "5432";
const PARAMETERS = new Set(
  ["host", "port", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "options"],
);

/** Parses a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`. @throws DatabaseUrlError */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  if (/[\s\p{Cc}]/u.test(text)) throw new DatabaseUrlError(CONTROLS);
  if (!/^postgres(ql)?:\/\//i.test(text)) throw new DatabaseUrlError("it does not begin with postgres://");
  const [authority] = text.slice(text.indexOf("//") + 2).split(/[/?#]/, 1);
  // With several hosts, the one that accepts writes would have to be found.
  if (/,|%2c/i.test(authority!.slice(authority!.lastIndexOf("@") + 1))) throw new DatabaseUrlError(SEVERAL_HOSTS);
  if (!URL.canParse(text)) throw new DatabaseUrlError(NOT_WELL_FORMED);
  const url = new URL(text);
  if (url.hash !== "") throw new DatabaseUrlError("it has a '#', which must be written as %23");
  const path = url.pathname.slice(1);
  if (path === "") throw new DatabaseUrlError("it names no database");
  if (path.includes("/")) throw new DatabaseUrlError("it has a '/' too many: within a part it must be written as %2F");
  // The rest of a password with a '/' would be taken for the database, and shown.
  if (path.includes("@")) throw new DatabaseUrlError("its path has an '@', which must be written as %40");
  const parameters = parametersOf(url);
  return {
    host: hostOf(parameters.get("host") || decoded(url.hostname)),
    port: portOf(parameters.get("port") || url.port || DEFAULT_PORT),
    user: parameters.get("user") || decoded(url.username) || undefined,
    password: parameters.get("password") || decoded(url.password) || undefined,
    database: decoded(path),
    applicationName: parameters.get("application_name") || undefined,
    options: parameters.get("options") || undefined,
    tls: tlsOf(parameters),
  };
}

/** A URL from its parts. @throws DatabaseUrlError if they are not valid */
export function databaseUrlOf(
  parts: { host: string; port: number; user: string; password: string; database: string },
): string {
  const { host, port, user, password, database } = parts;
  // An IPv6 address is in brackets; a Unix socket is a folder, whose slashes must be encoded.
  const address = /^[\da-f:.]*:[\da-f:.]*$/i.test(host) ? `[${host}]` : encodeURIComponent(host);
  const who = [user, password].filter((part) => part !== "").map(encodeURIComponent).join(":");
  const url = `postgres://${who}@${address}:${port}/${encodeURIComponent(database)}`;
  parseDatabaseUrl(url);
  return url;
}

const CONTROLS = "it has white space or a control character";
const NOT_WELL_FORMED = "its host or its port is not well-formed";
const SEVERAL_HOSTS = "it names several hosts, but only one is supported";

function decoded(part: string): string {
  let text: string;
  try {
    text = decodeURIComponent(part);
  } catch {
    throw new DatabaseUrlError("it has a '%' that must be written as %25");
  }
  if (/\p{Cc}/u.test(text)) throw new DatabaseUrlError(CONTROLS);
  return text;
}

/** The parameters, each known and given once. A `+` is literal, as in libpq. */
function parametersOf({ search }: URL): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of search.slice(1).split("&").filter((it) => it !== "")) {
    const at = pair.includes("=") ? pair.indexOf("=") : pair.length;
    const name = decoded(pair.slice(0, at));
    if (!PARAMETERS.has(name)) {
      // It may be part of a password with a '?': only what looks like a name is repeated.
      const shown = /^[a-z_]{1,40}$/.test(name) && !search.includes("@") ? ` '${name}'` : "";
      throw new DatabaseUrlError(
        `it has an unknown parameter${shown}; the known ones are ${[...PARAMETERS].join(", ")}`,
      );
    }
    if (found.has(name)) throw new DatabaseUrlError(`it has the parameter '${name}' twice`);
    found.set(name, decoded(pair.slice(at + 1)));
  }
  return found;
}

function hostOf(text: string): string {
  const host = text.replace(/^\[(.*)\]$/, "$1") || DEFAULT_HOST;
  if (host.includes(",")) throw new DatabaseUrlError(SEVERAL_HOSTS);
  if (!/^(\/.*|[\p{L}\p{N}._:-]+)$/u.test(host)) throw new DatabaseUrlError(NOT_WELL_FORMED);
  return host;
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new DatabaseUrlError(text.includes(",") ? SEVERAL_HOSTS : NOT_WELL_FORMED);
}

function tlsOf(parameters: ReadonlyMap<string, string>): TlsTarget {
  const [rootCert, cert, key] = ["sslrootcert", "sslcert", "sslkey"].map((name) => parameters.get(name) || undefined);
  // A configured certificate implies verification.
  const fallback = rootCert ?? cert ?? key ? "verify-full" : "disable";
  const mode = TLS_MODES.find((it) => it === (parameters.get("sslmode") || fallback));
  if (mode === undefined) throw new DatabaseUrlError(`its sslmode is not one of ${TLS_MODES.join(", ")}`);
  if (rootCert === SYSTEM_CERTS && mode !== "verify-full") {
    throw new DatabaseUrlError("its sslrootcert=system needs sslmode=verify-full");
  }
  if (mode === "verify-ca" && rootCert === undefined) {
    throw new DatabaseUrlError(
      "its sslmode=verify-ca needs an sslrootcert, since any host may have a public certificate",
    );
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new DatabaseUrlError("sslcert and sslkey must be given together");
  }
  return { mode, rootCert: rootCert === SYSTEM_CERTS ? undefined : rootCert, cert, key };
}
