/** A coupon that lives in a test alone: how it begins, and what is done to it. */
import assert from "node:assert/strict";
import { type Coupon, type CouponCommand, type CouponTerms, decide, evolve } from "../../src/domain/coupon.ts";
import { create, terms } from "./commands.ts";

/** The time, unless a test says another. */
export const NOW = Date.UTC(2026, 10, 21, 14);

/** A new coupon of so many units. */
export function couponOf(amount: number, more: Partial<CouponTerms> = {}): Coupon {
  const decision = decide(undefined, create(terms("Promo", amount, more)), NOW);
  assert(decision.kind === "accepted");
  return evolve(undefined, decision.event);
}

/** Decides a command and, where it is accepted, does it; returns the refusal, or what kind of decision it was. */
export function apply(coupon: Coupon, command: CouponCommand, now: number = NOW): string {
  const decision = decide(coupon, command, now);
  if (decision.kind === "accepted") evolve(coupon, decision.event);
  return decision.kind === "refused" ? decision.refusal : decision.kind;
}
