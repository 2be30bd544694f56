/** How do the domain's values look in an answer? Times are RFC 3339 UTC. */
import type { ClaimView } from "../actors/ports.ts";
import type { CouponView } from "../domain/coupon.ts";

let lastMs = NaN;
let lastTime = "";

/** A time in milliseconds, as RFC 3339 UTC. A turn's claims share theirs, so the last one is kept. */
export function showTime(ms: number): string {
  if (ms !== lastMs) {
    lastTime = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTime;
}

function showOptionalTime(ms: number | null): string | null {
  return ms === null ? null : showTime(ms);
}

/** A coupon's fields. */
export function showCoupon(coupon: CouponView): Record<string, unknown> {
  return {
    name: coupon.name,
    amount: coupon.amount,
    remaining_amount: coupon.remaining,
    starts_at: showOptionalTime(coupon.startsAt),
    ends_at: showOptionalTime(coupon.endsAt),
    paused: coupon.paused,
    created_at: showTime(coupon.createdAt),
    updated_at: showTime(coupon.updatedAt),
  };
}

/** A claim's fields. */
export function showClaim(claim: ClaimView): Record<string, unknown> {
  return { claim_id: claim.claimId, user_id: claim.userId, claimed_at: showTime(claim.claimedAt) };
}
