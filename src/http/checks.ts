/**
 * Is what was sent what is allowed? Claims are checked by hand, since a schema library costs a whole request's time; the
 * rest by the schemas that describe it.
 */
import type * as z from "zod";
import type { CouponChanges, CouponTerms } from "../domain/coupon.ts";
import { foldName, isUserId } from "../domain/text.ts";
import { CreateBody, EditBody, SaleEditBody } from "./openapi/bodies.ts";
import { msOf } from "./openapi/values.ts";
import { BadRequest } from "./problem.ts";

function invalid(detail: string): BadRequest {
  return new BadRequest("invalid_request", detail);
}

type Fields = Readonly<Record<string, unknown>>;

/** An object with none but the allowed fields. @throws BadRequest */
function fieldsOf(body: unknown, allowed: ReadonlySet<string>): Fields {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("The body must be a JSON object");
  }
  for (const field in body) {
    if (!allowed.has(field)) throw invalid(`Unknown field; allowed are ${[...allowed].join(", ")}`);
  }
  return body as Fields;
}

const CLAIM_FIELDS = new Set(["user_id", "coupon_name"]);

const NAME_RULE = "must be a text of 1 to 255 characters without control characters or /";

/** Who claims what; `fold` is the coupon's key. */
export interface ClaimRequest {
  readonly userId: string;
  readonly fold: string;
}

/** Checks the body of a claim or a validation. @throws BadRequest */
export function claimOf(body: unknown): ClaimRequest {
  const { user_id: userId, coupon_name: name } = fieldsOf(body, CLAIM_FIELDS);
  if (!isUserId(userId)) {
    throw invalid("user_id must be a text of 1 to 255 characters, not blank, without control characters");
  }
  const fold = typeof name === "string" ? foldName(name) : undefined;
  if (fold === undefined) throw invalid(`coupon_name ${NAME_RULE}`);
  return { userId, fold };
}

/** What a schema allows. @throws BadRequest that says what is wrong first: an unknown field, else the first wrong one */
function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const { message, path } = error.issues.find(({ code }) => code === "unrecognized_keys") ?? error.issues[0]!;
  throw invalid(path.length === 0 ? message : `${path.join(".")} ${message}`);
}

/** Of a time that was checked. */
function timeOrNull(value: string | null | undefined): number | null {
  return value === undefined || value === null ? null : msOf(value)!;
}

/** Checks the body of a create. @throws BadRequest */
export function termsOf(body: unknown): { terms: CouponTerms; fold: string } {
  const { name, amount, starts_at, ends_at } = checked(CreateBody, body);
  const startsAt = timeOrNull(starts_at);
  const endsAt = timeOrNull(ends_at);
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) throw invalid("ends_at must come after starts_at");
  return { terms: { name, amount, startsAt, endsAt }, fold: foldName(name)! };
}

/** Checks the body of an edit; undefined is no body. @throws BadRequest */
export function changesOf(body: unknown): CouponChanges {
  if (body === undefined) return {};
  const { amount, starts_at, ends_at, paused } = checked(EditBody, body);
  return {
    ...amount !== undefined && { amount },
    ...starts_at !== undefined && { startsAt: timeOrNull(starts_at) },
    ...ends_at !== undefined && { endsAt: timeOrNull(ends_at) },
    ...paused !== undefined && { paused },
  };
}

/** Checks the body of a sale's edit; undefined is no body. @throws BadRequest */
export function saleChangesOf(body: unknown): { readonly paused?: boolean } {
  if (body === undefined) return {};
  const { paused } = checked(SaleEditBody, body);
  return paused === undefined ? {} : { paused };
}
