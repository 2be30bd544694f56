/**
 * What may be done with a flash sale? The rules alone: what a command does to a sale's state at a given time.
 *
 * Times are milliseconds since the Unix epoch, by Postgres's clock. A hold is live while now < its end.
 */
import type { Decision } from "./decision.ts";
import type { Hold, Sale } from "./sale_state.ts";

/** Why a sale refuses. */
export const SALE_REFUSALS = [
  "sale_not_found",
  "item_not_found",
  "code_unknown",
  "idempotency_key_reused",
  "sale_exists",
  "sale_not_started",
  "sale_over",
  "paused",
  "code_used",
  "code_expired",
  "hold_not_found",
  "purchase_not_found",
  "sold_to_another",
  "limit_reached",
  "item_unavailable",
] as const;

/** One of the reasons of {@linkcode SALE_REFUSALS}. */
export type SaleRefusal = typeof SALE_REFUSALS[number];

/** How sales are held on this node. */
export interface SaleSettings {
  /** Items that one user may buy in one sale. */
  readonly limit: number;
  /** `exclusive`: a hold keeps its item from others; `open`: many may hold one item, the first purchase wins. */
  readonly mode: "exclusive" | "open";
  /** Life of a hold, in milliseconds. */
  readonly ttlMs: number;
  /** `sold_out`: a sale sells on after its hour until its last item is gone; `at_end`: it closes with its hour. */
  readonly closes: "sold_out" | "at_end";
}

/** A sale as it is shown, but for its live holds. */
export interface SaleTerms {
  /** Whole hours since the epoch. */
  readonly number: number;
  /** Items in all. */
  readonly items: number;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly sold: number;
  readonly paused: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What may be asked of a sale. `id` is the command's own (a UUID); `keyed`: its caller may send it again. */
export type SaleCommand =
  & { readonly id: string; readonly keyed: boolean }
  & (
    | { readonly kind: "open"; readonly number: number; readonly items: number }
    /** `secret` is the code's part that no one can guess, made by who asks. */
    | { readonly kind: "checkout"; readonly userId: string; readonly n: number; readonly secret: string }
    | { readonly kind: "purchase" | "release" | "void"; readonly secret: string }
    | { readonly kind: "edit"; readonly paused: boolean | undefined }
  );

/** What a sale answers, once it is stored. */
export type SaleAnswer =
  | { readonly kind: "opened" | "edited"; readonly sale: SaleTerms }
  | {
    readonly kind: "held";
    readonly secret: string;
    readonly n: number;
    readonly userId: string;
    readonly expiresAt: number;
  }
  | {
    readonly kind: "purchased" | "released" | "voided";
    readonly n: number;
    readonly userId: string;
    readonly at: number;
  };

/** A checkout that was tried: `ok`, or why not. */
export interface Attempt {
  /** Numbers a sale's attempts from 1. */
  readonly seq: number;
  readonly userId: string;
  /** The item that was wanted; there may be none. */
  readonly n: number;
  readonly outcome: "ok" | SaleRefusal;
}

/** A stored answer: of a command that made no row of its own. */
export interface Receipt {
  readonly id: string;
  readonly content: string;
  readonly answer: SaleAnswer;
}

/** What happened to a sale. */
export type SaleEvent =
  & { readonly at: number }
  & (
    /** Refused, or `ok` where the user's live hold was answered again; then with a receipt where the command is keyed. */
    | { readonly kind: "attempted"; readonly attempt: Attempt; readonly receipt: Receipt | undefined }
    | {
      readonly kind: "held";
      readonly id: string;
      readonly keyed: boolean;
      readonly attempt: Attempt;
      readonly secret: string;
      readonly expiresAt: number;
    }
    | {
      readonly kind: "purchased";
      readonly id: string;
      readonly keyed: boolean;
      readonly secret: string;
      readonly n: number;
      readonly userId: string;
      /** Which of the user's purchases it is, 1 to `slotMax`, the limit. */
      readonly slot: number;
      readonly slotMax: number;
    }
    /** A hold ends now; `heldUntil` is when the item's last other hold ends, 0 where there is none. */
    | {
      readonly kind: "released" | "voided";
      readonly secret: string;
      readonly n: number;
      readonly heldUntil: number;
      readonly receipt: Receipt;
    }
    | { readonly kind: "opened" | "edited"; readonly sale: SaleTerms; readonly receipt: Receipt }
  );

/** What a sale's rules decide. */
export type SaleDecision = Decision<SaleEvent, SaleAnswer, SaleRefusal>;

/** The types of a sale's actor. */
export interface SaleKind {
  State: Sale;
  Command: SaleCommand;
  Event: SaleEvent;
  Answer: SaleAnswer;
  Refusal: SaleRefusal;
}

/** The content of a command: equal for equal requests, whatever their ids. A checkout's code is not of it. */
export function saleContent(command: SaleCommand): string {
  switch (command.kind) {
    case "checkout":
      return checkoutContent(command.n, command.userId);
    case "open":
      return `open ${command.number} ${command.items}`;
    case "edit":
      return `edit ${command.paused ?? "-"}`;
    default:
      return `${command.kind} ${command.secret}`;
  }
}

/** The content of a user's checkout of an item. */
export function checkoutContent(n: number, userId: string): string {
  return `checkout ${n} ${userId}`;
}

/** The content of a purchase by a code. */
export function purchaseContent(secret: string): string {
  return `purchase ${secret}`;
}

/** The sale as it is shown to its maker. */
export function saleTerms(sale: Sale): SaleTerms {
  const { number, items, startsAt, endsAt, sold, paused, createdAt, updatedAt } = sale;
  return { number, items, startsAt, endsAt, sold, paused, createdAt, updatedAt };
}

/** The answer of a hold. */
export function heldAnswer({ secret, n, userId, expiresAt }: Hold): SaleAnswer {
  return { kind: "held", secret, n, userId, expiresAt };
}
