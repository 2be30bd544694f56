/** What has become of a coupon? Its state after an event, and before it. */
import { contentOf, contentOfClaim, type Coupon, type CouponEvent, decide } from "./coupon.ts";
import { kindTermsOf } from "./coupon_terms.ts";
import { Holders } from "./holders.ts";

/**
 * What the coupon is after an event: the same object changed, or a new one after `created`.
 *
 * @throws TypeError where there is no coupon to change: an event that no decision on this state can have made
 */
export function evolve(coupon: Coupon | undefined, event: CouponEvent): Coupon {
  if (coupon === undefined) {
    if (event.kind !== "created" || event.answer.kind !== "created") {
      throw new TypeError(`Cannot evolve a coupon that was not created: received ${event.kind}`);
    }
    const keys = new Map([[event.id, event.content]]);
    return { ...event.answer.coupon, seq: 0, holders: new Holders(), keys };
  }
  if (event.kind === "claimed") {
    coupon.remaining = event.remaining;
    coupon.seq = event.seq;
    coupon.holders.add(event.userId);
    if (event.keyed) coupon.keys.set(event.id, contentOfClaim(event));
    return coupon;
  }
  coupon.keys.set(event.id, event.content);
  if (event.kind === "voided") {
    coupon.remaining++;
    coupon.holders.delete(event.userId);
  } else if (event.answer.kind === "edited") {
    const { amount, remaining, startsAt, endsAt, paused, updatedAt } = event.answer.coupon;
    Object.assign(coupon, { amount, remaining, startsAt, endsAt, paused, updatedAt });
    Object.assign(coupon, kindTermsOf(event.answer.coupon));
  }
  return coupon;
}

/**
 * What the coupon was before the last events that it evolved by: the same object changed. Where turns failed together,
 * in any order.
 *
 * @returns undefined, the coupon left as it is, where the events are not claims alone
 */
export function undo(coupon: Coupon, events: readonly CouponEvent[]): Coupon | undefined {
  const claims = events.filter((event) => event.kind === "claimed");
  if (claims.length < events.length) return undefined;
  for (const { id, userId, seq } of claims) {
    coupon.holders.delete(userId);
    coupon.keys.delete(id);
    coupon.seq = Math.min(coupon.seq, seq - 1);
  }
  coupon.remaining += claims.length;
  return coupon;
}

/** What may be done with a coupon, and what becomes of it. */
export const couponRules = { contentOf, decide, evolve, undo };
