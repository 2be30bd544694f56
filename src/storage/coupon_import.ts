/** How do coupons that someone has named come in by the thousand? Each batch is one commit; what is there stays as it is. */
import type { NamedCoupon } from "../domain/coupon.ts";
import { sameTerms, storedTerms, TERMS_COLUMNS, TERMS_VALUES } from "./coupon_terms.ts";
import { retried } from "./db_errors.ts";
import { DURABLE, type Row, type Sql } from "./sql.ts";

/** What became of one: made just now; there already with the same name and terms; there otherwise. */
export type ImportOutcome = "made" | "same" | "other";

const ROWS = `r as materialized (
  select fold, terms ->> 'name' name, ${TERMS_VALUES} from jsonb_to_recordset($1::jsonb) r(fold text, terms jsonb)
)`;

// In the folds' order, as bulk jobs do: no two writers wait for each other in a ring.
const INSERT = `with ${ROWS}
insert into coupons (fold, name, created_at, updated_at, ${TERMS_COLUMNS})
select fold, name, date_trunc('milliseconds', now()), date_trunc('milliseconds', now()), ${TERMS_COLUMNS} from r
where ${DURABLE}
order by fold collate "C"
on conflict (fold) do nothing
returning fold`;

const SAME = `with ${ROWS}
select r.fold from r join coupons c on c.fold = r.fold where c.name = r.name and ${sameTerms("c", "r")}`;

export class CouponImport {
  constructor(readonly sql: Sql) {}

  /**
   * Makes those that are not there, all in one commit.
   *
   * @param coupons no two of one fold
   * @returns what became of each, by its fold
   * @throws Fault `storage_unavailable` where that is not known; the same again completes it
   */
  async add(coupons: readonly NamedCoupon[]): Promise<Map<string, ImportOutcome>> {
    const outcomes = new Map<string, ImportOutcome>(coupons.map(({ fold }) => [fold, "other"]));
    for (const [fold] of await this.#run(INSERT, coupons)) outcomes.set(fold as string, "made");
    const left = coupons.filter(({ fold }) => outcomes.get(fold) === "other");
    if (left.length > 0) { for (const [fold] of await this.#run(SAME, left)) outcomes.set(fold as string, "same"); }
    return outcomes;
  }

  #run(text: string, coupons: readonly NamedCoupon[]): Promise<Row[]> {
    const rows = coupons.map(({ fold, terms }) => ({ fold, terms: storedTerms(terms) }));
    return retried(this.sql, "Cannot import coupons", text, [JSON.stringify(rows)]);
  }
}
