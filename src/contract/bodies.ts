/** What may the bodies of requests contain? These schemas check them and describe them. */
import * as z from "zod";
import { DIGITS, LETTERS, parsePattern } from "../domain/code_pattern.ts";
import { expiry, kindFieldsSent, kindSent, moneySent, segment } from "./kinds.ts";
import { unknownField } from "./unknown_field.ts";
import { name } from "./named.ts";
import { amount, couponName, flag, textBy, time, userId, wholeNumber } from "./values.ts";

/** An object with none but these fields. */
function body<T extends z.ZodRawShape>(id: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const allowed = Object.keys(shape);
  const schema = z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? unknownField(issue.keys[0]!, allowed) : "The body must be a JSON object",
  });
  return name(id, schema);
}

const startsAt = z.nullable(time).meta({ description: "The time from which it can be claimed; null for no start." })
  .optional();
const endsAt = z.nullable(time).meta({
  description: "The time from which it can no longer be claimed; null for no end.",
}).optional();

/** The body of a claim or a validation. */
export const ClaimBody = body("ClaimRequest", {
  user_id: userId,
  coupon_name: couponName,
  order_amount: z.nullable(moneySent).meta({
    description: "The amount of the order, from which a discount is computed; required by coupons with `min_order`.",
  }).optional(),
});

/** What each coupon of a create, or of a job, can be made with beside its name. */
const terms = {
  starts_at: startsAt,
  ends_at: endsAt.meta({
    description: "The time from which it can no longer be claimed, after `starts_at`; null for no end.",
  }),
  kind: kindSent,
  ...kindFieldsSent,
};

export const CreateBody = body("CouponRequest", { name: couponName, amount, ...terms });

export const EditBody = body("CouponEdit", {
  amount: amount.meta({ description: "The new total; not less than the number of claims." }).optional(),
  starts_at: startsAt,
  ends_at: endsAt,
  paused: flag.meta({ description: "Pauses or resumes claiming." }).optional(),
  ...kindFieldsSent,
});

/** Coupons that one job may make. */
const COUNT_MAX = 1_000_000;

const PATTERN_RULE = "must be a text whose codes have 1 to 255 characters without control characters or /; # is a " +
  `digit of ${DIGITS}, ? a letter of ${LETTERS}, and \\ makes the next character mean itself`;

const pattern = textBy((text) => parsePattern(text) !== undefined, PATTERN_RULE, {
  description:
    `Of the coupons' names: \`#\` is a digit of \`${DIGITS}\`, \`?\` a letter of \`${LETTERS}\`, and \`\\\` ` +
    "makes the next character literal. At most half of its codes can be requested.",
  minLength: 1,
  examples: ["SPRING-####-????"],
});

/** The body of a job that makes many coupons. */
export const BulkBody = body("BulkRequest", {
  count: wholeNumber(COUNT_MAX).meta({
    description: "Number of coupons to create.",
    examples: [10_000],
  }),
  pattern: pattern.optional(),
  unguessable: flag.meta({ description: "Instead of `pattern`: names that cannot be guessed." }).optional(),
  amount: amount.meta({ description: "Units of each coupon.", default: 1 }).optional(),
  ...terms,
});

export const MembershipBody = body("MembershipRequest", { ID: userId, segment, expiredSegment: expiry });

/** The body of a sale's edit. */
export const SaleEditBody = body("SaleEdit", {
  paused: flag.meta({ description: "Pauses or resumes checkouts; live holds can still be purchased." }).optional(),
});
