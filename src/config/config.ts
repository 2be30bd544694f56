/** The settings. Only this module reads the environment; every value is checked at start. */
import { clusterSecret } from "./cluster_secret.ts";
import { nodeUrlOf, type PeerTlsFiles, peerTlsFiles } from "./cluster_tls.ts";
import { type AccessConfig, accessConfig, isLoopback } from "./callers_config.ts";
import { postgresUrl } from "./database_config.ts";
import {
  duration,
  type Environment,
  httpUrl,
  integer,
  oneOf,
  originOf,
  readAll,
  secret,
  whereRight,
  wrong,
} from "./settings.ts";

export type { AccessConfig, CallersConfig } from "./callers_config.ts";
export { ConfigError, type Environment } from "./settings.ts";

/** The checked settings. Times are in milliseconds. */
export interface Config extends AccessConfig {
  readonly host: string;
  readonly port: number;
  readonly logLevel: "debug" | "info" | "warning" | "error";
  /** Undefined for the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Whether to accept a PostgreSQL that loses acknowledged data when its machine fails; for development. */
  readonly allowUnsafeDatabase: boolean;
  readonly lanes: number;
  readonly mailboxMax: number;
  readonly actorsAwakeMax: number;
  readonly actorIdleMs: number;
  readonly requestTimeoutMs: number;
  readonly drainMs: number;
  /** Time limit for a request's head; 0 for no limit. */
  readonly headerTimeoutMs: number;
  readonly itemsPerSale: number;
  /** Maximum number of items that a user may buy in one sale. */
  readonly purchaseLimit: number;
  readonly checkoutMode: "exclusive" | "open";
  /** How long a hold lives. */
  readonly checkoutTtlMs: number;
  readonly saleCloses: "sold_out" | "at_end";
  /** Number of sales created ahead. */
  readonly salesAhead: number;
  /** Age at which a sale's attempts are dropped. */
  readonly keepAttemptsMs: number;
  /** Undefined without a cluster. */
  readonly cluster: ClusterConfig | undefined;
  /** From the end of an audit to the start of the next; 0 for none. */
  readonly auditEveryMs: number;
}

export interface ClusterConfig {
  /** The registry: Upstash, or serverless-redis-http in front of a Redis. */
  readonly redisUrl: string;
  readonly redisToken: string;
  readonly nodeId: string;
  /** The address at which the other nodes reach this one. */
  readonly nodeUrl: string;
  /** Port of the listener for peers, which listens on `host` too. */
  readonly port: number;
  /** The shared secret of the nodes. */
  readonly secret: string;
  /** Undefined if connections between nodes are not encrypted. */
  readonly tls: PeerTlsFiles | undefined;
  readonly heartbeatMs: number;
  /** A node whose registry entry is older than this is probed, and removed if it does not answer. */
  readonly expiryMs: number;
  /** Activations per second in the first seconds after joining. */
  readonly joinActivations: number;
}

/** This process's environment. It is read by name, so that a permission for the names of the settings suffices. */
const PROCESS: Environment = readingBy((name) => Deno.env.get(name));

const HOUR_MS = 3_600_000;
const HEARTBEAT_MS = 1_000;
const REGISTRY = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const;
/** Default of CHECKOUT_TTL, by CHECKOUT_MODE. */
const TTL_MS = { exclusive: 30_000, open: HOUR_MS };
/** Default port of the listener for peers. */
export const CLUSTER_PORT = 8081;

function readingBy(valueOf: (name: string) => string | undefined): Environment {
  return new Proxy({}, { get: (_, name) => valueOf(String(name)) });
}

function dataDirOf(env: Environment): string {
  const value = env["DATA_DIR"] || "./data";
  if (value.includes("://")) throw wrong("DATA_DIR", value, "a folder; the URL of a server goes into DATABASE_URL");
  return value;
}

function hostOf(env: Environment): string {
  const value = env["HOST"] || "127.0.0.1";
  // It becomes part of URLs.
  if (!/^[\w.:-]{1,255}$/.test(value) || !URL.canParse(originOf(value, 1))) {
    throw wrong("HOST", value, "an address or a name such as 127.0.0.1 or 0.0.0.0");
  }
  return value;
}

function nodeIdOf(env: Environment): string {
  const value = env["NODE_ID"] || `node-${crypto.randomUUID().slice(0, 8)}`;
  if (!/^[\w.-]{1,64}$/.test(value)) throw wrong("NODE_ID", value, "1 to 64 letters, digits, '.', '_' or '-'");
  return value;
}

function isWithoutRegistry(env: Environment): boolean {
  return REGISTRY.every((name) => !env[name]);
}

function clusterConfig(env: Environment, host: string): ClusterConfig | undefined {
  const isAlone = isWithoutRegistry(env);
  const portOf = () => integer(env, "CLUSTER_PORT", CLUSTER_PORT, 1, 65_535);
  const heartbeatOf = () => duration(env, "HEARTBEAT", HEARTBEAT_MS, 50, 60_000);
  const heartbeat = whereRight(heartbeatOf, HEARTBEAT_MS);
  // The address that a node listens on beyond loopback is seldom the one at which its peers reach it.
  const plain = isAlone || isLoopback(host) ? originOf(host, whereRight(portOf, CLUSTER_PORT)) : undefined;
  const tlsOf = () => peerTlsFiles(env);
  const tls = whereRight(tlsOf, undefined);
  const near = tls === undefined ? plain : plain?.replace("http:", "https:");
  // Settings are checked even without a cluster, as there may be one later.
  const checked = readAll<ClusterConfig>({
    nodeId: () => nodeIdOf(env),
    nodeUrl: () => nodeUrlOf(env, near, tls),
    port: portOf,
    heartbeatMs: heartbeatOf,
    expiryMs: () => duration(env, "NODE_EXPIRY", 3 * heartbeat, 2 * heartbeat, 600_000),
    joinActivations: () => integer(env, "JOIN_ACTIVATIONS", 1_000, 1, 1_000_000),
    secret: () => clusterSecret(env, isAlone) ?? "",
    tls: tlsOf,
    redisUrl: () => isAlone ? "" : httpUrl(env, REGISTRY[0]),
    redisToken: () => isAlone ? "" : secret(env, REGISTRY[1], 1),
  });
  return isAlone ? undefined : checked;
}

/** The nodes of a cluster share one PostgreSQL. */
function databaseOf(env: Environment): string | undefined {
  const url = postgresUrl(env);
  if (url === undefined && !isWithoutRegistry(env)) {
    throw wrong("DATABASE_URL", "", "set, since the nodes of a cluster serve from one PostgreSQL");
  }
  return url;
}

/**
 * Reads and checks the settings.
 *
 * @returns frozen settings with defaults
 * @throws ConfigError with a line for each wrong setting: its name, its value and what is allowed
 */
export function readConfig(env: Environment = PROCESS): Config {
  const modeOf = () => oneOf(env, "CHECKOUT_MODE", "exclusive", ["exclusive", "open"]);
  const host = whereRight(() => hostOf(env), "127.0.0.1");
  const { door, ...config } = readAll({
    host: () => hostOf(env),
    port: () => integer(env, env["PORT"] ? "PORT" : "SERVER_PORT", 8080, 0, 65_535),
    logLevel: () => oneOf(env, "LOG_LEVEL", "info", ["debug", "info", "warning", "error"]),
    databaseUrl: () => databaseOf(env),
    dataDir: () => dataDirOf(env),
    allowUnsafeDatabase: () => oneOf(env, "ALLOW_UNSAFE_DATABASE", "false", ["true", "false"]) === "true",
    lanes: () => integer(env, "LANES", 1, 1, 64),
    mailboxMax: () => integer(env, "MAILBOX_MAX", 4_096, 1, 1_000_000),
    actorsAwakeMax: () => integer(env, "ACTORS_AWAKE_MAX", 10_000, 1, 10_000_000),
    actorIdleMs: () => duration(env, "ACTOR_IDLE", 300_000, 1_000, 86_400_000),
    requestTimeoutMs: () => duration(env, "REQUEST_TIMEOUT", 5_000, 100, 60_000),
    drainMs: () => duration(env, "DRAIN", 2_000, 0, 60_000),
    headerTimeoutMs: () => duration(env, "HEADER_TIMEOUT", 10_000, 0, 60_000),
    itemsPerSale: () => integer(env, "ITEMS_PER_SALE", 10_000, 1, 999_999),
    purchaseLimit: () => integer(env, "PURCHASE_LIMIT", 10, 1, 32_767),
    checkoutMode: modeOf,
    checkoutTtlMs: () => duration(env, "CHECKOUT_TTL", TTL_MS[whereRight(modeOf, "exclusive")], 1, 24 * HOUR_MS),
    saleCloses: () => oneOf(env, "SALE_CLOSES", "sold_out", ["sold_out", "at_end"]),
    salesAhead: () => integer(env, "SALES_AHEAD", 1, 0, 24),
    keepAttemptsMs: () => duration(env, "KEEP_ATTEMPTS", 30 * 24 * HOUR_MS, HOUR_MS, 3_650 * 24 * HOUR_MS),
    cluster: () => clusterConfig(env, host),
    auditEveryMs: () => duration(env, "AUDIT_EVERY", 600_000, 0, 24 * HOUR_MS),
    door: () => accessConfig(env, host),
  });
  return Object.freeze({ ...config, ...door });
}

/**
 * The names of all settings that readConfig() reads.
 *
 * @param env may make it read more settings than without any
 * @throws ConfigError as readConfig() does
 */
export function settingNames(env: Environment = {}): ReadonlySet<string> {
  const names = new Set<string>();
  readConfig(readingBy((name) => {
    names.add(name);
    return env[name];
  }));
  return names;
}
