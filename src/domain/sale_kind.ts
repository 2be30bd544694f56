/**
 * What may be asked of a sale, what does it answer, and what happens to it? The words alone; `sale.ts` has the rules.
 *
 * Times are milliseconds since the Unix epoch, by Postgres's clock. A `code` is the 22 characters after the sale's key,
 * but in an answer it is whole, as its user gets it. `n` is an item's number within its sale.
 */
import type { Decision } from "./decision.ts";

/** Why a sale refuses a client, in the order in which the reasons are tested. */
export const SALE_REFUSALS = [
  "sale_not_found",
  "item_not_found",
  "code_unknown",
  "forbidden",
  "idempotency_key_reused",
  "sale_exists",
  "sale_not_started",
  "sale_over",
  "paused",
  "code_used",
  "code_expired",
  "sold_to_another",
  "hold_not_live",
  "purchase_not_found",
  "limit_reached",
  "item_unavailable",
] as const;

/** One of the reasons of {@linkcode SALE_REFUSALS}. */
export type ToldSaleRefusal = typeof SALE_REFUSALS[number];

/**
 * Why a sale refuses. `sale_not_current` is for whoever asked: the sale of this hour was meant, and by the actor's clock it
 * is another hour, so another sale is to be asked.
 */
export type SaleRefusal = ToldSaleRefusal | "sale_not_current";

/** What holds for all sales alike. */
export interface SaleSettings {
  /** Items that one user may buy in one sale, 1 or more. */
  readonly limit: number;
  /** `exclusive`: a checkout holds the item for its user alone; `open`: many may hold it, the first purchase wins. */
  readonly mode: "exclusive" | "open";
  /** Life of a hold, in milliseconds, 1 or more. */
  readonly ttlMs: number;
  /** `sold_out`: a sale goes on until its last item is sold; `at_end`: it closes with its hour. */
  readonly closes: "sold_out" | "at_end";
}

/** A sale as it is shown to its maker. */
export interface SaleView {
  readonly key: string;
  readonly number: number;
  /** Items in all. */
  readonly items: number;
  /** First millisecond of its hour. */
  readonly startsAt: number;
  /** First millisecond after its hour. */
  readonly endsAt: number;
  /** Whether checkouts are stopped. */
  readonly paused: boolean;
  /** Items sold. */
  readonly sold: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What may be asked of a sale. `id` is the command's own (a UUID); `keyed`: its caller may send it again. */
export type SaleCommand =
  /** `act`: of an administrator's, the number by which it is recorded. */
  & { readonly id: string; readonly keyed: boolean; readonly act?: number }
  & (
    | { readonly kind: "open"; readonly number: number; readonly items: number }
    /**
     * `n` is whatever the item id said; `code` is made for this command alone. `current`: an item of the sale of this hour
     * is wanted, whichever sale that is; absent: of this very sale.
     */
    | {
      readonly kind: "checkout";
      readonly userId: string;
      readonly n: number;
      readonly code: string;
      readonly current?: true;
    }
    /** Buys what a live hold holds. `by` may do so with a hold of theirs alone; absent: with anyone's. */
    | { readonly kind: "purchase"; readonly code: string; readonly by?: string }
    /** Gives a live hold back; `by` as above. */
    | { readonly kind: "release"; readonly code: string; readonly by?: string }
    /** Takes back the purchase that was made with a hold. */
    | { readonly kind: "voidPurchase"; readonly code: string }
    /** What is absent stays; all absent touches `updatedAt` alone. */
    | { readonly kind: "edit"; readonly paused?: boolean }
  );

/** A command of one kind, or of some. */
export type SaleCommandOf<Name extends SaleCommand["kind"]> = Extract<SaleCommand, { kind: Name }>;

/** What a sale answers to its maker. */
export interface SaleShown {
  readonly kind: "opened" | "edited";
  readonly sale: SaleView;
}

/** Whose code it is, for which item: what every answer about a code tells. The code is whole. */
interface CodeShown {
  readonly code: string;
  readonly itemId: number;
  readonly userId: string;
}

/** What a sale answers, once it is stored. */
export type SaleAnswer =
  | SaleShown
  | CodeShown & { readonly kind: "held"; readonly expiresAt: number }
  | CodeShown & { readonly kind: "purchased"; readonly purchasedAt: number }
  | CodeShown & { readonly kind: "released"; readonly releasedAt: number }
  | CodeShown & { readonly kind: "voided"; readonly voidedAt: number };

/** What happened to a sale; `id` is that of the command that made it. */
export type SaleEvent =
  & { readonly id: string; readonly at: number }
  & (
    | { readonly kind: "opened" | "edited"; readonly content: string; readonly answer: SaleShown }
    | {
      /** A checkout that changed nothing: refused, or `ok` where its user has the hold already. */
      readonly kind: "attempted";
      readonly seq: number;
      readonly userId: string;
      readonly n: number;
      readonly outcome: ToldSaleRefusal | "ok";
      /** Of an `ok` by key: what its replay needs. */
      readonly receipt: SaleReceipt | undefined;
    }
    | {
      /** A new hold; its attempt, `ok`, has the same `seq`. */
      readonly kind: "held";
      readonly keyed: boolean;
      readonly seq: number;
      readonly userId: string;
      readonly n: number;
      readonly code: string;
      readonly expiresAt: number;
      /** When the last live hold of the item expires. */
      readonly heldUntil: number;
    }
    | {
      readonly kind: "purchased";
      readonly keyed: boolean;
      readonly code: string;
      readonly n: number;
      readonly userId: string;
      /** Which of the user's purchases it is: the lowest free of 1 to `slotMax`. */
      readonly slot: number;
      /** The limit by which it was decided. */
      readonly slotMax: number;
    }
    | {
      /** The hold ended, or the purchase was taken back; the item is free again but for other holds. */
      readonly kind: "released" | "voided";
      readonly content: string;
      readonly answer: SaleAnswer;
      readonly code: string;
      readonly n: number;
      /** When the last live hold of the item expires that is left; `at` where none is. */
      readonly heldUntil: number;
    }
  );

/** What the replay of a command needs. */
export interface SaleReceipt {
  readonly content: string;
  readonly answer: SaleAnswer;
}

/** What a sale's rules decide. */
export type SaleDecision = Decision<SaleEvent, SaleAnswer, SaleRefusal>;

/** The content of a checkout: what the same command must ask for again to be the same. Its code is none of it. */
export function checkoutContent(n: number, userId: string): string {
  return `checkout ${n} ${userId}`;
}

/** The content of a purchase. */
export function purchaseContent(code: string): string {
  return "purchase " + code;
}

/** The content of a command: equal for equal requests, whatever their ids. */
export function contentOf(command: SaleCommand): string {
  switch (command.kind) {
    case "open":
      return `open ${command.number} ${command.items}`;
    case "checkout":
      return checkoutContent(command.n, command.userId);
    case "purchase":
      return purchaseContent(command.code);
    case "release":
    case "voidPurchase":
      return command.kind + " " + command.code;
    case "edit":
      return `edit ${command.paused ?? "-"}`;
  }
}
