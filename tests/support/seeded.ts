/** How do moments of chance come again? CRASH_SEED names those of a run. */
import { type Random, randomFrom } from "../../tools/random.ts";

/** Of this run. */
export const SEED = Number(Deno.env.get("CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** The run's random numbers, from the first one on; says how to have them again. */
export function seeded(): Random {
  console.log(`CRASH_SEED=${SEED}`);
  return randomFrom(SEED);
}
