/** Which settings does the deployment name that config.ts is still to learn? */
import { type Environment, settingNames } from "../../src/config.ts";
import { environmentOf, nodes } from "./compose.ts";

/**
 * The callers' settings, for which the deployment is written already. A test fails for each that
 * config.ts knows: delete it here, and this list with its last.
 */
export const PENDING: readonly string[] = [
  "ADMIN_TOKEN",
  "JWT_SECRET",
  "SERVICE_TOKEN",
];

/** What the nodes of the deployment are given. */
export const nodeEnvironments: readonly Environment[] = [...nodes.values()].map(environmentOf);

/** What config.ts asks for, on its own and as a node of the deployment. */
export function knownSettings(): Set<string> {
  return new Set([{}, ...nodeEnvironments].flatMap((env) => [...settingNames(env)]));
}
