/** How do old attempts go? A sale's are as a rule a partition of their own, dropped whole. */
import type { SaleSettings } from "../domain/sale.ts";
import { saleKeyOf } from "../domain/sale_ids.ts";
import { type Sql, SqlError } from "./sql.ts";
import { repeatable } from "./trouble.ts";

/** Someone held the partition for too long. */
const LOCK_NOT_AVAILABLE = "55P03";

// A partition that was emptied, but not dropped, is left alone: its sale may yet sell.
const OLD = `select s.id, $2::boolean or s.sold = s.items from sales s
where s.ends_at < to_timestamp($1::bigint / 1000::float8) and (
  ($2::boolean or s.sold = s.items) and to_regclass('attempts_' || s.id) is not null
  or exists (select from attempts a where a.sale_id = s.id))
order by s.id`;
const DROP = "select drop_attempts($1::integer, $2::boolean)";

/** Attempts by age. */
export class AttemptPartitions {
  constructor(readonly sql: Sql, readonly closes: SaleSettings["closes"]) {}

  /**
   * Drops the attempts of all sales that ended before a time, in milliseconds since the epoch.
   *
   * @returns the keys of the sales whose attempts were dropped by this call; those in use are left for the next
   * @throws Fault `storage_unavailable` where Postgres does not answer; some may have been dropped
   */
  async dropAttempts(beforeMs: number): Promise<string[]> {
    const params = [Math.floor(beforeMs), this.closes === "at_end"];
    const old = await repeatable("Cannot find old attempts", () => this.sql.query(OLD, params));
    const dropped: string[] = [];
    for (const [number, whole] of old) {
      if (await this.#drop(number as number, whole as boolean)) dropped.push(saleKeyOf(number as number));
    }
    return dropped;
  }

  async #drop(number: number, whole: boolean): Promise<boolean> {
    try {
      await repeatable("Cannot drop attempts", () => this.sql.query(DROP, [number, whole]));
      return true;
    } catch (error) {
      const { cause } = error as Error;
      if (cause instanceof SqlError && cause.sqlstate === LOCK_NOT_AVAILABLE) return false;
      throw error;
    }
  }
}
