/** Which rows does a sale's turn come to? However many events, at most one write per row. */
import { formatCode, itemIdOf, saleKeyOf } from "../domain/sale_ids.ts";
import { purchaseContent, type SaleAnswer, type SaleEvent, type SaleView } from "../domain/sale.ts";

type EventOf<Kind extends SaleEvent["kind"]> = Extract<SaleEvent, { kind: Kind }>;

/** A stored checkout attempt. */
export interface AttemptRow {
  readonly seq: number;
  readonly userId: string;
  /** The item that was wanted; there may be none. */
  readonly n: number;
  /** `ok`, or the refusal. */
  readonly outcome: string;
}

export interface NewHold {
  readonly event: EventOf<"held">;
  /** Whether it ended in the turn that made it. */
  ended: boolean;
}

/** What becomes of an item. */
export interface ItemRow {
  /** Undefined: as it is. */
  sold: boolean | undefined;
  /** When its last live hold ends; undefined: as it is. */
  heldUntil: number | undefined;
}

export interface SaleReceiptRow {
  readonly id: string;
  readonly content: string;
  readonly answer: SaleAnswer;
}

/** What a turn writes. */
export interface SaleRows {
  /** When the turn was decided, in milliseconds since the epoch. */
  readonly at: number;
  /** Items sold less those that came back. */
  sold: number;
  readonly attempts: AttemptRow[];
  readonly holds: NewHold[];
  /** Codes of stored holds that end. */
  readonly ended: string[];
  /** By their numbers. */
  readonly items: Map<number, ItemRow>;
  /** By their items' numbers. */
  readonly purchases: Map<number, EventOf<"purchased">>;
  /** Items whose stored purchase is voided. */
  readonly voided: number[];
  readonly receipts: SaleReceiptRow[];
  /** When the last hold on an item that was held in the turn ends; undefined where none was. */
  heldUntil: number | undefined;
  /** What the last edit made of it. */
  edited: SaleView | undefined;
}

/** Folds a turn's events, at least one, in their order. @param number the sale's */
export function saleRows(number: number, events: readonly SaleEvent[]): SaleRows {
  const rows: SaleRows = {
    at: events[0]!.at,
    sold: 0,
    attempts: [],
    holds: [],
    ended: [],
    items: new Map(),
    purchases: new Map(),
    voided: [],
    receipts: [],
    heldUntil: undefined,
    edited: undefined,
  };
  for (const event of events) fold(number, rows, event);
  return rows;
}

function itemOf(rows: SaleRows, n: number): ItemRow {
  let item = rows.items.get(n);
  if (item === undefined) rows.items.set(n, item = { sold: undefined, heldUntil: undefined });
  return item;
}

function fold(number: number, rows: SaleRows, event: SaleEvent): void {
  switch (event.kind) {
    case "attempted": {
      const { id, receipt } = event;
      rows.attempts.push(event);
      if (receipt !== undefined) rows.receipts.push({ id, ...receipt });
      return;
    }
    case "held":
      rows.attempts.push({ ...event, outcome: "ok" });
      rows.holds.push({ event, ended: false });
      itemOf(rows, event.n).heldUntil = event.heldUntil;
      rows.heldUntil = Math.max(rows.heldUntil ?? 0, event.heldUntil);
      return;
    case "purchased":
      rows.sold++;
      rows.purchases.set(event.n, event);
      itemOf(rows, event.n).sold = true;
      return;
    case "released":
    case "voided":
      giveBack(number, rows, event);
      break;
    case "opened":
    case "edited":
      rows.edited = event.answer.sale;
  }
  const { id, content, answer } = event;
  rows.receipts.push({ id, content, answer });
}

function giveBack(number: number, rows: SaleRows, { kind, code, n, heldUntil }: EventOf<"released" | "voided">): void {
  const made = rows.holds.find(({ event }) => event.code === code);
  if (made === undefined) rows.ended.push(code);
  else made.ended = true;
  const item = itemOf(rows, n);
  item.heldUntil = heldUntil;
  if (kind === "released") return;
  item.sold = false;
  rows.sold--;
  const purchase = rows.purchases.get(n);
  if (purchase === undefined) {
    rows.voided.push(n);
    return;
  }
  // A purchase that came and went within the turn leaves its receipt alone.
  rows.purchases.delete(n);
  const { id, userId, at } = purchase;
  const shown = { code: formatCode(saleKeyOf(number), code), itemId: itemIdOf(number, n), userId };
  rows.receipts.push({ id, content: purchaseContent(code), answer: { kind: "purchased", ...shown, purchasedAt: at } });
}
