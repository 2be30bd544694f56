/** How do the turns of sales become the parameters of a journal statement? */
import { Buffer } from "node:buffer";
import type { SaleEvent } from "../domain/sale.ts";
import { arrayText, type Batch, confirmationParams, type Job, split } from "./batch.ts";
import { type SaleRows, saleRows } from "./sale_rows.ts";
import { SALE_STATEMENTS } from "./sale_sql.ts";
import { SEPARATOR } from "./sql.ts";

/** A code's 22 characters as a UUID. */
export function uuidOf(code: string): string {
  return Buffer.from(code, "base64url").toString("hex");
}

/** A UUID as the 22 characters of a code. */
export function codeOf(uuid: string): string {
  return Buffer.from(uuid.replaceAll("-", ""), "hex").toString("base64url");
}

type Column = (string | number)[];

function columns(count: number): Column[] {
  return Array.from({ length: count }, () => []);
}

function add(into: readonly Column[], ...values: (string | number)[]): void {
  for (let place = 0; place < values.length; place++) into[place]!.push(values[place]!);
}

function flag(value: boolean | undefined): string {
  return value === undefined ? "null" : value ? "t" : "f";
}

/** All columns as arrays, but the last one, of user ids, as delimited text. */
function texts(table: readonly Column[]): string[] {
  return [...table.slice(0, -1).map(arrayText), table.at(-1)!.join(SEPARATOR)];
}

/** The rows of all parts, column by column, in the order of the statement's parameters. */
class Tables {
  readonly attempts = columns(5);
  readonly holds = columns(8);
  readonly items = columns(4);
  readonly purchases = columns(8);
  readonly edits: unknown[] = [];
  readonly ended: unknown[] = [];
  readonly voided: unknown[] = [];
  readonly receipts: unknown[] = [];

  /** @param place the part's place in the batch, from 1 */
  add(place: number, rows: SaleRows): void {
    for (const { seq, n, outcome, userId } of rows.attempts) add(this.attempts, place, seq, n, outcome, userId);
    for (const { event: { n, userId, keyed, expiresAt, code, id }, ended } of rows.holds) {
      add(this.holds, place, n, flag(keyed), expiresAt, flag(ended), uuidOf(code), id, userId);
    }
    for (const [n, { sold, heldUntil }] of rows.items) add(this.items, place, n, flag(sold), heldUntil ?? "null");
    for (const [n, { slot, slotMax, keyed, code, id, userId }] of rows.purchases) {
      add(this.purchases, place, n, slot, slotMax, flag(keyed), uuidOf(code), id, userId);
    }
    const { edited } = rows;
    if (edited !== undefined) this.edits.push({ n: place, paused: edited.paused, updatedAt: edited.updatedAt });
    for (const code of rows.ended) this.ended.push({ n: place, code: uuidOf(code) });
    for (const item of rows.voided) this.voided.push({ n: place, item });
    for (const receipt of rows.receipts) this.receipts.push({ n: place, ...receipt });
  }

  get isMixed(): boolean {
    return this.edits.length + this.ended.length + this.voided.length + this.receipts.length > 0;
  }
}

/** Puts the jobs of distinct sales together. */
export function saleBatch(jobs: readonly Job<SaleEvent>[]): Batch<SaleEvent> {
  const { parts, confirmations } = split(jobs);
  const heads = columns(6);
  const heldUntil: Column = [];
  const tables = new Tables();
  let place = 0;
  for (const { handle, part } of parts) {
    const rows = saleRows(handle.id, part!.events);
    tables.add(++place, rows);
    add(heads, handle.id, handle.epoch, part!.turn, rows.sold, rows.attempts.at(-1)?.seq ?? 0, rows.at);
    heldUntil.push(rows.heldUntil ?? "null");
  }
  const { attempts, holds, items, purchases } = tables;
  const params = [
    ...heads.map(arrayText),
    ...texts(attempts),
    ...texts(holds),
    ...items.map(arrayText),
    ...texts(purchases),
    arrayText(heldUntil),
  ];
  if (!tables.isMixed && confirmations.length === 0) {
    return { name: "sales", text: SALE_STATEMENTS.sales, params, parts, confirmations };
  }
  const { edits, ended, voided, receipts } = tables;
  params.push(...confirmationParams(confirmations), JSON.stringify({ edits, ended, voided, receipts }));
  return { name: "sale_turns", text: SALE_STATEMENTS.sale_turns, params, parts, confirmations };
}
