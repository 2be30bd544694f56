/**
 * What may be asked of a coupon, what does it answer, and what happens to it? The words alone; `coupon.ts` has the rules.
 *
 * Times are milliseconds since the Unix epoch, by Postgres's clock; amounts of a coupon are whole units.
 */
import {
  type ClaimDetails,
  type ClaimMembership,
  type KindChanges,
  type KindTerms,
  kindTermsOf,
  MONEY_TERMS,
  PLAIN,
} from "./coupon_terms.ts";
import type { Decision } from "./decision.ts";
import type { Holders } from "./holders.ts";
import type { Money } from "./money.ts";

export type { ClaimDetails, ClaimMembership, CouponKindName, KindChanges, KindTerms } from "./coupon_terms.ts";
export type { Money } from "./money.ts";

/** The greatest amount of a coupon, in units: a Postgres integer. */
export const AMOUNT_MAX = 2_147_483_647;

/**
 * Why a coupon refuses, in the order in which the reasons are tested. `membership_needed` is for whoever asked: the claim
 * is to be asked again with the user's membership of the coupon's segment. No client is ever told.
 */
export const COUPON_REFUSALS = [
  "coupon_not_found",
  "idempotency_key_reused",
  "coupon_exists",
  "claim_not_found",
  "already_claimed",
  "paused",
  "not_started",
  "ended",
  "membership_needed",
  "not_eligible",
  "below_minimum",
  "sold_out",
  "invalid_period",
  "invalid_terms",
  "amount_below_claimed",
] as const;

/** One of the reasons of {@linkcode COUPON_REFUSALS}. */
export type CouponRefusal = typeof COUPON_REFUSALS[number];

/** How many terms a coupon had when kinds came. */
const FIRST_TERMS = 7;

/** What every coupon has. */
export interface StockTerms {
  /** As its maker wrote it. */
  readonly name: string;
  /** Units in all, 1 to {@linkcode AMOUNT_MAX}. */
  readonly amount: number;
  /** First millisecond of claiming; null is at once. */
  readonly startsAt: number | null;
  /** First millisecond after claiming; null is never. */
  readonly endsAt: number | null;
}

/** What is fixed when a coupon is made, and may be edited but for name and kind. Absent terms are a plain coupon's. */
export interface CouponTerms extends StockTerms, Partial<KindTerms> {}

/** A coupon as it is shown to its maker. */
export interface CouponView extends StockTerms, KindTerms {
  /** Units left. */
  readonly remaining: number;
  /** Whether claiming is stopped. */
  readonly paused: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The terms of a coupon to be made, with its key. */
export interface NamedCoupon {
  readonly fold: string;
  readonly terms: CouponTerms;
}

/** A coupon's state in its actor. Its claims' own data are in Postgres; here is what the rules ask for. */
export interface Coupon extends KindTerms {
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
export interface CouponChanges extends KindChanges {
  readonly amount?: number;
  readonly startsAt?: number | null;
  readonly endsAt?: number | null;
  readonly paused?: boolean;
}

/** Who claims, and what for. */
export interface ClaimRequest {
  readonly userId: string;
  /** What the user is about to buy for; any kind of coupon takes it, a discount reckons with it. */
  readonly orderAmount?: Money;
  /** Absent until a coupon asks for it by `membership_needed`. */
  readonly membership?: ClaimMembership;
}

/** What may be asked of a coupon. `id` is the command's own (a UUID); `keyed`: its caller may send it again. */
export type CouponCommand =
  /** `act`: of an administrator's, the number by which it is recorded. */
  & { readonly id: string; readonly keyed: boolean; readonly act?: number }
  & (
    | { readonly kind: "create"; readonly terms: CouponTerms }
    | ({ readonly kind: "claim" | "validate" } & ClaimRequest)
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
    readonly details?: ClaimDetails;
  }
  | {
    readonly kind: "claimable";
    readonly userId: string;
    readonly couponName: string;
    readonly remaining: number;
    readonly details?: ClaimDetails;
  }
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
    readonly details?: ClaimDetails;
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
const ORDER = "order ";

/**
 * The content of a user's claim: what the same command must ask for again to be the same.
 *
 * @param order of a keyed claim: the order that it named, which is part of it
 */
export function claimContent(userId: string, order?: Money): string {
  return order === undefined ? CLAIM + userId : `${ORDER}${order} ${userId}`;
}

/** The content of the command that a claim came from. */
export function contentOfClaim({ keyed, userId, details }: Extract<CouponEvent, { kind: "claimed" }>): string {
  return claimContent(userId, keyed ? details?.orderAmount : undefined);
}

/** The content of a command: equal for equal requests, whatever their ids. A question has its claim's content. */
export function contentOf(command: CouponCommand): string {
  switch (command.kind) {
    case "claim":
    case "validate":
      return claimContent(command.userId, command.keyed ? command.orderAmount : undefined);
    case "void":
      return "void " + command.userId;
    case "create": {
      const { name, amount, startsAt, endsAt } = command.terms;
      // What older versions stored is still known again: a plain coupon's is as it was before there were kinds, and terms
      // that came later are not there unless they are set.
      const all = Object.values(kindTermsOf({ ...PLAIN, ...command.terms }));
      const kind = all.filter((value, place) => place < FIRST_TERMS || value !== null);
      const isPlain = Object.values(PLAIN).every((value, place) => value === all[place]);
      return "create " + JSON.stringify([name, amount, startsAt, endsAt, ...isPlain ? [] : kind]);
    }
    case "edit": {
      const { amount, startsAt, endsAt, paused } = command.changes;
      const shown = (value: unknown) => value === undefined ? "-" : JSON.stringify(value);
      const kind = JSON.stringify(command.changes, ["segment", ...MONEY_TERMS]);
      return "edit " + [amount, startsAt, endsAt, paused].map(shown).join(" ") + (kind === "{}" ? "" : ` ${kind}`);
    }
  }
}
