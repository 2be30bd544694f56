/** What does a sale's actor know, and how does it change? Look-ups by code, by item and by user, none of them scanned. */
import type { SaleTerms } from "./sale.ts";

/** A checkout of an item. */
export interface Hold {
  readonly secret: string;
  readonly n: number;
  readonly userId: string;
  /** First millisecond at which it is not live any more. */
  expiresAt: number;
  /** Which of its user's purchases it became, from 1; 0 while it is none. */
  slot: number;
}

/** An item that someone holds or bought. */
interface Item {
  /** The hold by which it was bought. */
  sold: Hold | undefined;
  /** The last hold of each user; those that ended are dropped when others come. */
  readonly holds: Map<string, Hold>;
}

/** A user who holds or bought something. */
interface Buyer {
  readonly slots: Set<number>;
  /** Holds that may be live; those that ended are dropped when they are counted. */
  readonly holds: Set<Hold>;
}

/** A sale in its actor. */
export class Sale {
  readonly number: number;
  readonly items: number;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdAt: number;
  sold: number;
  paused: boolean;
  updatedAt: number;
  /** Of accepted commands that may come again: id -> content. */
  readonly keys = new Map<string, string>();
  readonly #holds = new Map<string, Hold>();
  readonly #items = new Map<number, Item>();
  readonly #buyers = new Map<string, Buyer>();

  /** @param attempts the number of the last stored attempt */
  constructor(terms: SaleTerms, public attempts: number) {
    ({
      number: this.number,
      items: this.items,
      startsAt: this.startsAt,
      endsAt: this.endsAt,
      createdAt: this.createdAt,
      sold: this.sold,
      paused: this.paused,
      updatedAt: this.updatedAt,
    } = terms);
  }

  /** The hold of a code, whether live or not. */
  hold(secret: string): Hold | undefined {
    return this.#holds.get(secret);
  }

  /** Whether an item is sold. */
  isSold(n: number): boolean {
    return this.#items.get(n)?.sold !== undefined;
  }

  /** A user's own live hold of an item that is not sold. */
  liveHold(n: number, userId: string, now: number): Hold | undefined {
    const item = this.#items.get(n);
    const hold = item?.sold === undefined ? item?.holds.get(userId) : undefined;
    return hold !== undefined && now < hold.expiresAt ? hold : undefined;
  }

  /** When the last hold of an item ends that is not this one and may be live; 0 where there is none. */
  heldUntil(n: number, now: number, but?: Hold): number {
    const holds = this.#items.get(n)?.holds;
    let until = 0;
    for (const hold of holds?.values() ?? []) {
      if (now >= hold.expiresAt) holds!.delete(hold.userId);
      else if (hold !== but && hold.expiresAt > until) until = hold.expiresAt;
    }
    return until;
  }

  /** How much a user has bought. */
  boughtBy(userId: string): number {
    return this.#buyers.get(userId)?.slots.size ?? 0;
  }

  /** How many live holds a user has on items that are not bought by them. */
  liveHoldsOf(userId: string, now: number): number {
    const holds = this.#buyers.get(userId)?.holds;
    if (holds === undefined) return 0;
    for (const hold of holds) if (now >= hold.expiresAt) holds.delete(hold);
    return holds.size;
  }

  /** The lowest number, from 1, that none of a user's purchases has. */
  freeSlot(userId: string): number {
    const slots = this.#buyers.get(userId)?.slots;
    let slot = 1;
    while (slots?.has(slot)) slot++;
    return slot;
  }

  /** Takes up a hold; of a user's holds of one item the one that ends last is theirs. */
  addHold(hold: Hold): void {
    this.#holds.set(hold.secret, hold);
    const item = this.#item(hold.n);
    const former = item.holds.get(hold.userId);
    if (former === undefined || former.expiresAt <= hold.expiresAt) item.holds.set(hold.userId, hold);
    this.#buyer(hold.userId).holds.add(hold);
  }

  /** Makes a hold a purchase. */
  addPurchase(secret: string, slot: number): void {
    const hold = this.#known(secret);
    hold.slot = slot;
    this.#item(hold.n).sold = hold;
    const buyer = this.#buyer(hold.userId);
    buyer.holds.delete(hold);
    buyer.slots.add(slot);
  }

  /** Ends a hold, and takes back the purchase that it became. */
  endHold(secret: string, at: number): void {
    const hold = this.#known(secret);
    const item = this.#item(hold.n);
    const buyer = this.#buyer(hold.userId);
    hold.expiresAt = Math.min(hold.expiresAt, at);
    buyer.holds.delete(hold);
    if (item.holds.get(hold.userId) === hold) item.holds.delete(hold.userId);
    if (hold.slot === 0) return;
    buyer.slots.delete(hold.slot);
    hold.slot = 0;
    item.sold = undefined;
  }

  #known(secret: string): Hold {
    const hold = this.#holds.get(secret);
    if (hold === undefined) throw new TypeError(`Cannot change a hold as no decision made it: received ${secret}`);
    return hold;
  }

  #item(n: number): Item {
    let item = this.#items.get(n);
    if (item === undefined) this.#items.set(n, item = { sold: undefined, holds: new Map() });
    return item;
  }

  #buyer(userId: string): Buyer {
    let buyer = this.#buyers.get(userId);
    if (buyer === undefined) this.#buyers.set(userId, buyer = { slots: new Set(), holds: new Set() });
    return buyer;
  }
}
