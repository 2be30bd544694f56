/**
 * What may be asked of a coupon, what does it answer, and what happens to it? The words alone; `coupon.ts` has the rules.
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
