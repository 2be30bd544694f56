/** How do moments of chance come again? CRASH_SEED names those of a run. */
import { type Random, randomFrom } from "../../tools/random.ts";
import type { TestNode } from "./node.ts";

/** Of this run. */
export const SEED = Number(Deno.env.get("CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** The run's random numbers, from the first one on; says how to have them again. */
export function seeded(): Random {
  console.log(`CRASH_SEED=${SEED}`);
  return randomFrom(SEED);
}

/**
 * Runs a body and then kills its servers.
 *
 * @param servers those that run at its end
 * @throws {Error} with the seed and the servers' last lines where the body throws; its cause is what that threw
 */
export async function killing(servers: () => readonly TestNode[], body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const said = servers().map((server) => server.lastLines()).join("\n--\n");
    throw new Error(`With CRASH_SEED=${SEED}; its servers said: ${said}`, { cause: error });
  } finally {
    await Promise.all(servers().map((server) => server.kill()));
  }
}
