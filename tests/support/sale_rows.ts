/** Which rows do a sale's events leave, and what does an activation make of them? The least that a store must keep. */
import {
  addHold,
  addKey,
  addPurchase,
  checkoutContent,
  emptySale,
  type HoldRow,
  purchaseContent,
  type Sale,
  type SaleEvent,
  type SaleRow,
} from "../../src/domain/sale.ts";

/** The rows of one sale, folded from its events. */
export class SaleRows {
  row: SaleRow | undefined;
  readonly holds = new Map<string, HoldRow>();
  /** Slots by code. */
  readonly purchases = new Map<string, number>();
  /** Contents by id. */
  readonly keys = new Map<string, string>();

  /** Stores an event. */
  store(event: SaleEvent): void {
    switch (event.kind) {
      case "opened":
      case "edited":
        this.row = { attempts: 0, ...this.row, ...event.answer.sale };
        this.keys.set(event.id, event.content);
        break;
      case "attempted":
        this.row = { ...this.row!, attempts: event.seq };
        if (event.receipt !== undefined) this.keys.set(event.id, event.receipt.content);
        break;
      case "held": {
        const { code, n, userId, expiresAt } = event;
        this.row = { ...this.row!, attempts: event.seq };
        this.holds.set(code, { code, n, userId, expiresAt, ended: false });
        if (event.keyed) this.keys.set(event.id, checkoutContent(n, userId));
        break;
      }
      case "purchased":
        this.purchases.set(event.code, event.slot);
        if (event.keyed) this.keys.set(event.id, purchaseContent(event.code));
        break;
      case "released":
      case "voided":
        this.purchases.delete(event.code);
        this.holds.set(event.code, { ...this.holds.get(event.code)!, ended: true });
        this.keys.set(event.id, event.content);
    }
  }

  /** The sale as an activation reads it, the rows of each kind in an order of the caller's. */
  rebuild(order: <Row>(rows: Row[]) => Row[] = (rows) => rows): Sale {
    const { number, items, paused, attempts, createdAt, updatedAt } = this.row!;
    const sale = emptySale({ number, items, paused, attempts, createdAt, updatedAt });
    for (const hold of order([...this.holds.values()])) addHold(sale, hold);
    for (const [code, slot] of order([...this.purchases])) addPurchase(sale, code, slot);
    for (const [id, content] of order([...this.keys])) addKey(sale, id, content);
    return sale;
  }
}
