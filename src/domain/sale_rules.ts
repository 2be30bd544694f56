/** How does a sale decide? Each command by early refusals in their written order; after the last one it succeeds. */
import type { Rules } from "./decision.ts";
import {
  type Attempt,
  checkoutContent,
  heldAnswer,
  purchaseContent,
  type Receipt,
  type SaleAnswer,
  type SaleCommand,
  saleContent,
  type SaleDecision,
  type SaleEvent,
  type SaleKind,
  type SaleRefusal,
  type SaleSettings,
  type SaleTerms,
  saleTerms,
} from "./sale.ts";
import { SALE_MS, saleStart } from "./sale_ids.ts";
import { type Hold, Sale } from "./sale_state.ts";

type Of<Kind extends SaleCommand["kind"]> = SaleCommand & { readonly kind: Kind };

/** Whether a sale sells no more, for good or until a purchase is voided. */
export function isOver(
  sale: Pick<SaleTerms, "endsAt" | "sold" | "items">,
  closes: SaleSettings["closes"],
  now: number,
) {
  return now >= sale.endsAt && (closes === "at_end" || sale.sold >= sale.items);
}

/** The rules of sales under these settings. */
export function saleRules(settings: SaleSettings): Rules<SaleKind> {
  return {
    contentOf: saleContent,
    decide: (sale, command, now) => decide(settings, sale, command, now),
    evolve: evolveSale,
  };
}

function refused(refusal: SaleRefusal): SaleDecision {
  return { kind: "refused", refusal };
}

function decide(settings: SaleSettings, sale: Sale | undefined, command: SaleCommand, now: number): SaleDecision {
  if (sale === undefined) return decideAbsent(command, now);
  switch (command.kind) {
    case "open":
      return replayOf(sale, command) ?? refused("sale_exists");
    case "checkout":
      return checkout(settings, sale, command, now);
    case "edit":
      return replayOf(sale, command) ?? edit(sale, command as Of<"edit">, now);
    default: {
      const hold = sale.hold(command.secret);
      if (hold === undefined) return refused("code_unknown");
      return replayOf(sale, command) ?? withCode(settings, sale, command, hold, now);
    }
  }
}

function decideAbsent(command: SaleCommand, now: number): SaleDecision {
  switch (command.kind) {
    case "open":
      return open(command as Of<"open">, now);
    case "edit":
      return refused("sale_not_found");
    case "checkout":
      return refused("item_not_found");
    default:
      return refused("code_unknown");
  }
}

function replayOf(sale: Sale, command: SaleCommand): SaleDecision | undefined {
  const content = sale.keys.size > 0 ? sale.keys.get(command.id) : undefined;
  if (content === undefined) return undefined;
  if (content !== saleContent(command)) return refused("idempotency_key_reused");
  return { kind: "replay", id: command.id, content };
}

function receiptOf(command: SaleCommand, answer: SaleAnswer): Receipt {
  return { id: command.id, content: saleContent(command), answer };
}

function open(command: Of<"open">, now: number): SaleDecision {
  const { number, items } = command;
  const startsAt = saleStart(number);
  const times = { startsAt, endsAt: startsAt + SALE_MS, createdAt: now, updatedAt: now };
  const sale: SaleTerms = { number, items, sold: 0, paused: false, ...times };
  const answer: SaleAnswer = { kind: "opened", sale };
  return { kind: "accepted", event: { kind: "opened", at: now, sale, receipt: receiptOf(command, answer) }, answer };
}

function edit(sale: Sale, command: Of<"edit">, now: number): SaleDecision {
  const terms: SaleTerms = { ...saleTerms(sale), paused: command.paused ?? sale.paused, updatedAt: now };
  const answer: SaleAnswer = { kind: "edited", sale: terms };
  const receipt = receiptOf(command, answer);
  return { kind: "accepted", event: { kind: "edited", at: now, sale: terms, receipt }, answer };
}

/** Whatever comes of it, a checkout on a sale that is there is an attempt and stored; but a replay is none. */
function checkout(settings: SaleSettings, sale: Sale, command: Of<"checkout">, now: number): SaleDecision {
  const { n, userId, secret, id, keyed } = command;
  const attempt = (outcome: Attempt["outcome"]): Attempt => ({ seq: sale.attempts + 1, userId, n, outcome });
  const exists = n >= 1 && n <= sale.items;
  const replay = exists ? replayOf(sale, command) : undefined;
  if (replay?.kind === "replay") return replay;
  const refusal = !exists
    ? "item_not_found"
    : replay?.kind === "refused"
    ? replay.refusal
    : checkoutRefusal(settings, sale, command, now);
  if (refusal !== undefined) {
    return {
      kind: "refused",
      refusal,
      event: { kind: "attempted", at: now, attempt: attempt(refusal), receipt: undefined },
    };
  }
  const own = sale.liveHold(n, userId, now);
  if (own !== undefined) {
    const answer = heldAnswer(own);
    const receipt = keyed ? receiptOf(command, answer) : undefined;
    return { kind: "accepted", event: { kind: "attempted", at: now, attempt: attempt("ok"), receipt }, answer };
  }
  const ends = now + settings.ttlMs;
  const expiresAt = settings.closes === "at_end" ? Math.min(ends, sale.endsAt) : ends;
  return {
    kind: "accepted",
    event: { kind: "held", at: now, id, keyed, attempt: attempt("ok"), secret, expiresAt },
    answer: { kind: "held", secret, n, userId, expiresAt },
  };
}

/** Why a user may not hold an item; undefined where they may, or hold it already. */
function checkoutRefusal(
  { closes, mode, limit }: SaleSettings,
  sale: Sale,
  { n, userId }: Of<"checkout">,
  now: number,
): SaleRefusal | undefined {
  if (now < sale.startsAt) return "sale_not_started";
  if (isOver(sale, closes, now)) return "sale_over";
  if (sale.paused) return "paused";
  if (sale.liveHold(n, userId, now) !== undefined) return undefined;
  if (mode === "exclusive" && sale.boughtBy(userId) + sale.liveHoldsOf(userId, now) >= limit) return "limit_reached";
  if (sale.isSold(n)) return "item_unavailable";
  if (mode === "exclusive" && sale.heldUntil(n, now) > 0) return "item_unavailable";
  return undefined;
}

function withCode(
  settings: SaleSettings,
  sale: Sale,
  command: Of<"purchase" | "release" | "void">,
  hold: Hold,
  now: number,
): SaleDecision {
  if (command.kind === "purchase") return purchase(settings, sale, command as Of<"purchase">, hold, now);
  const isPurchase = hold.slot > 0;
  if (command.kind === "void" && !isPurchase) return refused("purchase_not_found");
  if (command.kind === "release" && (isPurchase || now >= hold.expiresAt)) return refused("hold_not_found");
  const kind = command.kind === "void" ? "voided" : "released";
  const { secret, n, userId } = hold;
  const answer: SaleAnswer = { kind, n, userId, at: now };
  const heldUntil = sale.heldUntil(n, now, hold);
  return {
    kind: "accepted",
    event: { kind, at: now, secret, n, heldUntil, receipt: receiptOf(command, answer) },
    answer,
  };
}

function purchase(
  { limit }: SaleSettings,
  sale: Sale,
  { id, keyed }: Of<"purchase">,
  hold: Hold,
  now: number,
): SaleDecision {
  const { secret, n, userId } = hold;
  if (hold.slot > 0) return refused("code_used");
  if (now >= hold.expiresAt) return refused("code_expired");
  if (sale.isSold(n)) return refused("sold_to_another");
  if (sale.boughtBy(userId) >= limit) return refused("limit_reached");
  // After this point it succeeds.
  const slot = sale.freeSlot(userId);
  return {
    kind: "accepted",
    event: { kind: "purchased", at: now, id, keyed, secret, n, userId, slot, slotMax: Math.max(slot, limit) },
    answer: { kind: "purchased", n, userId, at: now },
  };
}

/**
 * What the sale is after an event: the same object changed, or a new one after `opened`.
 *
 * @throws TypeError where there is no sale to change: an event that no decision on this state can have made
 */
export function evolveSale(sale: Sale | undefined, event: SaleEvent): Sale {
  if (sale === undefined) {
    if (event.kind !== "opened") {
      throw new TypeError(`Cannot evolve a sale that was not opened: received ${event.kind}`);
    }
    const opened = new Sale(event.sale, 0);
    opened.keys.set(event.receipt.id, event.receipt.content);
    return opened;
  }
  switch (event.kind) {
    case "opened":
      throw new TypeError("Cannot open a sale that is open");
    case "held": {
      const { attempt: { n, userId, seq }, secret, expiresAt, id, keyed } = event;
      sale.attempts = seq;
      sale.addHold({ secret, n, userId, expiresAt, slot: 0 });
      if (keyed) sale.keys.set(id, checkoutContent(n, userId));
      return sale;
    }
    case "purchased":
      sale.sold++;
      sale.addPurchase(event.secret, event.slot);
      if (event.keyed) sale.keys.set(event.id, purchaseContent(event.secret));
      return sale;
    case "attempted":
      sale.attempts = event.attempt.seq;
      break;
    case "voided":
      sale.sold--;
      sale.endHold(event.secret, event.at);
      break;
    case "released":
      sale.endHold(event.secret, event.at);
      break;
    case "edited":
      sale.paused = event.sale.paused;
      sale.updatedAt = event.sale.updatedAt;
  }
  if (event.receipt !== undefined) sale.keys.set(event.receipt.id, event.receipt.content);
  return sale;
}
