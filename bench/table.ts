/** How do the figures look? */
import type { Measured } from "./load.ts";

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A rate, in whole numbers. */
export function shown(rate: number): string {
  return Math.round(rate).toLocaleString("en-US");
}

/** One line of the table: medians over the rounds, and the spread of the rate. */
export function line(name: string, rounds: readonly Measured[], ceiling: number): string {
  const rates = rounds.map(({ rate }) => rate);
  const share = (count: (one: Measured) => number) => median(rounds.map((one) => count(one) / one.answered * one.rate));
  const cells = [
    name,
    shown(median(rates)),
    `${shown(Math.min(...rates))} to ${shown(Math.max(...rates))}`,
    shown(share(({ accepted }) => accepted)),
    shown(share(({ refused }) => refused)),
    median(rounds.map(({ p50 }) => p50)).toFixed(1),
    median(rounds.map(({ p99 }) => p99)).toFixed(1),
    (median(rates) / ceiling).toFixed(2),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The table's head. */
export const HEAD = `| what | answers/s | spread | accepted/s | refused/s | p50 ms | p99 ms | of the ceiling |
|---|---:|---:|---:|---:|---:|---:|---:|`;
