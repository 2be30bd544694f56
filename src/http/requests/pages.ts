/** Which page is wanted? */
import { hash } from "node:crypto";
import type { Page } from "../../ports/mod.ts";
import { normalizeSearch } from "../../domain/name_key.ts";
import { invalid, type InvalidRequest } from "../../contract/invalid.ts";

/** Letters of a list's digest in a cursor. */
const TAG_LENGTH = 8;
const PER_PAGE_MAX = 100;
const LIMIT_MAX = 1_000;
const INTEGER_MAX = 2_147_483_647;

/** A parameter that may stand once, by one of its names. @throws InvalidRequest where it stands twice */
export function parameter(query: URLSearchParams, ...names: string[]): string | undefined {
  const values = names.flatMap((name) => query.getAll(name));
  if (values.length > 1) throw wrong(query, names, "must be given once");
  return values[0];
}

/** A wrong parameter. @param names it may have; the one that it has is told */
function wrong(query: URLSearchParams, names: readonly string[], must: string): InvalidRequest {
  const param = names.find((name) => query.has(name)) ?? names[0]!;
  return invalid(`${names.join(" or ")} ${must}`, param);
}

function wholeNumber(query: URLSearchParams, names: string[], fallback: number, max: number): number {
  const value = parameter(query, ...names);
  if (value === undefined) return fallback;
  const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (!(number >= 1 && number <= max)) {
    throw wrong(query, names, `must be a whole number from 1 to ${max}`);
  }
  return number;
}

/** `page` and `per_page` (or `page_num` and `page_size`), counted from 1; defaults 1 and 20. @throws InvalidRequest */
export function pageOf(query: URLSearchParams): { page: number; perPage: number } {
  return {
    page: wholeNumber(query, ["page", "page_num"], 1, INTEGER_MAX),
    perPage: wholeNumber(query, ["per_page", "page_size"], 20, PER_PAGE_MAX),
  };
}

/** Whether a list that has both is wanted by `page`, not by `cursor`. @throws InvalidRequest where it is wanted by both */
export function isNumberedPage(query: URLSearchParams): boolean {
  const byCursor = ["cursor", "limit"].filter((name) => query.has(name));
  const byPage = ["page", "per_page", "page_num", "page_size"].filter((name) => query.has(name));
  if (byCursor.length > 0 && byPage.length > 0) {
    throw invalid("cursor and limit cannot be given together with page and per_page", byPage[0]);
  }
  return byCursor.length === 0;
}

/** A page of a list, with where it is in it. */
export function showPage<T>(
  { data, total }: Page<T>,
  page: number,
  perPage: number,
  show: (row: T) => unknown,
): Record<string, unknown> {
  const meta = { page, per_page: perPage, page_count: Math.ceil(total / perPage), total };
  return { data: data.map(show), meta };
}

/** A parameter of few values; undefined where absent. @throws InvalidRequest */
export function oneOf<T extends string>(query: URLSearchParams, name: string, allowed: readonly T[]): T | undefined {
  const value = parameter(query, name);
  if (value === undefined) return undefined;
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw wrong(query, [name], `must be one of ${allowed.join(", ")}`);
}

/** `limit` of a cursor page; default 100, at most 1,000. @throws InvalidRequest */
export function limitOf(query: URLSearchParams): number {
  return wholeNumber(query, ["limit"], 100, LIMIT_MAX);
}

/** `search`, in the form in which names are compared; empty where absent. @throws InvalidRequest */
export function searchOf(query: URLSearchParams): string {
  const text = normalizeSearch(parameter(query, "search") ?? "");
  if (text === undefined) {
    throw wrong(query, ["search"], "must be at most 255 well-formed characters without control characters");
  }
  return text;
}

/** The opaque form of a place in a list. @param list what it is a list of, and whose: a cursor is good for no other */
export function cursorAfter(list: string, place: number): string {
  const tag = hash("sha256", list, "hex").slice(0, TAG_LENGTH);
  return btoa(`${tag}:${place}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The place that a `cursor` names; 0 where absent.
 *
 * @param max the greatest place that the list can have
 * @throws InvalidRequest where it is none that `cursorAfter` made
 */
export function cursorOf(query: URLSearchParams, list: string, max: number = INTEGER_MAX): number {
  const cursor = parameter(query, "cursor");
  if (cursor === undefined) return 0;
  if (/^[\w-]{1,64}$/.test(cursor)) {
    for (const text of decodeBase64(cursor)) {
      const place = Number(text.slice(TAG_LENGTH + 1));
      if (Number.isInteger(place) && place > 0 && place <= max && cursorAfter(list, place) === cursor) {
        return place;
      }
    }
  }
  throw wrong(query, ["cursor"], "must be a next_cursor that this list returned");
}

function decodeBase64(text: string): string[] {
  try {
    return [atob(text.replaceAll("-", "+").replaceAll("_", "/"))];
  } catch {
    return [];
  }
}
