/** Where is kept what was measured? */
import type { Database } from "./database.ts";
import type { Load, Measured } from "./load.ts";
import type { SaleRun } from "./sales/audit.ts";

/** One measurement whose accepted answers must be rows. */
export interface Run {
  readonly title: string;
  readonly database: Database;
  readonly load: Load;
  readonly measured: Measured;
}

/** What one line of the table is of, round by round; a round without it is undefined. */
export interface Row {
  readonly title: string;
  /** The row of the same load on the edge alone. */
  readonly ceiling: string;
  readonly rounds: (Measured | undefined)[];
}

/** A number that is no rate, round by round. */
export interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly values: number[];
}

/** All that was measured. */
export class Book {
  /** By name, in the order of the first measurement. */
  readonly rows = new Map<string, Row>();
  readonly figures = new Map<string, Figure>();
  readonly runs: Run[] = [];
  readonly saleRuns: SaleRun[] = [];
  /** What was not as expected. */
  readonly notes: string[] = [];

  row(name: string, title: string, round: number, measured: Measured, ceiling = "ceiling"): void {
    const row = this.rows.get(name) ?? { title, ceiling, rounds: [] };
    row.rounds[round] = measured;
    this.rows.set(name, row);
  }

  figure(title: string, unit: string, value: number): void {
    const figure = this.figures.get(title) ?? { title, unit, values: [] };
    figure.values.push(value);
    this.figures.set(title, figure);
  }

  /** Of the rounds in which both were measured, one's rate to the other's; that of accepted or refused answers alone, where wanted. */
  ratios(one: string, other: string, of: "rate" | "acceptedRate" | "refusedRate" = "rate"): number[] {
    const others = this.rows.get(other)?.rounds ?? [];
    return (this.rows.get(one)?.rounds ?? []).flatMap((measured, round) => {
      const base = others[round];
      return measured === undefined || base === undefined ? [] : [measured[of] / base[of]];
    });
  }
}
