/**
 * Is what was sent what is allowed? Claims are checked by hand, since a schema library costs a whole request's time; the
 * rest by the schemas that describe it.
 */
import type * as z from "zod";
import type { CouponChanges, CouponTerms } from "../domain/coupon.ts";
import type { Membership } from "../domain/membership.ts";
import type { Money } from "../domain/money.ts";
import { normalizeName, shownName, shownTitle } from "../domain/name_key.ts";
import { isUserId, USER_ID_RULE } from "../domain/text.ts";
import { kindChangesOf, type KindFields, kindTermsFor, moneyFor } from "./kind_checks.ts";
import { CreateBody, EditBody, MembershipBody, SaleEditBody } from "./bodies.ts";
import { shortened, unknownField } from "./unknown_field.ts";
import { msOf } from "./times.ts";
import { invalid } from "./invalid.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An object with none but the allowed fields. @throws InvalidRequest */
function fieldsOf(body: unknown, allowed: ReadonlySet<string>): Fields {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("The body must be a JSON object");
  }
  for (const field in body) {
    if (!allowed.has(field)) throw invalid(unknownField(field, [...allowed]), shortened(field));
  }
  return body as Fields;
}

const CLAIM_FIELDS = new Set(["user_id", "coupon_name", "order_amount"]);

const NAME_RULE = "must be a text of 1 to 255 characters without control characters or /";

/** Who claims what; `fold` is the coupon's key. */
export interface CheckedClaim {
  readonly userId: string;
  readonly fold: string;
  readonly orderAmount?: Money;
}

/** Checks the body of a claim or a validation. @throws InvalidRequest */
export function claimOf(body: unknown): CheckedClaim {
  const { user_id: userId, coupon_name: name, order_amount: order } = fieldsOf(body, CLAIM_FIELDS);
  if (!isUserId(userId)) {
    throw invalid(`user_id ${USER_ID_RULE}`, "user_id");
  }
  const fold = typeof name === "string" ? normalizeName(name) : undefined;
  if (fold === undefined) throw invalid(`coupon_name ${NAME_RULE}`, "coupon_name");
  if (order === undefined || order === null) return { userId, fold };
  return { userId, fold, orderAmount: moneyFor(order, "order_amount") };
}

/** What a schema allows. @throws InvalidRequest that says what is wrong first: an unknown field, else the first wrong one */
export function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const issue = error.issues.find(({ code }) => code === "unrecognized_keys") ?? error.issues[0]!;
  if (issue.code === "unrecognized_keys") throw invalid(issue.message, shortened(issue.keys[0]!));
  const field = issue.path.join(".");
  throw field === "" ? invalid(issue.message) : invalid(`${field} ${issue.message}`, field);
}

/** Of a time that was checked. */
function timeOrNull(value: string | null | undefined): number | null {
  return value === undefined || value === null ? null : msOf(value)!;
}

/** What a create may say. */
export const CREATE_FIELDS: ReadonlySet<string> = new Set(Object.keys(CreateBody.shape));

/** Checks the body of a create. @throws InvalidRequest */
export function termsOf(body: unknown): { terms: CouponTerms; fold: string } {
  const { name, ...more } = checked(CreateBody, body);
  return { terms: { name: shownName(name), ...moreTermsOf(more) }, fold: normalizeName(name)! };
}

/** What a body says of coupons to be made beside their names, each value checked. */
export interface TermFields extends KindFields {
  readonly amount: number;
  readonly starts_at?: string | null | undefined;
  readonly ends_at?: string | null | undefined;
}

/** The terms of these fields. @throws InvalidRequest where they do not go together */
export function moreTermsOf({ amount, starts_at, ends_at, ...kind }: TermFields): Omit<CouponTerms, "name"> {
  const startsAt = timeOrNull(starts_at);
  const endsAt = timeOrNull(ends_at);
  const terms = { amount, startsAt, endsAt, ...kindTermsFor(kind) };
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
    throw invalid("ends_at must come after starts_at", "ends_at");
  }
  return terms;
}

/** Checks the body of an edit; undefined is no body. @throws InvalidRequest */
export function changesOf(body: unknown): CouponChanges {
  if (body === undefined) return {};
  const { amount, starts_at, ends_at, paused, ...kind } = checked(EditBody, body);
  return {
    ...amount !== undefined && { amount },
    ...starts_at !== undefined && { startsAt: timeOrNull(starts_at) },
    ...ends_at !== undefined && { endsAt: timeOrNull(ends_at) },
    ...paused !== undefined && { paused },
    ...kindChangesOf(kind),
  };
}

/** Checks the body of a membership. @throws InvalidRequest */
export function membershipOf(body: unknown): Membership {
  const { ID: userId, segment, expiredSegment: expiresAt } = checked(MembershipBody, body);
  return { userId, segment: shownTitle(segment), expiresAt };
}

/** Checks the body of a sale's edit; undefined is no body. @throws InvalidRequest */
export function saleChangesOf(body: unknown): { readonly paused?: boolean } {
  if (body === undefined) return {};
  const { paused } = checked(SaleEditBody, body);
  return paused === undefined ? {} : { paused };
}
