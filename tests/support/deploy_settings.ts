/** Which settings does config.ts know, and what is the deployment given? */
import { type Environment, settingNames } from "../../src/config/config.ts";
import { environmentOf, nodes } from "./compose.ts";

/** What the nodes of the deployment are given. */
export const nodeEnvironments: readonly Environment[] = [...nodes.values()].map(environmentOf);

/** What config.ts asks for, on its own and as a node of the deployment. */
export function knownSettings(): Set<string> {
  return new Set([{}, ...nodeEnvironments].flatMap((env) => [...settingNames(env)]));
}
