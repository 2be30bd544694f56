/** What may be configured? The only reader of the environment; every value is checked at start. */

/** A setting has a value that is not allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The checked settings. Times are milliseconds. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly logLevel: "debug" | "info" | "warning" | "error";
  /** Undefined: the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Serve on a PostgreSQL that loses acknowledged data when its machine fails; for development. */
  readonly allowUnsafeDatabase: boolean;
  readonly lanes: number;
  readonly mailboxMax: number;
  readonly actorsAwakeMax: number;
  readonly actorIdleMs: number;
  readonly requestTimeoutMs: number;
  readonly drainMs: number;
  readonly itemsPerSale: number;
  /** Items that one user may buy in one sale. */
  readonly purchaseLimit: number;
  readonly checkoutMode: "exclusive" | "open";
  /** Life of a hold. */
  readonly checkoutTtlMs: number;
  readonly saleCloses: "sold_out" | "at_end";
  /** Sales made before their hours. */
  readonly salesAhead: number;
  /** Age at which a sale's attempts are dropped. */
  readonly keepAttemptsMs: number;
  /** From the end of an audit to the beginning of the next; 0 for none. */
  readonly auditEveryMs: number;
}

/** Where settings come from: `Deno.env.toObject()`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const HOUR_MS = 3_600_000;
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

function wrong(name: string, value: string, allowed: string): ConfigError {
  return new ConfigError(`${name}=${value}: must be ${allowed}`);
}

function integer(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const value = env[name];
  if (value === undefined || value === "") return fallback;
  const number = /^\d{1,12}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) throw wrong(name, value, `a whole number from ${min} to ${max}`);
  return number;
}

function duration(env: Environment, name: string, fallbackMs: number, minMs: number, maxMs: number): number {
  const value = env[name];
  if (value === undefined || value === "") return fallbackMs;
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(value) ?? [];
  const ms = digits === undefined ? NaN : Number(digits) * UNITS_MS[unit!]!;
  if (!(ms >= minMs && ms <= maxMs)) {
    throw wrong(name, value, `a duration such as 500ms, 30s, 5m or 1h, from ${minMs}ms to ${maxMs}ms`);
  }
  return ms;
}

function oneOf<T extends string>(env: Environment, name: string, fallback: T, allowed: readonly T[]): T {
  const value = env[name];
  if (value === undefined || value === "") return fallback;
  if (!(allowed as readonly string[]).includes(value)) throw wrong(name, value, `one of ${allowed.join(", ")}`);
  return value as T;
}

function postgresUrl(env: Environment): string | undefined {
  const value = env["DATABASE_URL"];
  if (value === undefined || value === "") return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2) {
    // The value may hold a password: it is not repeated.
    throw wrong("DATABASE_URL", "***", "a URL such as postgres://user:password@host:5432/database");
  }
  return value;
}

function loopbackHost(env: Environment): string {
  const value = env["HOST"] || "127.0.0.1";
  if (!LOOPBACK.test(value)) {
    throw wrong("HOST", value, "a loopback address (127.0.0.1, ::1, localhost), since callers are not authenticated");
  }
  return value;
}

/**
 * Checks the settings.
 *
 * @returns frozen settings, defaults filled in
 * @throws ConfigError one line that names the first wrong setting, its value and what is allowed
 */
export function readConfig(env: Environment = Deno.env.toObject()): Config {
  const checkoutMode = oneOf(env, "CHECKOUT_MODE", "exclusive", ["exclusive", "open"]);
  return Object.freeze({
    host: loopbackHost(env),
    port: integer(env, "PORT", 8080, 0, 65_535),
    logLevel: oneOf(env, "LOG_LEVEL", "info", ["debug", "info", "warning", "error"]),
    databaseUrl: postgresUrl(env),
    dataDir: env["DATA_DIR"] || "./data",
    allowUnsafeDatabase: oneOf(env, "ALLOW_UNSAFE_DATABASE", "false", ["true", "false"]) === "true",
    lanes: integer(env, "LANES", 1, 1, 64),
    mailboxMax: integer(env, "MAILBOX_MAX", 4_096, 1, 1_000_000),
    actorsAwakeMax: integer(env, "ACTORS_AWAKE_MAX", 10_000, 1, 10_000_000),
    actorIdleMs: duration(env, "ACTOR_IDLE", 300_000, 1_000, 86_400_000),
    requestTimeoutMs: duration(env, "REQUEST_TIMEOUT", 5_000, 100, 60_000),
    drainMs: duration(env, "DRAIN", 2_000, 0, 60_000),
    itemsPerSale: integer(env, "ITEMS_PER_SALE", 10_000, 1, 999_999),
    purchaseLimit: integer(env, "PURCHASE_LIMIT", 10, 1, 32_767),
    checkoutMode,
    checkoutTtlMs: duration(env, "CHECKOUT_TTL", checkoutMode === "open" ? HOUR_MS : 30_000, 1, 24 * HOUR_MS),
    saleCloses: oneOf(env, "SALE_CLOSES", "sold_out", ["sold_out", "at_end"]),
    salesAhead: integer(env, "SALES_AHEAD", 1, 0, 24),
    keepAttemptsMs: duration(env, "KEEP_ATTEMPTS", 30 * 24 * HOUR_MS, HOUR_MS, 3_650 * 24 * HOUR_MS),
    auditEveryMs: duration(env, "AUDIT_EVERY", 600_000, 0, 24 * HOUR_MS),
  });
}
