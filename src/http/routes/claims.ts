/** The routes of claims. */
import * as z from "zod";
import { ClaimBody } from "../../contract/bodies.ts";
import { onNames } from "../auth/authority.ts";
import { detailsShown } from "../../contract/kinds.ts";
import { type Route, route, tagged } from "./route.ts";
import { name } from "../../contract/named.ts";
import {
  claimId,
  count,
  couponName,
  cursorQuery,
  message,
  nextCursor,
  timeShown,
  userId,
} from "../../contract/values.ts";

const remaining = count.meta({ description: "Units left afterwards." });
const couponShown = z.string().meta({ description: "The coupon's name as it was created.", examples: ["PROMO_SUPER"] });

const Claimed = name(
  "Claimed",
  z.object({
    message,
    claim_id: claimId,
    coupon_name: couponShown,
    user_id: userId,
    remaining_amount: remaining,
    claimed_at: timeShown,
    ...detailsShown,
  }),
);
const Claimable = name(
  "Claimable",
  z.object({ message, coupon_name: couponShown, user_id: userId, remaining_amount: remaining, ...detailsShown }),
);
const Voided = name(
  "ClaimVoided",
  z.object({ message, coupon_name: couponShown, user_id: userId, remaining_amount: remaining, voided_at: timeShown }),
);
const claimFields = { claim_id: claimId, user_id: userId, claimed_at: timeShown, ...detailsShown };
const ClaimEntry = name("ClaimEntry", z.object(claimFields));
/** A claim that names its coupon. */
export const Claim = name("Claim", z.object({ coupon_name: couponShown, ...claimFields }));
const ClaimPage = name("ClaimPage", z.object({ data: z.array(ClaimEntry), next_cursor: nextCursor }));

const path = "/api/coupons/:name/claims";
const one = path + "/:user";

const request = { user_id: "user_12345", coupon_name: "PROMO_SUPER" };
const exampleId = "0199a3c2-6f1e-7c3a-9b1d-2f4e5a6b7c8d";
const at = "2026-11-21T14:00:00.000Z";
const REFUSALS = [
  "coupon_not_found",
  "already_claimed",
  "paused",
  "not_started",
  "ended",
  "not_eligible",
  "below_minimum",
  "sold_out",
] as const;

/** The routes. */
export const claims: readonly Route[] = tagged("Claims", [
  route({
    method: "POST",
    path: "/api/coupons/validate",
    id: "validateClaim",
    summary: "Check whether a claim would succeed",
    description: "Changes nothing.",
    authority: "caller",
    trouble: "command",
    isKeyed: true,
    body: { schema: ClaimBody, examples: { validation: request } },
    answers: {
      200: {
        description: "A claim would be accepted now.",
        schema: Claimable,
        example: { message: "Coupon can be claimed", ...request, remaining_amount: 99 },
      },
    },
    problems: REFUSALS,
    handle: ({ coupons }, routed) => coupons.validate(routed),
  }),
  route({
    method: "POST",
    path: "/api/coupons/claim",
    id: "claimCoupon",
    summary: "Claim a unit of a coupon",
    description:
      "One unit per user. A discount is computed from `order_amount`. The credit of a charge is added to the user's wallet in " +
      "the same commit. A success is committed to disk before it is returned. After a 503, look the claim up or repeat the " +
      "request with the same `Idempotency-Key`.",
    authority: "caller",
    trouble: "command",
    isKeyed: true,
    body: {
      schema: ClaimBody,
      examples: { claim: request, "with an order": { ...request, coupon_name: "SUMMER", order_amount: "99.99" } },
    },
    answers: {
      200: {
        description: "The user holds a claim.",
        schema: Claimed,
        example: {
          message: "Coupon claimed successfully",
          claim_id: exampleId,
          ...request,
          remaining_amount: 99,
          claimed_at: at,
        },
      },
    },
    problems: REFUSALS,
    ignoresOtherParameters: true,
    tally: ({ claims }) => claims,
    handle: ({ coupons }, routed) => coupons.claim(routed),
  }),
  route({
    method: "GET",
    path,
    id: "listClaims",
    summary: "List the claims on a coupon",
    description: "In order of claiming, without voided claims.",
    authority: "service",
    trouble: "view",
    segments: { name: couponName },
    query: cursorQuery,
    answers: { 200: { description: "A page of claims.", schema: ClaimPage } },
    problems: ["coupon_not_found"],
    handle: ({ coupons }, routed) => coupons.claims(routed),
  }),
  route({
    method: "GET",
    path: one,
    id: "getClaim",
    summary: "Show a user's claim",
    description: "Use it to check the outcome after a 503: it shows what is stored.",
    authority: "own",
    trouble: "view",
    segments: { name: couponName, user_id: userId },
    answers: {
      200: {
        description: "The claim.",
        schema: Claim,
        example: { coupon_name: "PROMO_SUPER", claim_id: exampleId, user_id: "user_12345", claimed_at: at },
      },
    },
    problems: ["coupon_not_found", "claim_not_found"],
    handle: ({ coupons }, routed) => coupons.showClaim(routed),
  }),
  route({
    method: "DELETE",
    path: one,
    id: "voidClaim",
    summary: "Void a claim",
    description: "The unit returns to stock, and the user may claim again.",
    authority: onNames("claim.void"),
    trouble: "command",
    segments: { name: couponName, user_id: userId },
    isKeyed: true,
    answers: {
      200: {
        description: "The claim is voided.",
        schema: Voided,
        example: { message: "Claim voided successfully", ...request, remaining_amount: 100, voided_at: at },
      },
    },
    problems: ["coupon_not_found", "claim_not_found"],
    handle: ({ coupons }, routed) => coupons.void(routed),
  }),
]);
