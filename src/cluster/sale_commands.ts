/** Is a value of another node a command for a sale? The rules must not get anything else. */
import type { SaleCommand, SaleKind } from "../domain/sale.ts";
import { formatCode, ITEMS_MAX, parseCode, parseSaleKey, SALE_NUMBER_MAX, saleKeyOf } from "../domain/sale_ids.ts";
import { isUserId } from "../domain/name_key.ts";
import type { Hosted } from "./dispatcher.ts";
import { isIdentified } from "./received.ts";

const ANY_SALE = saleKeyOf(0);

function isBetween(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** Whether a value is the 22 characters of a code, without its sale's key. */
function isCode(value: unknown): boolean {
  return typeof value === "string" && parseCode(formatCode(ANY_SALE, value)) !== undefined;
}

/** Whether the rules of sales can decide it. */
export function isSaleCommand(told: unknown): told is SaleCommand {
  if (!isIdentified(told)) return false;
  const { kind, number, items, userId, n, code, by, paused, current } = told;
  switch (kind) {
    case "open":
      return isBetween(number, 0, SALE_NUMBER_MAX) && isBetween(items, 1, ITEMS_MAX);
    case "checkout":
      return isUserId(userId) && isBetween(n, 0, Number.MAX_SAFE_INTEGER) && isCode(code) &&
        (current === undefined || current === true);
    case "purchase":
    case "release":
      return isCode(code) && (by === undefined || isUserId(by));
    case "voidPurchase":
      return isCode(code);
    case "edit":
      return paused === undefined || typeof paused === "boolean";
  }
  return false;
}

/** The name under which a command is recorded in the trail; undefined where it is not an act of an administrator. */
function saleActOf({ kind }: SaleCommand): string | undefined {
  switch (kind) {
    case "voidPurchase":
      return "purchase.void";
    case "edit":
      return "sale.edit";
    case "open":
    case "checkout":
    case "purchase":
    case "release":
      return undefined;
  }
}

export function isSaleKey(key: string): boolean {
  return parseSaleKey(key) !== undefined;
}

/** How the cluster distributes sales. */
export const SALES: Omit<Hosted<SaleKind>, "local"> = {
  name: "sale",
  isKey: isSaleKey,
  isCommand: isSaleCommand,
  actOf: saleActOf,
};
