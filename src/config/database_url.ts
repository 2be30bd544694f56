/** Which PostgreSQL is meant? A connection URL, read strictly: a parameter that nobody knows is not ignored. */

/** How a connection is protected; the meanings are libpq's. */
const TLS_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
export type TlsMode = typeof TLS_MODES[number];

/** Where a PostgreSQL is, and who asks there. */
export interface DatabaseTarget {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Undefined: the name of the operating system's user. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly applicationName: string | undefined;
  /** Command-line options for the session, as of libpq's `options`. */
  readonly options: string | undefined;
  readonly tls: TlsTarget;
}

/** How a connection is protected; files by their paths. */
export interface TlsTarget {
  readonly mode: TlsMode;
  /** Of certificate authorities; undefined: those that the runtime trusts. */
  readonly rootCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** A URL that names no PostgreSQL. Its message says why and holds nothing of the URL but the names of parameters. */
export class DatabaseUrlError extends Error {
  override readonly name = "DatabaseUrlError";
}

/** As `sslrootcert`: the authorities that the runtime trusts. */
const SYSTEM_CERTS = "system";
const DEFAULT_HOST = "localhost";
const DEFAULT_PORT = "5432";
const PARAMETERS = new Set(
  ["host", "port", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "options"],
);

/** Reads a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`. @throws DatabaseUrlError */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  if (/[\s\p{Cc}]/u.test(text)) throw new DatabaseUrlError(CONTROLS);
  if (!/^postgres(ql)?:\/\//i.test(text)) throw new DatabaseUrlError("it does not begin with postgres://");
  const [authority] = text.slice(text.indexOf("//") + 2).split(/[/?#]/, 1);
  // Of several hosts the first would have to be told from the others that take no writes.
  if (/,|%2c/i.test(authority!.slice(authority!.lastIndexOf("@") + 1))) throw new DatabaseUrlError(SEVERAL_HOSTS);
  if (!URL.canParse(text)) throw new DatabaseUrlError(NOT_WELL_FORMED);
  const url = new URL(text);
  if (url.hash !== "") throw new DatabaseUrlError("it has a '#', which must be written as %23");
  const path = url.pathname.slice(1);
  if (path === "") throw new DatabaseUrlError("it names no database");
  if (path.includes("/")) throw new DatabaseUrlError("it has a '/' too many: within a part it must be written as %2F");
  // Of a password with a '/' the rest would be taken for the database, and told.
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

/** A URL for its parts, each as it is. @throws DatabaseUrlError where they name no PostgreSQL */
export function databaseUrlOf(
  parts: { host: string; port: number; user: string; password: string; database: string },
): string {
  const { host, port, user, password, database } = parts;
  // Of IPv6 it stands in brackets; of a Unix socket it is a folder, whose slashes are no part of the URL's path.
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

/** Its parameters, each once and known. A `+` stands for itself, as for libpq. */
function parametersOf({ search }: URL): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of search.slice(1).split("&").filter((it) => it !== "")) {
    const at = pair.includes("=") ? pair.indexOf("=") : pair.length;
    const name = decoded(pair.slice(0, at));
    if (!PARAMETERS.has(name)) {
      // Where a password has a '?', it may be a piece of that: what does not look like a name is not repeated.
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
  // Whoever names a certificate wants it to be looked at.
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
