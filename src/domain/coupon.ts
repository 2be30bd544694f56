/** What may be done with a coupon? The rules alone: what a command does to a coupon's state at a given time. */
import {
  contentOf,
  contentOfClaim,
  type Coupon,
  type CouponAnswer,
  type CouponCommand,
  type CouponDecision,
  type CouponEvent,
  type CouponRefusal,
  type CouponView,
} from "./coupon_kind.ts";
import { detailsOf, isBelowMinimum, isWhole, kindTermsOf, MONEY_TERMS, PLAIN } from "./coupon_terms.ts";
import { Holders } from "./holders.ts";

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
