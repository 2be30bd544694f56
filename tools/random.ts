/** Where does chance come from that can be had again? From a seed. */

/** A random whole number, 0 or more and less than `below`. */
export type Random = (below: number) => number;

/** Random numbers that the same seed gives again. (mulberry32) */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * below);
  };
}
