/**
 * What may be done with a sale? The rules alone: what a command does to a sale's state at a given time.
 *
 * Every checkout of a sale that exists is an attempt, to be stored with its outcome; only a replay is none.
 */
import { type Hold, isLive } from "./live_holds.ts";
import { formatCode, HOUR_MS, itemIdOf, saleKeyOf, startsAtOf } from "./sale_ids.ts";
import {
  contentOf,
  type SaleAnswer,
  type SaleCommand,
  type SaleCommandOf,
  type SaleDecision,
  type SaleEvent,
  type SaleRefusal,
  type SaleSettings,
  type SaleShown,
  type SaleView,
  type ToldSaleRefusal,
} from "./sale_kind.ts";
import { evolve, type Sale, viewOf } from "./sale_state.ts";

export * from "./sale_kind.ts";
export * from "./sale_state.ts";

/** The types of a sale's actor. */
export interface SaleKind {
  State: Sale;
  Command: SaleCommand;
  Event: SaleEvent;
  Answer: SaleAnswer;
  Refusal: SaleRefusal;
}

/** The rules of all sales under one set of settings. */
export interface SaleRules {
  readonly contentOf: (command: SaleCommand) => string;
  /**
   * Decides one command.
   *
   * @param sale its state, or undefined where there is no such sale
   * @param now milliseconds since the epoch, never less than what an event of this state was decided at
   * @returns what is to be stored and answered, or the first refusal in the order of {@linkcode SALE_REFUSALS}, with the
   * event of its attempt where it refuses a checkout of a sale that exists; never changes the state
   */
  readonly decide: (sale: Sale | undefined, command: SaleCommand, now: number) => SaleDecision;
  /** The state after an event; see {@linkcode evolve}. */
  readonly evolve: (sale: Sale | undefined, event: SaleEvent) => Sale;
}

/** The rules under these settings. A sale that was decided under others goes on under them. */
export function saleRules(settings: SaleSettings): SaleRules {
  return { contentOf, evolve, decide: (sale, command, now) => decide(sale, command, now, settings) };
}

/** Where a sale stands. */
export type SalePhase = "upcoming" | "open" | "sold_out" | "over";

/** Where a sale stands at a given time; pausing is none of it. */
export function phaseOf(
  sale: Pick<SaleView, "items" | "sold" | "startsAt" | "endsAt">,
  closes: SaleSettings["closes"],
  now: number,
): SalePhase {
  if (now < sale.startsAt) return "upcoming";
  const soldOut = sale.sold >= sale.items;
  if (now >= sale.endsAt && (soldOut || closes === "at_end")) return "over";
  return soldOut ? "sold_out" : "open";
}

function decide(sale: Sale | undefined, command: SaleCommand, now: number, settings: SaleSettings): SaleDecision {
  switch (command.kind) {
    case "open":
      return sale === undefined ? open(command, now) : repeated(sale, command) ?? refused("sale_exists");
    case "checkout":
      return sale === undefined ? refused("item_not_found") : checkout(sale, command, now, settings);
    case "edit":
      return sale === undefined ? refused("sale_not_found") : repeated(sale, command) ?? edit(sale, command, now);
  }
  const hold = sale?.holds.get(command.code);
  if (sale === undefined || hold === undefined) return missing("code_unknown");
  if (command.kind !== "voidPurchase" && command.by !== undefined && command.by !== hold.userId) {
    return refused("forbidden");
  }
  const before = repeated(sale, command);
  if (before !== undefined) return before;
  switch (command.kind) {
    case "purchase":
      return purchase(sale, hold, command, now, settings);
    case "release":
      return isLive(hold, now) ? giveBack(sale, hold, command, now) : refused("hold_not_live");
    case "voidPurchase":
      return hold.slot > 0 ? giveBack(sale, hold, command, now) : missing("purchase_not_found");
  }
}

function refused(refusal: SaleRefusal): SaleDecision {
  return { kind: "refused", refusal };
}

function missing(refusal: SaleRefusal): SaleDecision {
  return { kind: "refused", refusal, isAbsence: true };
}

/** What the command's id decides alone: a replay, or that it was another's; undefined where it is new. */
function repeated(sale: Sale, command: SaleCommand): SaleDecision | undefined {
  const content = sale.keys.empty ? undefined : sale.keys.get(command.id);
  if (content === undefined) return undefined;
  if (content !== contentOf(command)) return refused("idempotency_key_reused");
  return { kind: "replay", id: command.id, content };
}

function open(command: SaleCommandOf<"open">, now: number): SaleDecision {
  const { id, number, items } = command;
  const startsAt = startsAtOf(number);
  const sale: SaleView = {
    key: saleKeyOf(number),
    number,
    items,
    startsAt,
    endsAt: startsAt + HOUR_MS,
    paused: false,
    sold: 0,
    createdAt: now,
    updatedAt: now,
  };
  const answer: SaleShown = { kind: "opened", sale };
  return { kind: "accepted", event: { kind: "opened", id, content: contentOf(command), answer, at: now }, answer };
}

function edit(sale: Sale, command: SaleCommandOf<"edit">, now: number): SaleDecision {
  const view: SaleView = { ...viewOf(sale), paused: command.paused ?? sale.paused, updatedAt: now };
  const answer: SaleShown = { kind: "edited", sale: view };
  const content = contentOf(command);
  return { kind: "accepted", event: { kind: "edited", id: command.id, content, answer, at: now }, answer };
}

function checkout(
  sale: Sale,
  command: SaleCommandOf<"checkout">,
  now: number,
  settings: SaleSettings,
): SaleDecision {
  const { id, keyed, userId, n, code } = command;
  const isCurrent = now >= sale.startsAt && now < sale.endsAt;
  if (command.current && !isCurrent && !isKnown(sale, command)) return missing("sale_not_current");
  if (!(Number.isInteger(n) && n >= 1 && n <= sale.items)) return missed(sale, command, now, "item_not_found");
  const before = repeated(sale, command) ?? sent(sale, command);
  if (before?.kind === "refused") return missed(sale, command, now, "idempotency_key_reused");
  if (before !== undefined) return before;
  const phase = phaseOf(sale, settings.closes, now);
  if (phase === "upcoming") return missed(sale, command, now, "sale_not_started");
  if (phase === "over") return missed(sale, command, now, "sale_over");
  if (sale.paused) return missed(sale, command, now, "paused");
  const item = sale.stock[n];
  const buyer = sale.buyers.get(userId);
  const sold = item?.soldBy !== undefined;
  const own = buyer?.byItem.get(n);
  if (own !== undefined && isLive(own, now) && !sold) return again(sale, own, command, now);
  const exclusive = settings.mode === "exclusive";
  if (exclusive && buyer !== undefined && buyer.bought + buyer.holds.countAt(now) >= settings.limit) {
    return missed(sale, command, now, "limit_reached");
  }
  const lastUntil = item?.holds.lastUntil(now) ?? now;
  if (sold || (exclusive && lastUntil > now)) return missed(sale, command, now, "item_unavailable");
  // After this point it succeeds.
  const whole = now + settings.ttlMs;
  const expiresAt = settings.closes === "at_end" ? Math.min(whole, sale.endsAt) : whole;
  const heldUntil = Math.max(lastUntil, expiresAt);
  return {
    kind: "accepted",
    event: { kind: "held", id, keyed, seq: sale.attempts + 1, userId, n, code, expiresAt, heldUntil, at: now },
    answer: held(sale, code, n, userId, expiresAt),
  };
}

/** Whether it was accepted before, or its id was another's. */
function isKnown(sale: Sale, command: SaleCommandOf<"checkout">): boolean {
  return sale.keys.get(command.id) !== undefined || sale.holds.get(command.code) !== undefined;
}

/** As {@linkcode repeated}, by the code: it is made for one command alone, so a known one's command was accepted. */
function sent(sale: Sale, command: SaleCommandOf<"checkout">): SaleDecision | undefined {
  const hold = sale.holds.get(command.code);
  if (hold === undefined) return undefined;
  if (hold.n !== command.n || hold.userId !== command.userId) return refused("idempotency_key_reused");
  return { kind: "replay", id: command.id, content: contentOf(command) };
}

/** A checkout refused, and its attempt. */
function missed(sale: Sale, command: SaleCommandOf<"checkout">, now: number, refusal: ToldSaleRefusal): SaleDecision {
  const { id, userId, n } = command;
  const seq = sale.attempts + 1;
  const event: SaleEvent = { kind: "attempted", id, seq, userId, n, outcome: refusal, receipt: undefined, at: now };
  return { kind: "refused", refusal, event };
}

/** A checkout of what its user holds: the same code and expiry, and an attempt. */
function again(sale: Sale, own: Hold, command: SaleCommandOf<"checkout">, now: number): SaleDecision {
  const { id, keyed, userId, n } = command;
  const answer = held(sale, own.code, n, userId, own.expiresAt);
  const receipt = keyed ? { content: contentOf(command), answer } : undefined;
  const seq = sale.attempts + 1;
  return {
    kind: "accepted",
    event: { kind: "attempted", id, seq, userId, n, outcome: "ok", receipt, at: now },
    answer,
  };
}

function held(sale: Sale, code: string, n: number, userId: string, expiresAt: number): SaleAnswer {
  return { kind: "held", code: formatCode(sale.key, code), itemId: itemIdOf(sale.number, n), userId, expiresAt };
}

function purchase(
  sale: Sale,
  hold: Hold,
  command: SaleCommandOf<"purchase">,
  now: number,
  settings: SaleSettings,
): SaleDecision {
  const { code, n, userId } = hold;
  const buyer = sale.buyers.get(userId)!;
  if (hold.slot > 0) return refused("code_used");
  if (!isLive(hold, now)) return refused("code_expired");
  if (sale.stock[n]!.soldBy !== undefined) return refused("sold_to_another");
  if (buyer.bought >= settings.limit) return refused("limit_reached");
  // After this point it succeeds.
  const { id, keyed } = command;
  const slot = buyer.freeSlot;
  const itemId = itemIdOf(sale.number, n);
  return {
    kind: "accepted",
    event: { kind: "purchased", id, keyed, code, n, userId, slot, slotMax: settings.limit, at: now },
    answer: { kind: "purchased", code: formatCode(sale.key, code), itemId, userId, purchasedAt: now },
  };
}

/** Gives back a live hold, or a purchase. */
function giveBack(
  sale: Sale,
  hold: Hold,
  command: SaleCommandOf<"release" | "voidPurchase">,
  now: number,
): SaleDecision {
  const { code, n, userId } = hold;
  const shown = { code: formatCode(sale.key, code), itemId: itemIdOf(sale.number, n), userId };
  const kind = command.kind === "release" ? "released" : "voided";
  const answer: SaleAnswer = kind === "released"
    ? { kind, ...shown, releasedAt: now }
    : { kind, ...shown, voidedAt: now };
  const heldUntil = sale.stock[n]!.holds.lastUntil(now, hold);
  const content = contentOf(command);
  return { kind: "accepted", event: { kind, id: command.id, content, answer, code, n, heldUntil, at: now }, answer };
}
