/** Is what was sent what is allowed, and what does it mean to the domain? */
import type * as z from "zod";
import type { CouponChanges, CouponTerms } from "../domain/coupon.ts";
import type { Membership } from "../domain/membership.ts";
import { type Money, moneyOf } from "../domain/money.ts";
import { normalizeName, shownName, shownTitle } from "../domain/name_key.ts";
import { kindChangesOf, type KindFields, kindTermsFor } from "./kinds.ts";
import { type ClaimBody, CreateBody, type EditBody, type MembershipBody } from "./bodies.ts";
import { shortened } from "./unknown_field.ts";
import { msOf } from "./values.ts";
import { invalid } from "./invalid.ts";

export interface CheckedClaim {
  readonly userId: string;
  /** The coupon's key. */
  readonly fold: string;
  readonly orderAmount?: Money;
}

/** What the body of a claim or a validation says. */
export function claimOf(
  { user_id: userId, coupon_name: name, order_amount }: z.output<typeof ClaimBody>,
): CheckedClaim {
  const fold = normalizeName(name)!;
  if (order_amount === undefined || order_amount === null) return { userId, fold };
  return { userId, fold, orderAmount: moneyOf(order_amount)! };
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

function timeOrNull(value: string | null | undefined): number | null {
  return value === undefined || value === null ? null : msOf(value)!;
}

/** What a create may say. */
export const CREATE_FIELDS: ReadonlySet<string> = new Set(Object.keys(CreateBody.shape));

/** What the body of a create says. @throws InvalidRequest where its terms do not go together */
export function termsOf({ name, ...more }: z.output<typeof CreateBody>): { terms: CouponTerms; fold: string } {
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

/** What the body of an edit says. */
export function changesOf(
  { amount, starts_at, ends_at, paused, ...kind }: z.output<typeof EditBody>,
): CouponChanges {
  return {
    ...amount !== undefined && { amount },
    ...starts_at !== undefined && { startsAt: timeOrNull(starts_at) },
    ...ends_at !== undefined && { endsAt: timeOrNull(ends_at) },
    ...paused !== undefined && { paused },
    ...kindChangesOf(kind),
  };
}

/** What the body of a membership says. */
export function membershipOf(
  { ID: userId, segment, expiredSegment: expiresAt }: z.output<typeof MembershipBody>,
): Membership {
  return { userId, segment: shownTitle(segment), expiresAt };
}
