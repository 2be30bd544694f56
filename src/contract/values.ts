/** Which values come in requests and answers? One schema a value, which both checks and describes it. */
import * as z from "zod";
import { AMOUNT_MAX } from "../domain/coupon.ts";
import { isUserId, normalizeName, normalizeSearch, USER_ID_RULE } from "../domain/name_key.ts";

/** From then on a time has no four-digit year in UTC. */
const YEAR_10000_MS = 253_402_300_800_000;
/** Date.parse would also take the 24th hour. */
const RFC_3339 =
  /^\d{4}-\d{2}-(\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Date.parse takes the 31st of any month for a day of the next. */
function daysIn(time: string): number {
  return new Date(Date.UTC(Number(time.slice(0, 4)), Number(time.slice(5, 7)), 0)).getUTCDate();
}

/** Milliseconds of an RFC 3339 time from 1970 on, fractions below dropped; undefined where it is none. */
export function msOf(value: string): number | undefined {
  const match = RFC_3339.exec(value);
  if (match === null || Number(match[1]) > daysIn(value)) return undefined;
  const ms = Date.parse(value.toUpperCase());
  return ms >= 0 && ms < YEAR_10000_MS ? ms : undefined;
}

let lastMs = NaN;
let lastTime = "";

/** A time in milliseconds, as RFC 3339 UTC. A turn's claims share theirs, so the last one is kept. */
export function showTime(ms: number): string {
  if (ms !== lastMs) {
    lastTime = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTime;
}

/** A text by a rule of the domain's. @param must continues "field must be …" where it does not hold */
export function textBy(
  rule: (text: string) => boolean,
  must: string,
  meta: Readonly<Record<string, unknown>>,
): z.ZodString {
  return z.string(must).refine(rule, must).meta(meta);
}

/** A coupon's name, as it is sent. */
export const couponName = textBy(
  (text) => normalizeName(text) !== undefined,
  "must be a text of 1 to 255 characters without control characters or /",
  {
    description:
      "The name of a coupon: 1 to 255 characters, no control characters, no `/`, not `.` or `..`. Names are " +
      "compared case-insensitively after normalization: NFKC, white space collapsed and trimmed, invisible characters " +
      "removed, all dashes equal; `ß` equals `ss`.",
    minLength: 1,
    examples: ["PROMO_SUPER"],
  },
);

/** A user's id, as it is sent. */
export const userId = textBy(
  isUserId,
  USER_ID_RULE,
  {
    description: "A user's id: 1 to 255 characters, no control characters, no white space at either end; compared " +
      "exactly.",
    minLength: 1,
    maxLength: 255,
    examples: ["user_12345"],
  },
);

/** A whole number, 1 or more. */
export function wholeNumber(max: number): z.ZodInt {
  const must = `must be a whole number from 1 to ${max}`;
  return z.int(must).min(1, must).max(max, must);
}

export function oneOf<const T extends readonly string[]>(values: T): z.ZodEnum<{ [Value in T[number]]: Value }> {
  return z.enum(values, `must be one of ${values.join(", ")}`);
}

/** Other names of parameters of a query. */
export const aliases = z.registry<{ name: string }>();

/** Gives a parameter another name; only one of the two may be sent. */
export function alias<T extends z.ZodType>(name: string, schema: T): T {
  aliases.add(schema, { name });
  return schema;
}

/** How many units a coupon has. */
export const amount = wholeNumber(AMOUNT_MAX).meta({
  description: "Total number of units, including claimed ones.",
  examples: [100],
});

/** A time, as it is sent. */
export const time = textBy(
  (text) => msOf(text) !== undefined,
  "must be a time such as 2026-11-21T14:00:00Z, from 1970 on",
  {
    description: "An RFC 3339 time from 1970 to 9999; truncated to milliseconds.",
    format: "date-time",
    examples: ["2026-11-21T14:00:00Z"],
  },
);

/** A switch. */
export const flag = z.boolean("must be true or false");

/** A time, as it is answered. */
export const timeShown = z.string().meta({
  description: "RFC 3339, UTC, with milliseconds.",
  format: "date-time",
  examples: ["2026-11-21T14:00:00.000Z"],
});

/** A number of things, 0 or more. */
export const count = z.int().min(0).max(AMOUNT_MAX);

/** What an answer of success says to people. */
export const message = z.string().meta({ description: "For people; may change." });

/** A user's id, as it is answered. */
export const userIdShown = z.string().meta({ description: "A user's id.", examples: ["user_12345"] });

export const claimId = z.string().meta({
  description: "The claim's id.",
  format: "uuid",
  examples: ["0199a3c2-6f1e-7c3a-9b1d-2f4e5a6b7c8d"],
});

/** Where the next cursor page begins. */
export const nextCursor = z.nullable(z.string()).meta({
  description: "The `cursor` of the next page; null on the last page.",
});

const cursor = z.string().meta({ description: "The `next_cursor` of the previous page." }).optional();
const limit = wholeNumber(1_000);

/** The query of a cursor page. */
export const cursorQuery = {
  cursor,
  limit: limit.default(100).meta({ description: "Maximum number of entries in a page." }),
};

const pageNumber = wholeNumber(2_147_483_647);
const perPage = wholeNumber(100);

/** What the query of a cursor page says. */
export interface CursorQuery {
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** What the query of a numbered page says. */
export interface PageQuery {
  readonly page: number;
  readonly per_page: number;
}

/** The query of a numbered page. */
export const pageQuery = {
  page: alias("page_num", pageNumber.default(1).meta({ description: "The page number, from 1." })),
  per_page: alias("page_size", perPage.default(20).meta({ description: "Entries per page." })),
};

/** The query of a page by cursor or of a numbered one. No value is a default: a form would send it beside the others. */
export const eitherQuery = {
  cursor,
  limit: limit.meta({ description: "Maximum number of entries in a page by cursor; 100 if only `cursor` is sent." })
    .optional(),
  page: alias(
    "page_num",
    pageNumber.meta({ description: "The page number, from 1; default 1." }).optional(),
  ),
  per_page: alias(
    "page_size",
    perPage.meta({ description: "Entries per numbered page; default 20." }).optional(),
  ),
};

const search = textBy(
  (text) => normalizeSearch(text) !== undefined,
  "must be at most 255 well-formed characters without control characters",
  {
    description: "Part of the name, compared as names are; `%` and `_` have no special meaning.",
    maxLength: 255,
  },
).optional();

export const couponListQuery = { search, ...pageQuery };
