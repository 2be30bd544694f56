/** The PostgreSQL that the settings name: by a URL, or by its parts. */
import { DatabaseUrlError, databaseUrlOf, parseDatabaseUrl } from "./database_url.ts";
import { type Environment, integer, readAll, wrong } from "./settings.ts";

const PARTS = ["DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME"] as const;
const PORT = 5_432;

/** The URL of the PostgreSQL; undefined if none is named. @throws ConfigError, which contains no password */
export function postgresUrl(env: Environment): string | undefined {
  const value = env["DATABASE_URL"];
  if (value === undefined || value === "") return urlOfParts(env);
  try {
    parseDatabaseUrl(value);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    // The example has no user, since messages are shown without user information.
    const why = `a URL such as postgres://host:5432/database, with user:password@ before the host; ${error.message}`;
    throw wrong("DATABASE_URL", "***", why);
  }
  return value;
}

function urlOfParts(env: Environment): string | undefined {
  const given = PARTS.filter((name) => env[name]);
  if (given.length === 0) return undefined;
  // Using the embedded database instead would be a surprise.
  const needed = (name: typeof PARTS[number]) => {
    if (!env[name]) throw wrong(name, "", `set, since ${given[0]} is set and DATABASE_URL is not`);
    return textOf(env, name);
  };
  return databaseUrlOf(readAll({
    host: () => hostOf(env),
    port: () => integer(env, "DB_PORT", PORT, 1, 65_535),
    user: () => needed("DB_USER"),
    password: () => textOf(env, "DB_PASSWORD"),
    database: () => needed("DB_NAME"),
  }));
}

/** A part that may contain anything that PostgreSQL accepts. Errors do not repeat it, as it may be a misplaced password. */
function textOf(env: Environment, name: typeof PARTS[number]): string {
  const value = env[name] ?? "";
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw wrong(name, "***", "a text without line ends or other control characters");
  }
  if (name === "DB_NAME" && /^\.\.?$/.test(value)) {
    throw wrong(name, "***", "another name, because a URL cannot contain this one");
  }
  return value;
}

function hostOf(env: Environment): string {
  const host = env["DB_HOST"] || "localhost";
  try {
    databaseUrlOf({ host, port: PORT, user: "", password: "", database: "any" });
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    // A whole URL would contain a password.
    const shown = host.includes("@") ? "***" : host;
    throw wrong("DB_HOST", shown, "the name, address or socket folder of a single PostgreSQL server");
  }
  return host;
}
