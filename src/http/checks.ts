/** Is what was sent what is allowed? Checks by hand: a schema library costs a whole request's time. */
import { AMOUNT_MAX, type CouponChanges, type CouponTerms } from "../domain/coupon.ts";
import type { Money } from "../domain/money.ts";
import { EXPIRY_MAX_S, isExpiry, type Membership } from "../domain/membership.ts";
import { foldName, isSegment, isUserId } from "../domain/text.ts";
import { KIND_FIELDS, kindChangesOf, kindTermsFor, moneyFor } from "./kind_checks.ts";
import { BadRequest } from "./problem.ts";

function invalid(detail: string): BadRequest {
  return new BadRequest("invalid_request", detail);
}

type Fields = Readonly<Record<string, unknown>>;

/** An object with none but the allowed fields. @throws BadRequest */
export function fieldsOf(body: unknown, allowed: ReadonlySet<string>): Fields {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("The body must be a JSON object");
  }
  for (const field in body) {
    if (!allowed.has(field)) throw invalid(`Unknown field; allowed are ${[...allowed].join(", ")}`);
  }
  return body as Fields;
}

const CLAIM_FIELDS = new Set(["user_id", "coupon_name", "order_amount"]);
/** What a create may say. */
export const CREATE_FIELDS: ReadonlySet<string> = new Set([
  ...["name", "amount", "starts_at", "ends_at", "kind"],
  ...KIND_FIELDS,
]);
const EDIT_FIELDS = new Set(["amount", "starts_at", "ends_at", "paused", ...KIND_FIELDS]);

const NAME_RULE = "must be a text of 1 to 255 characters without control characters or /";
/** From then on a time has no four-digit year in UTC. */
const YEAR_10000_MS = 253_402_300_800_000;
const RFC_3339 = /^\d{4}-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Who claims what; `fold` is the coupon's key. */
export interface ClaimRequest {
  readonly userId: string;
  readonly fold: string;
  readonly orderAmount?: Money;
}

/** Checks the body of a claim or a validation. @throws BadRequest */
export function claimOf(body: unknown): ClaimRequest {
  const { user_id: userId, coupon_name: name, order_amount: order } = fieldsOf(body, CLAIM_FIELDS);
  if (!isUserId(userId)) {
    throw invalid("user_id must be a text of 1 to 255 characters, not blank, without control characters");
  }
  const fold = typeof name === "string" ? foldName(name) : undefined;
  if (fold === undefined) throw invalid(`coupon_name ${NAME_RULE}`);
  if (order === undefined || order === null) return { userId, fold };
  return { userId, fold, orderAmount: moneyFor(order, "order_amount") };
}

function amountOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > AMOUNT_MAX) {
    throw invalid(`amount must be a whole number from 1 to ${AMOUNT_MAX}`);
  }
  return value;
}

/** Milliseconds of an RFC 3339 time; fractions below a millisecond are dropped. */
function timeOf(value: unknown, field: string): number {
  const match = typeof value === "string" ? RFC_3339.exec(value) : null;
  const ms = match === null ? NaN : Date.parse((value as string).toUpperCase());
  const day = match === null ? 0 : Number(match[2]);
  const sane = !Number.isNaN(ms) && ms >= 0 && ms < YEAR_10000_MS && day <= daysIn(value as string);
  if (!sane) throw invalid(`${field} must be a time such as 2026-11-21T14:00:00Z, from 1970 on`);
  return ms;
}

/** Date.parse takes the 31st of any month for a day of the next. */
function daysIn(time: string): number {
  return new Date(Date.UTC(Number(time.slice(0, 4)), Number(time.slice(5, 7)), 0)).getUTCDate();
}

function timeOrNull(value: unknown, field: string): number | null {
  return value === undefined || value === null ? null : timeOf(value, field);
}

/** Checks the body of a create. @throws BadRequest */
export function termsOf(body: unknown): { terms: CouponTerms; fold: string } {
  const fields = fieldsOf(body, CREATE_FIELDS);
  const { name, amount, starts_at, ends_at } = fields;
  const fold = typeof name === "string" ? foldName(name) : undefined;
  if (fold === undefined) throw invalid(`name ${NAME_RULE}`);
  const startsAt = timeOrNull(starts_at, "starts_at");
  const endsAt = timeOrNull(ends_at, "ends_at");
  const terms = { name: name as string, amount: amountOf(amount), startsAt, endsAt, ...kindTermsFor(fields) };
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) throw invalid("ends_at must come after starts_at");
  return { terms, fold };
}

/** Checks the body of an edit; undefined is no body. @throws BadRequest */
export function changesOf(body: unknown): CouponChanges {
  if (body === undefined) return {};
  const fields = fieldsOf(body, EDIT_FIELDS);
  const { amount, starts_at, ends_at, paused } = fields;
  if (paused !== undefined && typeof paused !== "boolean") throw invalid("paused must be true or false");
  return {
    ...amount !== undefined && { amount: amountOf(amount) },
    ...starts_at !== undefined && { startsAt: timeOrNull(starts_at, "starts_at") },
    ...ends_at !== undefined && { endsAt: timeOrNull(ends_at, "ends_at") },
    ...paused !== undefined && { paused },
    ...kindChangesOf(fields),
  };
}

const MEMBERSHIP_FIELDS = new Set(["ID", "segment", "expiredSegment"]);
const ID_RULE = "must be a text of 1 to 255 characters, not blank, without control characters";

/** Checks the body of a membership. @throws BadRequest */
export function membershipOf(body: unknown): Membership {
  const { ID: userId, segment, expiredSegment: expiresAt } = fieldsOf(body, MEMBERSHIP_FIELDS);
  if (!isUserId(userId)) throw invalid(`ID ${ID_RULE}`);
  if (!isSegment(segment)) throw invalid(`segment ${ID_RULE}`);
  if (!isExpiry(expiresAt)) {
    throw invalid(`expiredSegment must be a whole number of seconds since 1970, at most ${EXPIRY_MAX_S}`);
  }
  return { userId, segment, expiresAt };
}

const SALE_FIELDS = new Set(["paused"]);

/** Checks the body of a sale's edit; undefined is no body. @throws BadRequest */
export function saleChangesOf(body: unknown): { readonly paused?: boolean } {
  if (body === undefined) return {};
  const { paused } = fieldsOf(body, SALE_FIELDS);
  if (paused !== undefined && typeof paused !== "boolean") throw invalid("paused must be true or false");
  return paused === undefined ? {} : { paused };
}
