/** Is this a command for a coupon? Asked of what another node sent: the rules must not meet anything else. */
import { AMOUNT_MAX, type CouponCommand } from "../domain/coupon.ts";
import { foldName, isUserId } from "../domain/text.ts";
import { isIdentified, type Told } from "./identified.ts";

function isAmount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= AMOUNT_MAX;
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || Number.isSafeInteger(value);
}

function areTerms(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, amount, startsAt, endsAt } = value as Told;
  return typeof name === "string" && foldName(name) !== undefined && isAmount(amount) && isTimeOrNull(startsAt) &&
    isTimeOrNull(endsAt);
}

function areChanges(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { amount, startsAt, endsAt, paused } = value as Told;
  return (amount === undefined || isAmount(amount)) && (startsAt === undefined || isTimeOrNull(startsAt)) &&
    (endsAt === undefined || isTimeOrNull(endsAt)) && (paused === undefined || typeof paused === "boolean");
}

/** Whether the rules of coupons can decide it. */
export function isCouponCommand(told: unknown): told is CouponCommand {
  if (!isIdentified(told)) return false;
  const { kind, userId, terms, changes } = told;
  switch (kind) {
    case "claim":
    case "validate":
    case "void":
      return isUserId(userId);
    case "create":
      return areTerms(terms);
    case "edit":
      return areChanges(changes);
  }
  return false;
}

/** Whether a text is the key of a coupon's actor: the fold of a name. */
export function isCouponKey(key: string): boolean {
  return foldName(key) === key;
}
