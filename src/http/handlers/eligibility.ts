/**
 * Who asks again as a member? A coupon that is for a segment's members answers a claim by asking for the user's
 * membership, which its actor cannot read. So it is read here, after the request came, and the claim asked again.
 */
import { type Coupons, type EligibilityViews, Fault, type OutcomeOf } from "../../ports/mod.ts";
import type { CouponCommand, CouponKind } from "../../domain/coupon.ts";

/** Times that a membership is read: the coupon's segment may be edited between reading and asking. */
const ROUNDS_MAX = 3;

/** A claim, or the question whether it would be accepted. */
export type ClaimCommand = Extract<CouponCommand, { kind: "claim" | "validate" }>;

/** Whether an outcome asks for a membership. */
export function needsMembership(outcome: OutcomeOf<CouponKind>): boolean {
  return outcome.kind === "refused" && outcome.refusal === "membership_needed";
}

/**
 * Asks with the user's membership.
 *
 * @throws Fault `moved` where the coupon asked for another each time; what reading and asking throw
 */
export async function askAsMember(
  coupons: Coupons,
  memberships: EligibilityViews,
  fold: string,
  command: ClaimCommand,
): Promise<OutcomeOf<CouponKind>> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const membership = await memberships.membership(fold, command.userId);
    const outcome = await coupons.ask(fold, membership === undefined ? command : { ...command, membership });
    if (!needsMembership(outcome)) return outcome;
  }
  throw new Fault("moved", `Command dropped: its coupon asked for another segment ${ROUNDS_MAX} times`);
}
