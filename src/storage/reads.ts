/** How is stored data read, and how do rows become a page? */
import type { ListPart, Page } from "../ports/mod.ts";
import { retried } from "./db_errors.ts";
import type { Row, Sql } from "./sql.ts";

/** Runs a statement that only reads. @throws Fault `storage_unavailable` */
export function read(sql: Sql, text: string, params: readonly unknown[], name: string): Promise<Row[]> {
  return retried(sql, "Cannot read", text, params, name);
}

/** The page of a statement whose first column is the total, and whose second one is null if the page is empty. */
export function pageOf<View>(rows: readonly Row[], viewOf: (row: Row) => View): Page<View> {
  return { data: presentOf(rows, 1).map((row) => viewOf(row.slice(1))), total: rows[0]![0] as number };
}

/** Rows of a left join in which the other side was found. @param column of that side, never null */
export function presentOf(rows: readonly Row[], column: number): Row[] {
  return rows.filter((row) => row[column] !== null);
}

/**
 * A part of a list.
 *
 * @param rows one more than `limit` if the list goes on
 * @param placeOf where the list goes on after a row; by default its first column
 */
export function listPartOf<View, Place = number>(
  rows: readonly Row[],
  limit: number,
  viewOf: (row: Row) => View,
  placeOf: (row: Row) => Place = ([place]) => place as Place,
): ListPart<View, Place> {
  const shown = rows.slice(0, limit);
  return { data: shown.map(viewOf), next: rows.length > limit ? placeOf(shown.at(-1)!) : undefined };
}
