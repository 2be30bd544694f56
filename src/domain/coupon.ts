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

export * from "./coupon_kind.ts";

function refused(refusal: CouponRefusal): CouponDecision {
  return { kind: "refused", refusal };
}

/** The coupon as it is shown to its maker. */
export function viewOf(coupon: Coupon): CouponView {
  const { name, amount, remaining, startsAt, endsAt, paused, createdAt, updatedAt } = coupon;
  return { name, amount, remaining, startsAt, endsAt, paused, createdAt, updatedAt };
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
  const coupon: CouponView = { ...terms, remaining: terms.amount, paused: false, createdAt: now, updatedAt: now };
  const answer: CouponAnswer = { kind: "created", coupon };
  const event: CouponEvent = { kind: "created", id, content: contentOf(command), answer, at: now, userId: "" };
  return { kind: "accepted", event, answer };
}

function claim(coupon: Coupon, command: Of<"claim" | "validate">, now: number): CouponDecision {
  const { userId, id, keyed } = command;
  if (coupon.holders.has(userId)) return refused("already_claimed");
  if (coupon.paused) return refused("paused");
  if (coupon.startsAt !== null && now < coupon.startsAt) return refused("not_started");
  if (coupon.endsAt !== null && now >= coupon.endsAt) return refused("ended");
  if (coupon.remaining <= 0) return refused("sold_out");
  // After this point it succeeds.
  const remaining = coupon.remaining - 1;
  const couponName = coupon.name;
  if (command.kind === "validate") {
    return { kind: "allowed", answer: { kind: "claimable", userId, couponName, remaining } };
  }
  return {
    kind: "accepted",
    event: { kind: "claimed", id, keyed, userId, seq: coupon.seq + 1, remaining, at: now },
    answer: { kind: "claimed", claimId: id, userId, couponName, remaining, claimedAt: now },
  };
}

function edit(coupon: Coupon, command: Of<"edit">, now: number): CouponDecision {
  const { amount, startsAt, endsAt, paused } = command.changes;
  const claimed = coupon.amount - coupon.remaining;
  const view: CouponView = {
    ...viewOf(coupon),
    amount: amount ?? coupon.amount,
    remaining: (amount ?? coupon.amount) - claimed,
    startsAt: startsAt === undefined ? coupon.startsAt : startsAt,
    endsAt: endsAt === undefined ? coupon.endsAt : endsAt,
    paused: paused ?? coupon.paused,
    updatedAt: now,
  };
  if (view.startsAt !== null && view.endsAt !== null && view.endsAt <= view.startsAt) return refused("invalid_period");
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
