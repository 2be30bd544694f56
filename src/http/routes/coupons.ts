/** The routes of coupons. */
import * as z from "zod";
import { CreateBody, EditBody } from "../../contract/bodies.ts";
import { onFields, onNames } from "../auth/authority.ts";
import { kindFieldsShown } from "../../contract/kinds.ts";
import { pageOf, type Route, route, tagged, type Untagged } from "./route.ts";
import { name } from "../../contract/named.ts";
import { amount, count, couponListQuery, couponName, message, timeShown } from "../../contract/values.ts";

const optionalTime = z.nullable(timeShown);

const couponFields = {
  name: couponName.meta({ description: "The name as it was created." }),
  amount,
  remaining_amount: count.meta({ description: "Units left." }),
  starts_at: optionalTime.meta({ description: "The time from which it can be claimed; null if there is no start." }),
  ends_at: optionalTime.meta({
    description: "The time from which it can no longer be claimed; null if there is no end.",
  }),
  paused: z.boolean().meta({ description: "Whether claiming is paused." }),
  ...kindFieldsShown,
  created_at: timeShown,
  updated_at: timeShown,
};

const Coupon = name("Coupon", z.object(couponFields));
const CouponMade = name("CouponMade", z.object({ message, ...couponFields }));
const CouponEdited = name(
  "CouponEdited",
  z.object({ message, rows_affected: z.literal(1), ...couponFields }),
);
const CouponShown = name(
  "CouponShown",
  z.object({
    name: couponFields.name,
    amount: couponFields.amount,
    remaining_amount: couponFields.remaining_amount,
    claimed_by: z.array(z.string()).max(1_000).meta({ description: "The first 1,000 holders, in order of claiming." }),
    claimed_count: count.meta({ description: "Number of claims; amount = remaining_amount + claimed_count." }),
    starts_at: couponFields.starts_at,
    ends_at: couponFields.ends_at,
    paused: couponFields.paused,
    ...kindFieldsShown,
    created_at: couponFields.created_at,
    updated_at: couponFields.updated_at,
  }),
);

const path = "/api/coupons/:name";
const segments = { name: couponName };

const example = {
  name: "PROMO_SUPER",
  amount: 100,
  remaining_amount: 95,
  starts_at: null,
  ends_at: null,
  paused: false,
  kind: "plain",
  created_at: "2026-11-21T14:00:00.000Z",
  updated_at: "2026-11-21T14:00:00.000Z",
};

function edit(method: "PUT" | "PATCH"): Untagged {
  return route({
    method,
    path,
    id: method === "PUT" ? "putCoupon" : "patchCoupon",
    summary: "Edit or touch a coupon",
    description:
      "Without a body, or with `{}`, only `updated_at` changes. Fields that are not sent keep their values. " +
      "`PUT` and `PATCH` do the same.",
    authority: onNames("coupon.edit"),
    trouble: "command",
    segments,
    isKeyed: true,
    absent: ({ coupons }, names) => coupons.absent(names),
    body: {
      schema: EditBody,
      isOptional: true,
      examples: {
        touch: {},
        restock: { amount: 200 },
        pause: { paused: true },
        resume: { paused: false },
        "no end": { ends_at: null },
      },
    },
    answers: {
      200: {
        description: "The updated coupon.",
        schema: CouponEdited,
        example: { message: "Coupon updated successfully", rows_affected: 1, ...example },
      },
    },
    problems: ["coupon_not_found", "invalid_period", "invalid_terms", "amount_below_claimed"],
    handle: ({ coupons }, routed) => coupons.edit(routed),
  });
}

/** The routes. */
export const coupons: readonly Route[] = tagged("Coupons", [
  route({
    method: "POST",
    path: "/api/coupons",
    id: "createCoupon",
    summary: "Create a coupon",
    authority: onFields("coupon.create", "name"),
    trouble: "command",
    isKeyed: true,
    body: {
      schema: CreateBody,
      examples: {
        plain: { name: "PROMO_SUPER", amount: 100 },
        "limited period": {
          name: "BLACK_FRIDAY",
          amount: 10_000,
          starts_at: "2026-11-27T00:00:00Z",
          ends_at: "2026-11-28T00:00:00Z",
        },
        discount: {
          name: "SUMMER",
          amount: 1_000,
          kind: "discount",
          percent_off: "15",
          max_discount: "20.00",
          min_order: "50.00",
        },
        charge: { name: "WELCOME", amount: 1_000, kind: "charge", credit: "25.00" },
        "for members": { name: "GOLD_ONLY", amount: 10, segment: "gold" },
      },
    },
    answers: {
      201: {
        description: "The coupon was created.",
        schema: CouponMade,
        example: { message: "Coupon created successfully", ...example, remaining_amount: 100 },
      },
    },
    problems: ["coupon_exists"],
    ignoresOtherParameters: true,
    handle: ({ coupons }, routed) => coupons.create(routed),
  }),
  route({
    method: "GET",
    path: "/api/coupons",
    id: "listCoupons",
    summary: "List coupons",
    description: "In order of creation.",
    authority: "public",
    trouble: "view",
    query: couponListQuery,
    answers: { 200: { description: "A page of coupons.", schema: pageOf("CouponPage", Coupon) } },
    problems: ["overloaded"],
    handle: ({ coupons }, routed) => coupons.list(routed),
  }),
  route({
    method: "GET",
    path,
    id: "getCoupon",
    summary: "Show a coupon and who claimed it",
    authority: "public",
    trouble: "view",
    segments,
    answers: {
      200: {
        description: "The coupon.",
        schema: CouponShown,
        example: { ...example, claimed_by: ["user_12345", "user_67890"], claimed_count: 5 },
      },
    },
    problems: ["coupon_not_found"],
    ignoresOtherParameters: true,
    handle: ({ coupons }, routed) => coupons.show(routed),
  }),
  edit("PUT"),
  edit("PATCH"),
]);
