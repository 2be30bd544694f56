/**
 * What does a sale's actor know? Look-ups by code, item and user, changed by events as they happen, or filled from
 * stored rows when the actor is activated; either way leads to the same decisions.
 */
import { type Hold, LiveHolds } from "./live_holds.ts";
import { HOUR_MS, saleKeyOf, startsAtOf } from "./sale_ids.ts";
import { checkoutContent, purchaseContent, type SaleEvent, type SaleView } from "./sale_kind.ts";
import { SplitMap } from "./split_map.ts";

/** An item that was held at least once. */
export interface Item {
  /** The hold that it was bought with. */
  soldBy: Hold | undefined;
  readonly holds: LiveHolds;
}

/** A user who held an item at least once. */
export interface Buyer {
  /** Purchases that were not voided. */
  bought: number;
  /** Which slots they take; from 1. */
  readonly slots: boolean[];
  /** The lowest slot that none takes. */
  freeSlot: number;
  readonly holds: LiveHolds;
  /** The last hold of an item; it may be past. */
  readonly byItem: Map<number, Hold>;
}

/** A sale's state in its actor. */
export interface Sale {
  readonly key: string;
  readonly number: number;
  /** Items in all. */
  readonly items: number;
  readonly startsAt: number;
  readonly endsAt: number;
  paused: boolean;
  /** Items sold. */
  sold: number;
  /** The number of the last stored attempt; the first is 1. */
  attempts: number;
  readonly createdAt: number;
  updatedAt: number;
  /** All there ever were, by code: a past one's is not unknown. */
  readonly holds: SplitMap<Hold>;
  /** By item number; from 1. */
  readonly stock: (Item | undefined)[];
  readonly buyers: SplitMap<Buyer>;
  /** Of accepted commands that may come again: id -> content. */
  readonly keys: SplitMap<string>;
}

/** A sale's own row: all that its holds and purchases do not tell. */
export interface SaleRow {
  readonly number: number;
  readonly items: number;
  readonly paused: boolean;
  readonly attempts: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * A stored hold. `ended`: it was given back, or its purchase was voided; one that only expired is not, and of one with
 * a purchase it makes no difference.
 */
export type HoldRow = Readonly<Omit<Hold, "slot">>;

/** A sale without holds, purchases and keys: what {@linkcode addHold} and its like fill, in pages of any size. */
export function emptySale(row: SaleRow): Sale {
  const { number, items, paused, attempts, createdAt, updatedAt } = row;
  const startsAt = startsAtOf(number);
  return {
    key: saleKeyOf(number),
    number,
    items,
    startsAt,
    endsAt: startsAt + HOUR_MS,
    paused,
    sold: 0,
    attempts,
    createdAt,
    updatedAt,
    holds: new SplitMap(),
    stock: new Array(items + 1),
    buyers: new SplitMap(),
    keys: new SplitMap(),
  };
}

/** The sale as it is shown to its maker. */
export function viewOf(sale: Sale): SaleView {
  const { key, number, items, startsAt, endsAt, paused, sold, createdAt, updatedAt } = sale;
  return { key, number, items, startsAt, endsAt, paused, sold, createdAt, updatedAt };
}

/** Adds a stored hold, each once, in any order. */
export function addHold(sale: Sale, row: HoldRow): void {
  const { code, n, userId, expiresAt, ended } = row;
  const hold: Hold = { code, n, userId, expiresAt, ended, slot: 0 };
  sale.holds.set(code, hold);
  const item = itemOf(sale, n);
  const buyer = buyerOf(sale, userId);
  if (ended) return;
  item.holds.add(hold);
  buyer.holds.add(hold);
  const other = buyer.byItem.get(n);
  if (other === undefined || other.expiresAt <= expiresAt) buyer.byItem.set(n, hold);
}

/**
 * Adds a stored purchase, each once, in any order, after its hold.
 *
 * @param slot which of the user's purchases it is, from 1
 * @throws TypeError where there is no hold with its code
 */
export function addPurchase(sale: Sale, code: string, slot: number): void {
  const hold = holdOf(sale, code);
  if (!hold.ended) end(sale, hold);
  hold.slot = slot;
  itemOf(sale, hold.n).soldBy = hold;
  sale.sold++;
  const buyer = buyerOf(sale, hold.userId);
  buyer.bought++;
  buyer.slots[slot] = true;
  while (buyer.slots[buyer.freeSlot]) buyer.freeSlot++;
}

/** Adds the id of an accepted command that may come again. */
export function addKey(sale: Sale, id: string, content: string): void {
  sale.keys.set(id, content);
}

/**
 * What the sale is after an event: the same object changed, or a new one after `opened`.
 *
 * @throws TypeError where no decision on this state can have made the event
 */
export function evolve(sale: Sale | undefined, event: SaleEvent): Sale {
  if (event.kind === "opened") {
    if (sale !== undefined) throw new TypeError(`Cannot open a sale twice: ${sale.key}`);
    const opened = emptySale({ ...event.answer.sale, attempts: 0 });
    addKey(opened, event.id, event.content);
    return opened;
  }
  if (sale === undefined) throw new TypeError(`Cannot evolve a sale that was not opened: received ${event.kind}`);
  switch (event.kind) {
    case "attempted":
      sale.attempts = event.seq;
      if (event.receipt !== undefined) addKey(sale, event.id, event.receipt.content);
      return sale;
    case "held": {
      const { code, n, userId, expiresAt } = event;
      sale.attempts = event.seq;
      forgetPast(sale, n, userId, event.at);
      addHold(sale, { code, n, userId, expiresAt, ended: false });
      if (event.keyed) addKey(sale, event.id, checkoutContent(n, userId));
      return sale;
    }
    case "purchased":
      addPurchase(sale, event.code, event.slot);
      if (event.keyed) addKey(sale, event.id, purchaseContent(event.code));
      return sale;
    case "edited":
      sale.paused = event.answer.sale.paused;
      sale.updatedAt = event.answer.sale.updatedAt;
      break;
    case "released":
      end(sale, holdOf(sale, event.code));
      break;
    case "voided":
      takeBack(sale, holdOf(sale, event.code));
  }
  addKey(sale, event.id, event.content);
  return sale;
}

function itemOf(sale: Sale, n: number): Item {
  return sale.stock[n] ??= { soldBy: undefined, holds: new LiveHolds() };
}

function buyerOf(sale: Sale, userId: string): Buyer {
  let buyer = sale.buyers.get(userId);
  if (buyer === undefined) {
    buyer = { bought: 0, slots: [], freeSlot: 1, holds: new LiveHolds(), byItem: new Map() };
    sale.buyers.set(userId, buyer);
  }
  return buyer;
}

function holdOf(sale: Sale, code: string): Hold {
  const hold = sale.holds.get(code);
  if (hold === undefined) throw new TypeError(`Cannot find a hold of ${sale.key} by its code`);
  return hold;
}

/** Ends a hold that has not. */
function end(sale: Sale, hold: Hold): void {
  const buyer = buyerOf(sale, hold.userId);
  hold.ended = true;
  itemOf(sale, hold.n).holds.noteEnded();
  buyer.holds.noteEnded();
  if (buyer.byItem.get(hold.n) === hold) buyer.byItem.delete(hold.n);
}

/** Undoes the purchase made with a hold; the hold stays ended. */
function takeBack(sale: Sale, hold: Hold): void {
  const buyer = buyerOf(sale, hold.userId);
  buyer.bought--;
  buyer.slots[hold.slot] = false;
  buyer.freeSlot = Math.min(buyer.freeSlot, hold.slot);
  hold.slot = 0;
  itemOf(sale, hold.n).soldBy = undefined;
  sale.sold--;
}

/** Lets go of an item's and a user's holds that are past, so that looking at the rest stays cheap. */
function forgetPast(sale: Sale, n: number, userId: string, now: number): void {
  const item = itemOf(sale, n);
  while (item.holds.takePast(now) !== undefined);
  const buyer = buyerOf(sale, userId);
  for (let past = buyer.holds.takePast(now); past !== undefined; past = buyer.holds.takePast(now)) {
    if (buyer.byItem.get(past.n) === past) buyer.byItem.delete(past.n);
  }
}
