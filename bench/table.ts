/** How do the figures look? As Markdown whose columns are aligned, so that it reads as plain text too. */
import type { Book, Row } from "./book.ts";
import type { Measured } from "./load.ts";
import { median, shown, spread } from "./numbers.ts";

const HEAD = ["what", "answers/s", "min to max", "accepted/s", "refused/s", "p50 ms", "p99 ms", "of the ceiling"];

/** Ratios of one row to another. */
const RATIOS = [
  ["one hot coupon, to the ceiling", "hot", "ceiling"],
  ["one hot coupon, to one SQL statement per claim", "hot", "statement"],
  ["one hot coupon, to a row lock per claim", "hot", "row_lock"],
  ["one hot coupon, to Redis Lua", "hot", "redis"],
  ["one hot coupon at 64 connections, to 256", "hot_64", "hot"],
  ["1,000 coupons, to one hot coupon", "thousand", "hot"],
  ["sleeping coupons, to one SQL statement per claim on the same", "sleepers", "sleepers_statement"],
  ["sold-out answers, to the ceiling", "sold_out", "ceiling"],
  ["duplicates, to the ceiling", "duplicates", "ceiling"],
  ["the ceiling, to the bare framework", "ceiling", "bare"],
  ["a whole sale, to the same on the edge alone", "sale", "sale_ceiling"],
  ["a whole sale, to one SQL statement an act", "sale", "sale_statement"],
  ["a whole sale, to row locks", "sale", "sale_row_lock"],
  ["checkouts, to the same on the edge alone", "checkouts", "checkout_ceiling"],
  ["checkouts, to one SQL statement a checkout", "checkouts", "checkout_statement"],
  ["the last items: stored refusals, to refusals of the edge alone", "crowd", "crowd_ceiling", "refusedRate"],
  ["the last items: stored refusals, to one SQL statement an act", "crowd", "crowd_statement", "refusedRate"],
] as const;

/** A Markdown table: the first column to the left, all others to the right. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, place) => Math.max(3, title.length, ...rows.map((row) => row[place]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, place) => place === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[place]!)).join(" | ")
    } |`;
  const rule = widths.map((width, place) => place === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function rateCells({ title, rounds }: Row, ofCeiling: readonly number[]): string[] {
  const measured = rounds.filter((one) => one !== undefined);
  const of = (part: (one: Measured) => number) => measured.map(part);
  const rates = of(({ rate }) => rate);
  return [
    title,
    shown(median(rates)),
    spread(rates),
    shown(median(of(({ acceptedRate }) => acceptedRate))),
    shown(median(of(({ refusedRate }) => refusedRate))),
    shown(median(of(({ p50Ms }) => p50Ms))),
    shown(median(of(({ p99Ms }) => p99Ms))),
    shown(median(ofCeiling)),
  ];
}

/** The table of rates: medians over the rounds, and how far the rate went. */
export function rateTable(book: Book): string {
  return markdown(HEAD, [...book.rows].map(([name, row]) => rateCells(row, book.ratios(name, row.ceiling))));
}

/** Ratios, each taken round by round, and figures that are no rates. */
export function figureTable(book: Book): string {
  const ratios = RATIOS.map(([title, one, other, of]) => ({ title, unit: "", values: book.ratios(one, other, of) }));
  const figures = [...ratios, ...book.figures.values()].filter(({ values }) => values.length > 0);
  const cells = figures.map(({ title, unit, values }) => {
    return [title, `${shown(median(values))}${unit === "" ? "" : ` ${unit}`}`, spread(values)];
  });
  return cells.length === 0 ? "" : markdown(["ratio or figure", "median", "min to max"], cells);
}
