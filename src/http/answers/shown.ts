/** Coupons and claims as answers show them. Times are RFC 3339, UTC. */
import type { ClaimView, CouponPage } from "../../ports/mod.ts";
import type { ClaimDetails, CouponView, KindTerms } from "../../domain/coupon.ts";
import { DETAIL_FIELDS, MONEY_FIELDS, MONEY_TERMS } from "../../domain/coupon_terms.ts";
import { showTime } from "../../contract/values.ts";

function showOptionalTime(ms: number | null): string | null {
  return ms === null ? null : showTime(ms);
}

/** The kind and the terms that are set. An answer that was stored before kinds existed has none. */
function showKind(terms: Partial<KindTerms>): Record<string, unknown> {
  const shown: Record<string, unknown> = { kind: terms.kind ?? "plain" };
  if (terms.segment) shown["segment"] = terms.segment;
  for (const name of MONEY_TERMS) if (terms[name]) shown[MONEY_FIELDS[name]] = terms[name];
  return shown;
}

/** A claim's discount or credit; empty if it has none. */
export function showDetails(details: ClaimDetails | undefined): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  if (details === undefined) return shown;
  for (const [name, field] of Object.entries(DETAIL_FIELDS) as [keyof typeof DETAIL_FIELDS, string][]) {
    if (details[name] !== undefined) shown[field] = details[name];
  }
  return shown;
}

export function showCoupon(coupon: CouponView): Record<string, unknown> {
  return {
    name: coupon.name,
    amount: coupon.amount,
    remaining_amount: coupon.remaining,
    starts_at: showOptionalTime(coupon.startsAt),
    ends_at: showOptionalTime(coupon.endsAt),
    paused: coupon.paused,
    ...showKind(coupon),
    created_at: showTime(coupon.createdAt),
    updated_at: showTime(coupon.updatedAt),
  };
}

/** A coupon with its first holders. */
export function showCouponPage(coupon: CouponPage): Record<string, unknown> {
  const { name, amount, remaining_amount, ...more } = showCoupon(coupon);
  const claimed = { claimed_by: coupon.claimedBy, claimed_count: coupon.amount - coupon.remaining };
  return { name, amount, remaining_amount, ...claimed, ...more };
}

export function showClaim(claim: ClaimView): Record<string, unknown> {
  const { claimId, userId, claimedAt, details } = claim;
  return { claim_id: claimId, user_id: userId, claimed_at: showTime(claimedAt), ...showDetails(details) };
}
