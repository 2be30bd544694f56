/** How are sales, items and codes named? Each name tells its sale, so that no look-up is needed to find its actor. */

/** A sale lasts so long, in milliseconds. */
export const SALE_MS = 3_600_000;
/** Items of a sale at most: an item's id leaves room for so many. */
export const ITEMS_MAX = 999_999;

const ITEM_STEP = 1_000_000;
/** Sales up to the year 9999, the last one whose name has four digits for it. */
const NUMBER_MAX = Date.UTC(9999, 11, 31, 23) / SALE_MS;
const SALE_KEY = /^\d{4}-\d{2}-\d{2}T\d{2}Z$/;
const ITEM_ID = /^[1-9]\d{0,15}$/;
/** 16 bytes in base64url (RFC 4648): the last of the 22 characters holds two bits. */
const SECRET = /^[\w-]{21}[AQgw]$/;

/** An item's place: the number of its sale, and its own, which counts from 1. */
export interface ItemPlace {
  readonly sale: number;
  readonly n: number;
}

/** What a code says: the key of its sale, and 22 characters that no one can guess. */
export interface Code {
  readonly sale: string;
  readonly secret: string;
}

/** The number of the sale that is open at a time in milliseconds since the epoch: the hours since then. */
export function saleNumberAt(ms: number): number {
  return Math.floor(ms / SALE_MS);
}

/** A sale's first millisecond since the epoch. */
export function saleStart(number: number): number {
  return number * SALE_MS;
}

/** A sale's key, such as `2026-11-21T14Z`. */
export function saleKey(number: number): string {
  return new Date(saleStart(number)).toISOString().slice(0, 13) + "Z";
}

/** The number of the sale of a key; undefined where there can be no such sale. */
export function saleNumber(key: string): number | undefined {
  if (!SALE_KEY.test(key)) return undefined;
  const ms = Date.parse(`${key.slice(0, 13)}:00:00Z`);
  const number = ms / SALE_MS;
  return number >= 0 && number <= NUMBER_MAX && saleKey(number) === key ? number : undefined;
}

/** An item's id. */
export function itemId({ sale, n }: ItemPlace): number {
  return sale * ITEM_STEP + n;
}

/** The place that an id names; undefined for any text but the decimal form of an id that can be. */
export function itemPlace(text: string): ItemPlace | undefined {
  if (!ITEM_ID.test(text)) return undefined;
  const id = Number(text);
  const place = { sale: Math.floor(id / ITEM_STEP), n: id % ITEM_STEP };
  return place.sale <= NUMBER_MAX && place.n > 0 ? place : undefined;
}

/** A code's text. */
export function codeText({ sale, secret }: Code): string {
  return `${sale}.${secret}`;
}

/** A code's parts; undefined for any text that is no code. */
export function codeOf(text: string): Code | undefined {
  const [sale, secret, ...rest] = text.split(".");
  if (secret === undefined || rest.length > 0 || !SECRET.test(secret)) return undefined;
  return saleNumber(sale!) === undefined ? undefined : { sale: sale!, secret };
}
