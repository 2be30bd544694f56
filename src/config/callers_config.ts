/** The settings of callers. Beyond loopback, callers must be authenticated. */
import { type Environment, integer, oneOf, optionalSecret, readAll, wrong } from "./settings.ts";

/** How callers are identified. */
export interface CallersConfig {
  /** Undefined if there is no administrator. */
  readonly adminToken: string | undefined;
  /** Undefined if no service may act for users. */
  readonly serviceToken: string | undefined;
  /** Users' tokens are signed with it (HS256) or by a key of `jwksFile`. If both are undefined, users have no tokens. */
  readonly jwtSecret: string | undefined;
  /** A file with a JSON Web Key Set: the public keys of users' tokens. */
  readonly jwksFile: string | undefined;
  /** The `iss` that users' tokens must have. Undefined, which is possible only with `jwtSecret`, means any. */
  readonly jwtIssuer: string | undefined;
  /** What users' tokens must have in `aud`. Undefined, which is possible only with `jwtSecret`, means that they must have none. */
  readonly jwtAudience: string | undefined;
}

export interface AccessConfig {
  /** Undefined, which is possible only on loopback, if everyone may do everything. */
  readonly callers: CallersConfig | undefined;
  /** Checkouts per user and minute; 0 for no limit. */
  readonly rateLimit: number;
  /** Origins whose pages may read responses. */
  readonly corsOrigins: readonly string[];
  /** Hosts, in addition to loopback, under which a node without tokens may be addressed. */
  readonly allowedHosts: readonly string[];
  /** Whether the last entry of X-Forwarded-For is the client's address, written by our proxy. */
  readonly trustProxy: boolean;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;
const TOKEN_LEAST = 16;
/** HS256 requires a key of 256 bits (RFC 7518, section 3.2). */
const JWT_SECRET_LEAST = 32;
/** Default beyond loopback: checkouts per user and minute. */
const RATE_LIMIT = 60;
const MANY = 1_000_000;
/** Maximum length of the `iss` and `aud` that tokens must have. */
const CLAIM_VALUE = /^(?=.{1,255}$)[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/u;

/** Whether an address is reachable only from this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

function jwksFileOf(env: Environment): string | undefined {
  const file = env["JWKS_FILE"] || undefined;
  if (file !== undefined && env["JWT_SECRET"]) {
    throw wrong("JWKS_FILE", file, "unset if JWT_SECRET is set, because users' tokens are signed in one way only");
  }
  return file;
}

/** A secret that differs from those before it: a shared one could make a service an administrator. */
function ownSecret(env: Environment, name: string, least: number, others: readonly string[]): string | undefined {
  const value = optionalSecret(env, name, least);
  if (value !== undefined && others.some((other) => env[other] === value)) {
    throw wrong(name, "***", "a secret that is used for nothing else");
  }
  return value;
}

/** The required value of a claim of users' tokens, compared exactly. @throws ConfigError */
function claimValue(env: Environment, name: string): string | undefined {
  const value = env[name] || undefined;
  if (value === undefined) {
    if (!env["JWKS_FILE"]) return undefined;
    // An issuer signs tokens for other services with the same keys, and a set may contain keys of several issuers.
    throw wrong(name, "", "set if JWKS_FILE is set, because other tokens may be signed with the same keys");
  }
  if (!CLAIM_VALUE.test(value)) {
    throw wrong(
      name,
      value,
      "1 to 255 visible characters, separated by at most single blanks, such as https://login.example",
    );
  }
  if (!env["JWKS_FILE"] && !env["JWT_SECRET"]) {
    throw wrong(name, value, "unset if neither JWT_SECRET nor JWKS_FILE is set, because users then have no tokens");
  }
  return value;
}

function callersConfig(env: Environment): CallersConfig | undefined {
  const callers = readAll<CallersConfig>({
    adminToken: () => optionalSecret(env, "ADMIN_TOKEN", TOKEN_LEAST),
    serviceToken: () => ownSecret(env, "SERVICE_TOKEN", TOKEN_LEAST, ["ADMIN_TOKEN"]),
    jwtSecret: () => ownSecret(env, "JWT_SECRET", JWT_SECRET_LEAST, ["ADMIN_TOKEN", "SERVICE_TOKEN"]),
    jwksFile: () => jwksFileOf(env),
    jwtIssuer: () => claimValue(env, "JWT_ISSUER"),
    jwtAudience: () => claimValue(env, "JWT_AUDIENCE"),
  });
  return Object.values(callers).every((value) => value === undefined) ? undefined : callers;
}

/** Checks that callers are authenticated beyond loopback. */
function checkKnown(env: Environment, host: string): void {
  if (isLoopback(host)) return;
  const why = `set, since HOST=${host} is beyond loopback`;
  readAll({
    admin() {
      if (!env["ADMIN_TOKEN"]) throw wrong("ADMIN_TOKEN", "", why);
    },
    others() {
      if (env["SERVICE_TOKEN"] || env["JWT_SECRET"] || env["JWKS_FILE"]) return;
      throw wrong("SERVICE_TOKEN", "", `${why}; or JWT_SECRET, or JWKS_FILE`);
    },
  });
}

function originsOf(env: Environment): string[] {
  const value = env["CORS_ORIGINS"] ?? "";
  const origins = value.split(",").map((it) => it.trim()).filter((it) => it !== "");
  for (const origin of origins) {
    if (!URL.canParse(origin) || !/^https?:/.test(origin) || new URL(origin).origin !== origin) {
      throw wrong("CORS_ORIGINS", value, "origins such as https://shop.example, separated by commas");
    }
  }
  return origins;
}

/** A host name, an IPv4 address or an IPv6 address in brackets, optionally with a port. */
const ALLOWED_HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;

function hostsOf(env: Environment): string[] {
  const value = env["ALLOWED_HOSTS"] ?? "";
  const hosts = value.split(",").map((it) => it.trim()).filter((it) => it !== "");
  for (const host of hosts) {
    if (!ALLOWED_HOST.test(host) || !URL.canParse(`http://${host}/`)) {
      throw wrong("ALLOWED_HOSTS", value, "hosts such as shop.test or shop.test:8080, separated by commas");
    }
  }
  return hosts;
}

/** Checks the settings of callers. @param host that this node listens on @throws ConfigError */
export function accessConfig(env: Environment, host: string): AccessConfig {
  const { known: _, ...config } = readAll({
    known: () => checkKnown(env, host),
    callers: () => callersConfig(env),
    rateLimit: () => integer(env, "RATE_LIMIT", isLoopback(host) ? 0 : RATE_LIMIT, 0, MANY),
    corsOrigins: () => originsOf(env),
    allowedHosts: () => hostsOf(env),
    trustProxy: () => oneOf(env, "TRUST_PROXY", "false", ["true", "false"]) === "true",
  });
  return config;
}
