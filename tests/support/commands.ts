/** Commands for tests, each with an id of its own. */
import type { ClaimRequest, CouponChanges, CouponCommand, CouponTerms } from "../../src/domain/coupon.ts";

/** What a command's id may be made to be. */
export interface Identity {
  readonly id?: string;
  readonly keyed?: boolean;
}

/** By which acts of administrators are recorded. */
const ACT = 1;

function identity({ id = crypto.randomUUID(), keyed = false }: Identity): { id: string; keyed: boolean } {
  return { id, keyed };
}

/** What a claim may have beside its user. */
export type ClaimMore = Omit<ClaimRequest, "userId">;

/** A coupon's terms. */
export function terms(name: string, amount: number, more: Partial<CouponTerms> = {}): CouponTerms {
  return { name, amount, startsAt: null, endsAt: null, ...more };
}

/** A create. */
export function create(wanted: CouponTerms, who: Identity = {}): CouponCommand {
  return { kind: "create", terms: wanted, ...identity(who), act: ACT };
}

/** A claim. */
export function claim(userId: string, who: Identity = {}, more: ClaimMore = {}): CouponCommand {
  return { kind: "claim", userId, ...more, ...identity(who) };
}

/** A question whether a claim would be accepted. */
export function validate(userId: string, who: Identity = {}, more: ClaimMore = {}): CouponCommand {
  return { kind: "validate", userId, ...more, ...identity(who) };
}

/** A void. */
export function voidClaim(userId: string, who: Identity = {}): CouponCommand {
  return { kind: "void", userId, ...identity(who), act: ACT };
}

/** An edit. */
export function edit(changes: CouponChanges, who: Identity = {}): CouponCommand {
  return { kind: "edit", changes, ...identity(who), act: ACT };
}
