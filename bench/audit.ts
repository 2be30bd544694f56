/** Is every accepted answer a row, and every row counted? */
import type { Book, Run } from "./book.ts";
import type { Database } from "./database.ts";
import { auditSale } from "./sales/audit.ts";

/** What an audit found. */
export interface Audit {
  /** Accepted answers that were compared with rows. */
  readonly accepted: number;
  readonly wrong: readonly string[];
}

const MISCOUNTED = `select c.name, c.amount - c.remaining as counted, coalesce(k.n, 0)::integer as stored
  from coupons c left join (select coupon_id, count(*) n from claims group by 1) k on k.coupon_id = c.id
  where c.amount - c.remaining <> coalesce(k.n, 0) limit 5`;
const BY_RUN = "select split_part(user_id, '_', 1) as run, count(*)::integer as n from claims group by 1";
const BY_COUPON = `select c.name, count(*)::integer as n from claims k join coupons c on c.id = k.coupon_id
  where split_part(k.user_id, '_', 1) = $1 group by 1`;

/** How often coupon `place` of `spread` was asked for by threads that each go round all of them from the first on. */
export function timesAsked(sent: readonly number[], place: number, spread: number): number {
  return sent.reduce((sum, count) => sum + Math.max(0, Math.floor((count - 1 - place) / spread) + 1), 0);
}

async function auditCoupons({ title, database, load: { name, spread }, measured }: Run): Promise<string[]> {
  const { rows } = await database.client.query(BY_COUPON, [measured.run]);
  const stored = new Map<string, number>(rows.map(({ name, n }) => [name, n]));
  const wrong: string[] = [];
  for (let place = 0; place < spread; place++) {
    const asked = timesAsked(measured.sent, place, spread);
    const found = stored.get(`${name}${place}`) ?? 0;
    if (asked !== found) wrong.push(`${title}: ${name}${place}: ${asked} accepted, ${found} stored`);
  }
  return wrong;
}

async function auditDatabase(database: Database, runs: readonly Run[]): Promise<string[]> {
  const { name, client } = database;
  const wrong: string[] = [];
  for (const { name: coupon, counted, stored } of (await client.query(MISCOUNTED)).rows) {
    wrong.push(`${name}: ${coupon} counts ${counted} claims, has ${stored} rows`);
  }
  const { rows } = await client.query(BY_RUN);
  const storedBy = new Map<string, number>(rows.map(({ run, n }) => [run, n]));
  for (const run of runs) {
    const { title, load, measured: { accepted, refused, lost, run: prefix } } = run;
    const stored = storedBy.get(prefix) ?? 0;
    if (lost > 0) wrong.push(`${title} (${prefix}): ${lost} requests without an answer`);
    if (stored !== accepted) wrong.push(`${title} (${prefix}): ${accepted} accepted, ${stored} stored`);
    if (load.spread > 1 && refused === 0 && lost === 0) wrong.push(...await auditCoupons(run));
  }
  return wrong;
}

/** Compares all answers with the rows of their databases. */
export async function audit({ runs, saleRuns }: Book): Promise<Audit> {
  const wrong: string[] = [];
  for (const database of new Set(runs.map(({ database }) => database))) {
    wrong.push(...await auditDatabase(database, runs.filter((run) => run.database === database)));
  }
  for (const run of saleRuns) wrong.push(...await auditSale(run));
  return { accepted: [...runs, ...saleRuns].reduce((sum, { measured }) => sum + measured.accepted, 0), wrong };
}
