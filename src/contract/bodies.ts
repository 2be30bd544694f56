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

const startsAt = z.nullable(time).meta({ description: "From when on it may be claimed; null: at once." }).optional();
const endsAt = z.nullable(time).meta({ description: "From when on it may not be claimed; null: never." }).optional();

/** The body of a claim or a validation. */
export const ClaimBody = body("ClaimRequest", {
  user_id: userId,
  coupon_name: couponName,
  order_amount: z.nullable(moneySent).meta({
    description: "What the user is about to pay, of which a discount is reckoned; a coupon with `min_order` needs it.",
  }).optional(),
});

/** What each coupon of a create, or of a job, can be made with beside its name. */
const terms = {
  starts_at: startsAt,
  ends_at: endsAt.meta({ description: "From when on it may not be claimed, after `starts_at`; null: never." }),
  kind: kindSent,
  ...kindFieldsSent,
};

export const CreateBody = body("CouponRequest", { name: couponName, amount, ...terms });

export const EditBody = body("CouponEdit", {
  amount: amount.meta({ description: "The new total; not less than what is claimed." }).optional(),
  starts_at: startsAt,
  ends_at: endsAt,
  paused: flag.meta({ description: "Stops and resumes claiming." }).optional(),
  ...kindFieldsSent,
});

/** Coupons that one job may make. */
const COUNT_MAX = 1_000_000;

const PATTERN_RULE = "must be a text whose codes have 1 to 255 characters without control characters or /; # is a " +
  `digit of ${DIGITS}, ? a letter of ${LETTERS}, and \\ makes the next character mean itself`;

const pattern = textBy((text) => parsePattern(text) !== undefined, PATTERN_RULE, {
  description:
    `Of the coupons' names: \`#\` is a digit of \`${DIGITS}\`, \`?\` a letter of \`${LETTERS}\`, and \`\\\` ` +
    "makes the next character mean itself. At most half of its codes may be asked for.",
  minLength: 1,
  examples: ["SPRING-####-????"],
});

/** The body of a job that makes many coupons. */
export const BulkBody = body("BulkRequest", {
  count: wholeNumber(COUNT_MAX).meta({
    description: "Coupons to be made.",
    examples: [10_000],
  }),
  pattern: pattern.optional(),
  unguessable: flag.meta({ description: "In place of `pattern`: names that no one can guess." }).optional(),
  amount: amount.meta({ description: "Units of each coupon.", default: 1 }).optional(),
  ...terms,
});

export const MembershipBody = body("MembershipRequest", { ID: userId, segment, expiredSegment: expiry });

/** The body of a sale's edit. */
export const SaleEditBody = body("SaleEdit", {
  paused: flag.meta({ description: "Stops and resumes checkouts; live holds may still be bought." }).optional(),
});
