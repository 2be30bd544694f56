/** What may be done with a coupon? The rules alone: what a command does to a coupon's state at a given time. */
import {
  contentOf,
  type Coupon,
  type CouponAnswer,
  type CouponCommand,
  type CouponDecision,
  type CouponEvent,
  type CouponRefusal,
  type CouponView,
} from "./coupon_kind.ts";
import { detailsOf, isBelowMinimum, isWhole, kindTermsOf, MONEY_TERMS, PLAIN } from "./coupon_terms.ts";

export * from "./coupon_kind.ts";

function refused(refusal: CouponRefusal): CouponDecision {
  return { kind: "refused", refusal };
}

/** The coupon as it is shown to its maker. */
export function viewOf(coupon: Coupon): CouponView {
  const { name, amount, remaining, startsAt, endsAt, paused, createdAt, updatedAt } = coupon;
  return { name, amount, remaining, startsAt, endsAt, paused, createdAt, updatedAt, ...kindTermsOf(coupon) };
}

/**
 * Decides one command.
 *
 * @param coupon its state, or undefined where there is no such coupon
 * @param now milliseconds since the epoch
 * @returns what is to be stored and answered, or the first refusal in the order of {@linkcode COUPON_REFUSALS}; never
 * changes the state
 */
export function decide(coupon: Coupon | undefined, command: CouponCommand, now: number): CouponDecision {
  if (coupon === undefined) return command.kind === "create" ? create(command, now) : refused("coupon_not_found");
  if (coupon.keys.size > 0) {
    const content = coupon.keys.get(command.id);
    if (content !== undefined) {
      if (content !== contentOf(command)) return refused("idempotency_key_reused");
      return { kind: "replay", id: command.id, content };
    }
  }
  switch (command.kind) {
    case "create":
      return refused("coupon_exists");
    case "claim":
    case "validate":
      return claim(coupon, command, now);
    case "edit":
      return edit(coupon, command, now);
    case "void":
      return voidClaim(coupon, command, now);
  }
}

type Of<Kind extends CouponCommand["kind"]> = Extract<CouponCommand, { kind: Kind }>;

function create(command: Of<"create">, now: number): CouponDecision {
  const { terms, id } = command;
  const times = { createdAt: now, updatedAt: now };
  const coupon: CouponView = { ...PLAIN, ...terms, remaining: terms.amount, paused: false, ...times };
  const answer: CouponAnswer = { kind: "created", coupon };
  const event: CouponEvent = { kind: "created", id, content: contentOf(command), answer, at: now, userId: "" };
  return { kind: "accepted", event, answer };
}

function claim(coupon: Coupon, command: Of<"claim" | "validate">, now: number): CouponDecision {
  const { userId, id, keyed, orderAmount } = command;
  if (coupon.holders.has(userId)) return refused("already_claimed");
  if (coupon.paused) return refused("paused");
  if (coupon.startsAt !== null && now < coupon.startsAt) return refused("not_started");
  if (coupon.endsAt !== null && now >= coupon.endsAt) return refused("ended");
  if (coupon.segment !== null) {
    const { membership } = command;
    if (membership?.segment !== coupon.segment) return refused("membership_needed");
    if (now >= membership.until) return refused("not_eligible");
  }
  if (isBelowMinimum(coupon, orderAmount)) return refused("below_minimum");
  if (coupon.remaining <= 0) return refused("sold_out");
  // After this point it succeeds.
  const remaining = coupon.remaining - 1;
  const couponName = coupon.name;
  const details = detailsOf(coupon, orderAmount, keyed);
  if (command.kind === "validate") {
    return { kind: "allowed", answer: { kind: "claimable", userId, couponName, remaining, ...details && { details } } };
  }
  const seq = coupon.seq + 1;
  if (details === undefined) { // put together plainly: the hottest way
    return {
      kind: "accepted",
      event: { kind: "claimed", id, keyed, userId, seq, remaining, at: now },
      answer: { kind: "claimed", claimId: id, userId, couponName, remaining, claimedAt: now },
    };
  }
  return {
    kind: "accepted",
    event: { kind: "claimed", id, keyed, userId, seq, remaining, at: now, details },
    answer: { kind: "claimed", claimId: id, userId, couponName, remaining, claimedAt: now, details },
  };
}

const EDITABLE = ["amount", "startsAt", "endsAt", "paused", "segment", ...MONEY_TERMS] as const;

function edit(coupon: Coupon, command: Of<"edit">, now: number): CouponDecision {
  const { changes } = command;
  const claimed = coupon.amount - coupon.remaining;
  const given = Object.fromEntries(
    EDITABLE.flatMap((name) => changes[name] === undefined ? [] : [[name, changes[name]]]),
  );
  const changed = { ...viewOf(coupon), ...given as Partial<CouponView> };
  const view: CouponView = { ...changed, remaining: changed.amount - claimed, updatedAt: now };
  if (view.startsAt !== null && view.endsAt !== null && view.endsAt <= view.startsAt) return refused("invalid_period");
  if (!isWhole(view)) return refused("invalid_terms");
  if (view.remaining < 0) return refused("amount_below_claimed");
  const answer: CouponAnswer = { kind: "edited", coupon: view };
  const event: CouponEvent = {
    kind: "edited",
    id: command.id,
    content: contentOf(command),
    answer,
    at: now,
    userId: "",
  };
  return { kind: "accepted", event, answer };
}

function voidClaim(coupon: Coupon, command: Of<"void">, now: number): CouponDecision {
  const { userId, id } = command;
  if (!coupon.holders.has(userId)) return { kind: "refused", refusal: "claim_not_found", isAbsence: true };
  const remaining = coupon.remaining + 1;
  const answer: CouponAnswer = { kind: "voided", userId, couponName: coupon.name, remaining, voidedAt: now };
  const event: CouponEvent = { kind: "voided", id, content: contentOf(command), answer, at: now, userId };
  return { kind: "accepted", event, answer };
}
