/** Is every answer about a sale a row, and nothing handed out twice? */
import type { Database } from "../database.ts";
import type { SaleLoad, SaleMeasured } from "./load.ts";

/** One measurement on a sale of its own. */
export interface SaleRun {
  readonly title: string;
  readonly database: Database;
  /** The sale's number. */
  readonly sale: number;
  readonly load: SaleLoad;
  readonly measured: SaleMeasured;
}

/** Items that one user may buy. */
const LIMIT = 10;

/** `counted`: what the sale's own row says; null where a rival keeps no such count. */
const ROWS = `select
  (select sold from sales where id = $1) as counted,
  (select count(*)::integer from items where sale_id = $1 and sold) as sold,
  (select count(*)::integer from purchases where sale_id = $1) as purchases,
  (select count(distinct n)::integer from purchases where sale_id = $1) as bought_items,
  (select coalesce(max(c), 0)::integer from (
    select count(*) c from purchases where sale_id = $1 group by user_id) b) as most_of_one,
  (select count(*)::integer from holds where sale_id = $1) as holds,
  (select count(*)::integer from attempts where sale_id = $1) as attempts,
  (select count(*)::integer from attempts where sale_id = $1 and outcome = 'ok') as ok_attempts,
  (select count(*)::integer from purchases p where sale_id = $1 and not exists (
    select from holds h where h.sale_id = $1 and h.code = p.code and h.n = p.n and h.user_id = p.user_id
  )) as unheld`;

/** Compares the answers of one measurement with the rows of its sale; returns what is wrong. */
export async function auditSale({ title, database, sale, load, measured }: SaleRun): Promise<string[]> {
  const { rows: [row] } = await database.client.query(ROWS, [sale]);
  const { told: { held, bought, unavailable, limited, strange }, lost, run } = measured;
  const wrong: string[] = [];
  const same = (what: string, told: number, stored: number) => {
    if (told !== stored) wrong.push(`${title} (${run}, sale ${sale}): ${what}: ${told}, but ${stored}`);
  };
  same("requests without an answer", lost, 0);
  same("answers that no such load should get", strange, 0);
  same("purchases answered, and stored", bought, row.purchases);
  same("items sold, and purchases", row.sold, row.purchases);
  same("items bought, and purchases", row.bought_items, row.purchases);
  same("purchases without their hold", row.unheld, 0);
  same("checkouts answered 200, and holds", held, row.holds);
  same("checkouts answered 200, and attempts that are ok", held, row.ok_attempts);
  same("checkouts answered, and attempts", held + unavailable + limited, row.attempts);
  if (database.name === "ours") same("the sale's own count, and purchases", row.counted, row.purchases);
  if (load.buys && load.checkouts >= load.items) same("items of a sale that sold out, and sold", load.items, row.sold);
  if (row.most_of_one > LIMIT) same("the most that one user may buy, and has", LIMIT, row.most_of_one);
  return wrong;
}
