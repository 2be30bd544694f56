/**
 * How is a sale named, and what names its sale? A sale is its hour; an item's id and a code carry their sale in
 * themselves, so that a request finds its actor without a look-up.
 *
 * Each name has one spelling: whatever else a client sends names nothing.
 */

/** How long a sale is, in milliseconds; sales start at whole hours. */
export const HOUR_MS = 3_600_000;
/** The greatest number of a sale: the last hour of the year 9999. */
export const SALE_NUMBER_MAX = 70_389_527;
/** Items that one sale can have. */
export const ITEMS_MAX = 999_999;

/** Item ids of one sale: its own and the one, n = 0, that no item has. */
const IDS_PER_SALE = ITEMS_MAX + 1;

const SALE_KEY = /^\d{4}-\d{2}-\d{2}T\d{2}Z$/;
const ITEM_ID = /^(?:0|[1-9]\d{0,13})$/;
/** 16 bytes are 21 characters of six bits and one of two. */
const SECRET = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const SALE_KEY_LENGTH = "2026-11-21T14Z".length;

/** The key that was made last: nearly all requests are about one sale, and making a key takes half a microsecond. */
let last = { number: 0, key: "1970-01-01T00Z" };

/** An item's place: its sale's number, and its own within the sale, 0 to {@linkcode ITEMS_MAX}. */
export interface ItemPlace {
  readonly number: number;
  /** 0, and all beyond the sale's items, are no item's. */
  readonly n: number;
}

/** A code's parts. */
export interface CodeParts {
  /** The key of its sale. */
  readonly key: string;
  /** The number of its sale. */
  readonly number: number;
  /** Its 22 characters after the sale's key: what the sale's commands call the code. */
  readonly code: string;
}

/** The number of the sale in whose hour a time lies. @param at milliseconds since the epoch, before the year 10000 */
export function saleNumberAt(at: number): number {
  return checked(Math.floor(at / HOUR_MS));
}

/** The first millisecond of a sale, since the epoch. */
export function startsAtOf(number: number): number {
  return checked(number) * HOUR_MS;
}

/**
 * A sale's key, `2026-11-21T14Z`.
 *
 * @throws RangeError where the number is none of a sale: not a whole one from 0 to {@linkcode SALE_NUMBER_MAX}
 */
export function saleKeyOf(number: number): string {
  if (last.number !== number) {
    last = { number, key: new Date(startsAtOf(number)).toISOString().slice(0, 13) + "Z" };
  }
  return last.key;
}

/** The number of the sale that a key names, or undefined where it is none: another form, or an hour that never was. */
export function parseSaleKey(key: string): number | undefined {
  if (key === last.key) return last.number;
  if (!SALE_KEY.test(key)) return undefined;
  const number = Date.parse(key.slice(0, 13) + ":00:00Z") / HOUR_MS;
  if (!isSaleNumber(number)) return undefined;
  // The 24th hour, and in some engines the 30th of February, are read as a later one.
  return saleKeyOf(number) === key ? number : undefined;
}

/** The id of a sale's n-th item. */
export function itemIdOf(number: number, n: number): number {
  return number * IDS_PER_SALE + n;
}

/** The place that an item id names, or undefined where it is not a canonical decimal or names no hour. */
export function parseItemId(text: string): ItemPlace | undefined {
  if (!ITEM_ID.test(text)) return undefined;
  const id = Number(text);
  const number = Math.floor(id / IDS_PER_SALE);
  return isSaleNumber(number) ? { number, n: id % IDS_PER_SALE } : undefined;
}

/**
 * Whether a place is one of the current sale: what an id from 1 to {@linkcode ITEMS_MAX} names. Such ids are those of the
 * first hour of 1970, which has no sale.
 */
export function isOfCurrentSale({ number, n }: ItemPlace): boolean {
  return number === 0 && n > 0;
}

/** A code as its user gets it: the sale's key and the code's 22 characters. */
export function formatCode(key: string, code: string): string {
  return key + "." + code;
}

/** The parts of a code, or undefined where its sale is none or the rest is not canonical base64url of 16 bytes. */
export function parseCode(text: string): CodeParts | undefined {
  if (text[SALE_KEY_LENGTH] !== ".") return undefined;
  const code = text.slice(SALE_KEY_LENGTH + 1);
  if (!SECRET.test(code)) return undefined;
  const key = text.slice(0, SALE_KEY_LENGTH);
  const number = parseSaleKey(key);
  return number === undefined ? undefined : { key, number, code };
}

function isSaleNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= SALE_NUMBER_MAX;
}

function checked(number: number): number {
  if (isSaleNumber(number)) return number;
  throw new RangeError(`Cannot name a sale as its number must be 0 to ${SALE_NUMBER_MAX}: received ${number}`);
}
