/**
 * What may be done with a coupon? The rules alone: what a command does to a coupon's state at a given time.
 *
 * Times are milliseconds since the Unix epoch, by Postgres's clock; amounts are whole units.
 */
import type { Decision } from "./decision.ts";
import type { Holders } from "./holders.ts";

/** The greatest amount of a coupon, in units: a Postgres integer. */
export const AMOUNT_MAX = 2_147_483_647;

/** Why a coupon refuses, in the order in which the reasons are tested. */
export const COUPON_REFUSALS = [
  "coupon_not_found",
  "idempotency_key_reused",
  "coupon_exists",
  "claim_not_found",
  "already_claimed",
  "paused",
  "not_started",
  "ended",
  "sold_out",
  "invalid_period",
  "amount_below_claimed",
] as const;

/** One of the reasons of {@linkcode COUPON_REFUSALS}. */
export type CouponRefusal = typeof COUPON_REFUSALS[number];

/** What is fixed when a coupon is made, and may be edited but for the name. */
export interface CouponTerms {
  /** As its maker wrote it. */
  readonly name: string;
  /** Units in all, 1 to {@linkcode AMOUNT_MAX}. */
  readonly amount: number;
  /** First millisecond of claiming; null is at once. */
  readonly startsAt: number | null;
  /** First millisecond after claiming; null is never. */
  readonly endsAt: number | null;
}

/** A coupon as it is shown to its maker. */
export interface CouponView extends CouponTerms {
  /** Units left. */
  readonly remaining: number;
  /** Whether claiming is stopped. */
  readonly paused: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A coupon's state in its actor. Its claims' own data are in Postgres; here is what the rules ask for. */
export interface Coupon {
  name: string;
  amount: number;
  remaining: number;
  startsAt: number | null;
  endsAt: number | null;
  paused: boolean;
  createdAt: number;
  updatedAt: number;
  /** The number of the last claim; claims are numbered in order, a voided number is not used again. */
  seq: number;
  readonly holders: Holders;
  /** Of accepted commands that may come again: id -> content. */
  readonly keys: Map<string, string>;
}

/** An edit: what is absent stays; null clears. All absent touches `updatedAt` alone. */
export interface CouponChanges {
  readonly amount?: number;
  readonly startsAt?: number | null;
  readonly endsAt?: number | null;
  readonly paused?: boolean;
}

/** What may be asked of a coupon. `id` is the command's own (a UUID); `keyed`: its caller may send it again. */
export type CouponCommand =
  & { readonly id: string; readonly keyed: boolean }
  & (
    | { readonly kind: "create"; readonly terms: CouponTerms }
    | { readonly kind: "claim"; readonly userId: string }
    | { readonly kind: "validate"; readonly userId: string }
    | { readonly kind: "edit"; readonly changes: CouponChanges }
    | { readonly kind: "void"; readonly userId: string }
  );

/** What a coupon answers, once it is stored. */
export type CouponAnswer =
  | { readonly kind: "created" | "edited"; readonly coupon: CouponView }
  | {
    readonly kind: "claimed";
    readonly claimId: string;
    readonly userId: string;
    readonly couponName: string;
    readonly remaining: number;
    readonly claimedAt: number;
  }
  | { readonly kind: "claimable"; readonly userId: string; readonly couponName: string; readonly remaining: number }
  | {
    readonly kind: "voided";
    readonly userId: string;
    readonly couponName: string;
    readonly remaining: number;
    readonly voidedAt: number;
  };

/** What happened to a coupon. Each is stored with the id, the content and the answer of the command that made it. */
export type CouponEvent =
  | {
    readonly kind: "claimed";
    readonly id: string;
    readonly keyed: boolean;
    readonly userId: string;
    readonly seq: number;
    readonly remaining: number;
    readonly at: number;
  }
  | {
    readonly kind: "created" | "edited" | "voided";
    readonly id: string;
    readonly content: string;
    readonly answer: CouponAnswer;
    readonly at: number;
    /** Of a void: whose claim; of the others empty. */
    readonly userId: string;
  };

/** What a coupon's rules decide. */
export type CouponDecision = Decision<CouponEvent, CouponAnswer, CouponRefusal>;

/** The types of a coupon's actor. */
export interface CouponKind {
  State: Coupon;
  Command: CouponCommand;
  Event: CouponEvent;
  Answer: CouponAnswer;
  Refusal: CouponRefusal;
}

function refused(refusal: CouponRefusal): CouponDecision {
  return { kind: "refused", refusal };
}

const CLAIM = "claim ";

/** The content of a user's claim: what the same command must ask for again to be the same. */
export function claimContent(userId: string): string {
  return CLAIM + userId;
}

/** The content of a command: equal for equal requests, whatever their ids. A question has its claim's content. */
export function contentOf(command: CouponCommand): string {
  switch (command.kind) {
    case "claim":
    case "validate":
      return claimContent(command.userId);
    case "void":
      return "void " + command.userId;
    case "create": {
      const { name, amount, startsAt, endsAt } = command.terms;
      return "create " + JSON.stringify([name, amount, startsAt, endsAt]);
    }
    case "edit": {
      const { amount, startsAt, endsAt, paused } = command.changes;
      const shown = (value: unknown) => value === undefined ? "-" : JSON.stringify(value);
      return "edit " + [amount, startsAt, endsAt, paused].map(shown).join(" ");
    }
  }
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
