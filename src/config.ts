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
  /** Undefined: this node is alone. */
  readonly cluster: ClusterConfig | undefined;
  /** From the end of an audit to the beginning of the next; 0 for none. */
  readonly auditEveryMs: number;
}

/** How this node is one of several. */
export interface ClusterConfig {
  /** Of the registry: Upstash, or serverless-redis-http in front of a Redis. */
  readonly redisUrl: string;
  readonly redisToken: string;
  readonly nodeId: string;
  /** Where the other nodes reach this one. */
  readonly nodeUrl: string;
  /** The peers' listener; on `host`, as the public one. */
  readonly port: number;
  /** What nodes show one another. */
  readonly secret: string;
  readonly heartbeatMs: number;
  /** A node that the registry has not heard of for so long is looked after, and gone where it does not answer. */
  readonly expiryMs: number;
  /** Activations a second, for the first seconds after joining. */
  readonly joinActivations: number;
}

/** Where settings come from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** This process's environment, read name by name, so that a permission for the settings' names suffices. */
const PROCESS: Environment = readingBy((name) => Deno.env.get(name));

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const HOUR_MS = 3_600_000;
/** Where the peers' listener is by default. */
export const CLUSTER_PORT = 8081;
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

function readingBy(valueOf: (name: string) => string | undefined): Environment {
  return new Proxy({}, { get: (_, name) => valueOf(String(name)) });
}

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

function httpUrl(env: Environment, name: string, fallback?: string): string {
  const value = env[name] || fallback;
  const url = value !== undefined && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || value!.length > 256) {
    throw wrong(name, value ?? "", "a URL such as http://host:8081");
  }
  return value!.replace(/\/$/, "");
}

/** A secret is never repeated in a message. */
function secret(env: Environment, name: string, least: number): string {
  const value = env[name] ?? "";
  if (!/^[\x21-\x7e]*$/.test(value) || value.length < least || value.length > 4_096) {
    throw wrong(name, value === "" ? "" : "***", `at least ${least} visible ASCII characters`);
  }
  return value;
}

function clusterConfig(env: Environment): ClusterConfig | undefined {
  const names = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const;
  if (names.every((name) => !env[name])) return undefined;
  const nodeId = env["NODE_ID"] || `node-${crypto.randomUUID().slice(0, 8)}`;
  if (!/^[\w.-]{1,64}$/.test(nodeId)) throw wrong("NODE_ID", nodeId, "1 to 64 letters, digits, '.', '_' or '-'");
  const port = integer(env, "CLUSTER_PORT", CLUSTER_PORT, 1, 65_535);
  const heartbeatMs = duration(env, "HEARTBEAT", 1_000, 50, 60_000);
  return {
    redisUrl: httpUrl(env, names[0]),
    redisToken: secret(env, names[1], 1),
    nodeId,
    nodeUrl: httpUrl(env, "NODE_URL", `http://${env["HOST"] || "127.0.0.1"}:${port}`),
    port,
    secret: secret(env, "CLUSTER_SECRET", 16),
    heartbeatMs,
    expiryMs: duration(env, "NODE_EXPIRY", 3 * heartbeatMs, 2 * heartbeatMs, 600_000),
    joinActivations: integer(env, "JOIN_ACTIVATIONS", 1_000, 1, 1_000_000),
  };
}

/**
 * Checks the settings.
 *
 * @returns frozen settings, defaults filled in
 * @throws ConfigError one line that names the first wrong setting, its value and what is allowed
 */
export function readConfig(env: Environment = PROCESS): Config {
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
    cluster: clusterConfig(env),
    auditEveryMs: duration(env, "AUDIT_EVERY", 600_000, 0, 24 * HOUR_MS),
  });
}

/**
 * The names of all settings, as readConfig() asks for them.
 *
 * @param env may lead it to ask for more than it does where nothing is set
 * @throws ConfigError where readConfig() does
 */
export function settingNames(env: Environment = {}): ReadonlySet<string> {
  const names = new Set<string>();
  readConfig(readingBy((name) => {
    names.add(name);
    return env[name];
  }));
  return names;
}
