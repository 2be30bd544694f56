/** Which settings does the deployment name that config.ts is still to learn? */
import { type Environment, settingNames } from "../../src/config.ts";
import { environmentOf, nodes } from "./compose.ts";

/**
 * The cluster's and the callers' settings, for which the deployment is written already. A test fails for each that
 * config.ts knows: delete it here, and this list with its last.
 */
export const PENDING: readonly string[] = [
  "ADMIN_TOKEN",
  "CLUSTER_PORT",
  "CLUSTER_SECRET",
  "HEARTBEAT",
  "JWT_SECRET",
  "NODE_EXPIRY",
  "NODE_ID",
  "NODE_URL",
  "SERVICE_TOKEN",
  "UPSTASH_REDIS_REST_TOKEN",
  "UPSTASH_REDIS_REST_URL",
];

/** The default of CLUSTER_PORT; to be read from config.ts once that is no longer pending. */
export const PEER_PORT = 8081;

/** What the nodes of the deployment are given. */
export const nodeEnvironments: readonly Environment[] = [...nodes.values()].map(environmentOf);

/** What config.ts asks for, on its own and as a node of the deployment. */
export function knownSettings(): Set<string> {
  return new Set([{}, ...nodeEnvironments].flatMap((env) => [...settingNames(env)]));
}
