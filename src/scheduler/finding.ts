/** What is told of a counter that is not its rows, and when may it be believed? */
import type { Finding } from "../ports/mod.ts";
import { SALE_NUMBER_MAX, saleKeyOf } from "../domain/sale_ids.ts";
import type { Pace, Read } from "./pace.ts";

/** How often an object is looked at before it is given up as busy. */
export const LOOKS_MAX = 5;

/**
 * Looks until what is seen may be believed. An audit reads beside actors that write: a difference counts where a second
 * look finds one too.
 *
 * @param look returns undefined where the object moved while it was read
 * @returns what the last look found; undefined where the object never held still
 */
export async function confirmed(
  pace: Pace,
  look: (read: Read) => Promise<Finding[] | undefined>,
): Promise<Finding[] | undefined> {
  let suspected = false;
  for (let looks = 1; looks <= LOOKS_MAX; looks++) {
    const found = await look(looks === 1 ? pace.read : pace.readNow);
    if (found === undefined) continue;
    if (found.length === 0 || suspected) return found;
    suspected = true;
  }
  return undefined;
}

/** A sale by its key; by its number where that is no sale's. */
export function saleNameOf(number: number): string {
  return number >= 0 && number <= SALE_NUMBER_MAX ? `sale ${saleKeyOf(number)}` : `sale #${number}`;
}
