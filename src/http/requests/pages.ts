/** Pages of lists: numbered ones, and those by cursor. */
import { hash } from "node:crypto";
import type { ListPart, Page } from "../../ports/mod.ts";
import { invalid } from "../../contract/invalid.ts";
import type { PageQuery } from "../../contract/values.ts";

/** Length of a list's digest in a cursor. */
const TAG_LENGTH = 8;
const INTEGER_MAX = 2_147_483_647;

/** Whether a list that has both kinds of page is wanted by `page`. @throws InvalidRequest if it is wanted by both */
export function isNumberedPage(query: URLSearchParams): boolean {
  const byCursor = ["cursor", "limit"].filter((name) => query.has(name));
  const byPage = ["page", "per_page", "page_num", "page_size"].filter((name) => query.has(name));
  if (byCursor.length > 0 && byPage.length > 0) {
    throw invalid("cursor and limit cannot be given together with page and per_page", byPage[0]);
  }
  return byCursor.length === 0;
}

/** A numbered page with its `meta`. */
export function showPage<T>(
  { data, total }: Page<T>,
  { page, per_page }: PageQuery,
  show: (row: T) => unknown,
): Record<string, unknown> {
  return { data: data.map(show), meta: { page, per_page, page_count: Math.ceil(total / per_page), total } };
}

/** A page by cursor with its `next_cursor`. @param list as of {@linkcode cursorAfter} */
export function showPart<T>(
  { data, next }: ListPart<T, number>,
  list: string,
  show: (row: T) => unknown,
): { data: unknown[]; next_cursor: string | null } {
  return { data: data.map(show), next_cursor: next === undefined ? null : cursorAfter(list, next) };
}

/** The cursor of a place. @param list names the list and whose it is: the cursor is valid for no other */
export function cursorAfter(list: string, place: number): string {
  const tag = hash("sha256", list, "hex").slice(0, TAG_LENGTH);
  return btoa(`${tag}:${place}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The place of a `cursor`; 0 if absent.
 *
 * @param max the greatest place that the list can have
 * @throws InvalidRequest if `cursorAfter` did not make it for this list
 */
export function placeAfter(cursor: string | undefined, list: string, max: number = INTEGER_MAX): number {
  if (cursor === undefined) return 0;
  if (/^[\w-]{1,64}$/.test(cursor)) {
    for (const text of decodeBase64(cursor)) {
      const place = Number(text.slice(TAG_LENGTH + 1));
      if (Number.isInteger(place) && place > 0 && place <= max && cursorAfter(list, place) === cursor) {
        return place;
      }
    }
  }
  throw invalid("cursor must be a next_cursor that this list returned", "cursor");
}

function decodeBase64(text: string): string[] {
  try {
    return [atob(text.replaceAll("-", "+").replaceAll("_", "/"))];
  } catch {
    return [];
  }
}
