/** The secret of the cluster. Whoever has it can act as a node. */
import { type Environment, optionalSecret, secret, wrong } from "./settings.ts";

const TOKENS = ["ADMIN_TOKEN", "SERVICE_TOKEN", "JWT_SECRET", "UPSTASH_REDIS_REST_TOKEN", "DB_PASSWORD"] as const;
const URLS = ["DATABASE_URL", "UPSTASH_REDIS_REST_URL"] as const;
const LEAST = 16;

/**
 * CLUSTER_SECRET, which is optional without a cluster.
 *
 * @throws ConfigError if it is too short or equals another secret of this node
 */
export function clusterSecret(env: Environment, isAlone: boolean): string | undefined {
  const read = isAlone ? optionalSecret : secret;
  const value = read(env, "CLUSTER_SECRET", LEAST);
  const others = [...TOKENS.map((name) => env[name]), ...URLS.flatMap((name) => passwordsIn(env[name]))];
  if (value !== undefined && others.includes(value)) {
    throw wrong("CLUSTER_SECRET", "***", "a secret that is used for nothing else");
  }
  return value;
}

/** The passwords in a URL, which may name several hosts: those of its user information and parameters. */
function passwordsIn(url: string | undefined): string[] {
  const [, userInfo = ""] = /^\w+:\/\/([^/?#]*)@/.exec(url ?? "") ?? [];
  const parameters = new URLSearchParams(/\?([^#]*)/.exec(url ?? "")?.[1]);
  const told = userInfo.slice(userInfo.indexOf(":") + 1);
  return [told, decoded(told), ...parameters.values()];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
