/** What may stand in the bodies of requests? Cold routes are checked by these schemas themselves (see checks.ts). */
import * as z from "zod";
import { name } from "./operation.ts";
import { amount, couponName, flag, time, userId } from "./values.ts";

/** An object with none but these fields. */
function body<T extends z.ZodRawShape>(id: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const unknown = `Unknown field; allowed are ${Object.keys(shape).join(", ")}`;
  const error = ({ code }: { code?: string }) =>
    code === "unrecognized_keys" ? unknown : "The body must be a JSON object";
  return name(id, z.strictObject(shape, { error }));
}

const startsAt = z.nullable(time).meta({ description: "From when on it may be claimed; null: at once." }).optional();
const endsAt = z.nullable(time).meta({ description: "From when on it may not be claimed; null: never." }).optional();

/** The body of a claim or a validation; checked by hand as `claimOf`, which a test holds equal. */
export const ClaimBody = body("ClaimRequest", { user_id: userId, coupon_name: couponName });

/** The body of a create. */
export const CreateBody = body("CouponRequest", {
  name: couponName,
  amount,
  starts_at: startsAt,
  ends_at: endsAt.meta({ description: "From when on it may not be claimed, after `starts_at`; null: never." }),
});

/** The body of an edit. */
export const EditBody = body("CouponEdit", {
  amount: amount.meta({ description: "The new total; not less than what is claimed." }).optional(),
  starts_at: startsAt,
  ends_at: endsAt,
  paused: flag.meta({ description: "Stops and resumes claiming." }).optional(),
});

/** The body of a sale's edit. */
export const SaleEditBody = body("SaleEdit", {
  paused: flag.meta({ description: "Stops and resumes checkouts; live holds may still be bought." }).optional(),
});
