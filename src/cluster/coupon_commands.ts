/** Is a value of another node a command for a coupon? The rules must not get anything else. */
import { AMOUNT_MAX, type CouponCommand, type CouponKind } from "../domain/coupon.ts";
import { COUPON_KINDS, isMoneyTerm, isWhole, type KindTerms, MONEY_TERMS, PLAIN } from "../domain/coupon_terms.ts";
import { isMoney } from "../domain/money.ts";
import { isNameKey, isSegment, isUserId, normalizeName } from "../domain/name_key.ts";
import type { Hosted } from "./dispatcher.ts";
import { isIdentified, type Told } from "./received.ts";

function isAmount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= AMOUNT_MAX;
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || Number.isSafeInteger(value);
}

/** Whether the terms that are present are well-formed. */
function areKindTerms(told: Told): boolean {
  const { segment } = told;
  return (segment === undefined || segment === null || isSegment(segment)) &&
    MONEY_TERMS.every((name) => told[name] === undefined || told[name] === null || isMoneyTerm(name, told[name]));
}

function isKind(kind: unknown): boolean {
  return kind === undefined || (COUPON_KINDS as readonly unknown[]).includes(kind);
}

function isMembership(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  const { segment, until } = value as Told;
  return isSegment(segment) && Number.isSafeInteger(until);
}

function areTerms(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, amount, startsAt, endsAt } = value as Told;
  return typeof name === "string" && normalizeName(name) !== undefined && isAmount(amount) && isTimeOrNull(startsAt) &&
    isTimeOrNull(endsAt) && isKind((value as Told)["kind"]) && areKindTerms(value as Told) &&
    isWhole({ ...PLAIN, ...value as Partial<KindTerms> });
}

function areChanges(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { amount, startsAt, endsAt, paused } = value as Told;
  return (amount === undefined || isAmount(amount)) && (startsAt === undefined || isTimeOrNull(startsAt)) &&
    (endsAt === undefined || isTimeOrNull(endsAt)) && (paused === undefined || typeof paused === "boolean") &&
    areKindTerms(value as Told);
}

/** Whether the rules of coupons can decide it. */
export function isCouponCommand(told: unknown): told is CouponCommand {
  if (!isIdentified(told)) return false;
  const { kind, userId, terms, changes, orderAmount, membership } = told;
  switch (kind) {
    case "claim":
    case "validate":
      return isUserId(userId) && (orderAmount === undefined || isMoney(orderAmount)) && isMembership(membership);
    case "void":
      return isUserId(userId);
    case "create":
      return areTerms(terms);
    case "edit":
      return areChanges(changes);
  }
  return false;
}

/** The name under which a command is recorded in the trail; undefined where it is not an act of an administrator. */
function couponActOf({ kind }: CouponCommand): string | undefined {
  switch (kind) {
    case "create":
      return "coupon.create";
    case "edit":
      return "coupon.edit";
    case "void":
      return "claim.void";
    case "claim":
    case "validate":
      return undefined;
  }
}

export function isCouponKey(key: string): boolean {
  return isNameKey(key);
}

/** How the cluster distributes coupons. */
export const COUPONS: Omit<Hosted<CouponKind>, "local"> = {
  name: "coupon",
  isKey: isCouponKey,
  isCommand: isCouponCommand,
  actOf: couponActOf,
};
