/** Is this a command for a sale? Asked of what another node sent: the rules must not meet anything else. */
import type { SaleCommand } from "../domain/sale.ts";
import { formatCode, ITEMS_MAX, parseCode, parseSaleKey, SALE_NUMBER_MAX } from "../domain/sale_ids.ts";
import { isUserId } from "../domain/text.ts";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
/** Any sale's: a code's form does not depend on it. */
const A_SALE = "2026-11-21T14Z";

type Told = Readonly<Record<string, unknown>>;

function isBetween(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function isCode(value: unknown): boolean {
  return typeof value === "string" && parseCode(formatCode(A_SALE, value)) !== undefined;
}

/** Whether the rules of sales can decide it. */
export function isSaleCommand(told: unknown): told is SaleCommand {
  if (typeof told !== "object" || told === null) return false;
  const { id, keyed, kind, userId, n, code, number, items, paused } = told as Told;
  if (typeof id !== "string" || !UUID.test(id) || typeof keyed !== "boolean") return false;
  switch (kind) {
    case "open":
      return isBetween(number, 0, SALE_NUMBER_MAX) && isBetween(items, 1, ITEMS_MAX);
    case "checkout":
      return isUserId(userId) && isBetween(n, 0, ITEMS_MAX) && isCode(code);
    case "purchase":
    case "release":
    case "voidPurchase":
      return isCode(code);
    case "edit":
      return paused === undefined || typeof paused === "boolean";
  }
  return false;
}

/** Whether a text is the key of a sale's actor. */
export function isSaleKey(key: string): boolean {
  return parseSaleKey(key) !== undefined;
}
