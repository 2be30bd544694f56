/**
 * How do sales come into memory? One statement raises the epoch and names the holder; others, each with a snapshot of
 * its own, read the holds and purchases in pages, with the epoch: where it moved, what was read is not ours.
 */
import { Fenced, type LoadedActor } from "../ports/mod.ts";
import {
  addHold,
  addKey,
  addPurchase,
  checkoutContent,
  emptySale,
  purchaseContent,
  type Sale,
} from "../domain/sale.ts";
import { answersSince } from "./batch.ts";
import { codeOf } from "./sale_batch.ts";
import { retried } from "./db_errors.ts";
import { DURABLE, ms, type Row, SEPARATOR, type Sql } from "./sql.ts";

/** Holds in a page. */
const PAGE = 5_000;
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

const RAISE = `update sales set epoch = epoch + 1, holder = $2 where id = $1 and ${DURABLE}
returning epoch, turn, items, attempts, paused, ${ms("created_at")}, ${ms("updated_at")}`;

const column = (expression: string) => `string_agg((${expression})::text, e'\\x1f' order by k.code)`;

const READ_PAGE = `select (select epoch from sales where id = $1), count(*)::integer,
  ${column("k.code")}, ${column("k.n")}, ${column("coalesce(k.slot, 0)")}, ${column("k.user_id")},
  ${column(ms("k.expires_at"))}, ${column("k.ended_at is not null")},
  ${column("case when k.keyed then k.id::text else '' end")},
  ${column("case when k.bought_keyed then k.bought_id::text else '' end")},
  case when $2::uuid = '${BEFORE_ALL}' then (
    select string_agg(id || ' ' || content, e'\\x1f') from sale_receipts
    where sale_id = $1 and at > to_timestamp($3::bigint / 1000e0)
  ) end
from (
  select h.*, p.slot, p.keyed bought_keyed, p.id bought_id from holds h
  left join purchases p on p.sale_id = h.sale_id and p.n = h.n and p.code = h.code
  where h.sale_id = $1 and h.code > $2 order by h.code limit ${PAGE}
) k`;

export class SaleActivator {
  /** @param holder this node, as its sales' rows name it */
  constructor(readonly sql: Sql, readonly holder: string) {}

  /** Activates the sale of a number. As {@linkcode Store.activate}. */
  async activate(number: number, now: number): Promise<LoadedActor<Sale> | undefined> {
    const [row] = await retried(this.sql, "Cannot activate", RAISE, [number, this.holder], "raise_sale");
    if (row === undefined) return undefined;
    const [epoch, turn] = row as [number, number];
    const sale = saleOf(number, row);
    let last = BEFORE_ALL;
    for (let count = PAGE; count === PAGE;) {
      const params = [number, last, answersSince(now)];
      const [page] = await retried(this.sql, "Cannot activate", READ_PAGE, params, "read_sale_page");
      if (page![0] !== epoch) throw new Fenced("Another owner raised the epoch while the sale was read");
      count = page![1] as number;
      last = addPage(sale, page!) ?? last;
    }
    return { handle: { id: number, epoch, lane: number }, turn, state: sale };
  }
}

function saleOf(number: number, row: Row): Sale {
  const [, , items, attempts, paused, createdAt, updatedAt] = row as [
    ...[number, number, number, number, boolean, number, number],
  ];
  return emptySale({ number, items, attempts, paused, createdAt, updatedAt });
}

/** @returns the last code of the page, as it is stored; undefined where the page is empty */
function addPage(sale: Sale, page: Row): string | undefined {
  for (const line of (page[10] as string | null)?.split(SEPARATOR) ?? []) {
    const space = line.indexOf(" ");
    addKey(sale, line.slice(0, space), line.slice(space + 1));
  }
  if (page[1] === 0) return undefined;
  const columns = page.slice(2, 10).map((text) => (text as string).split(SEPARATOR));
  for (let place = 0; place < columns[0]!.length; place++) {
    const [code, n, slot, userId, expiresAt, ended, id, boughtId] = columns.map((column) => column[place]!);
    addHold(sale, {
      code: codeOf(code!),
      n: Number(n),
      userId: userId!,
      expiresAt: Number(expiresAt),
      ended: ended === "true",
    });
    if (slot !== "0") addPurchase(sale, codeOf(code!), Number(slot));
    if (id !== "") addKey(sale, id!, checkoutContent(Number(n), userId!));
    if (boughtId !== "") addKey(sale, boughtId!, purchaseContent(codeOf(code!)));
  }
  return columns[0]!.at(-1);
}
