/** How do old attempts go? A sale's are as a rule a partition of their own, dropped whole. */
import { saleKeyOf } from "../domain/sale_ids.ts";
import { retried } from "./db_errors.ts";
import { type Sql, SqlError, time } from "./sql.ts";

/** Someone held the partition for too long. */
const LOCK_NOT_AVAILABLE = "55P03";
/** Rows of the default partition that one statement deletes: how many there are is not bounded, its time is. */
const DELETED_MAX = 50_000;

// Partitions are looked for by their names: to ask the table itself locks every one of them, and the thousands of some
// months are more locks than a server has.
const OLD = `select s.id, to_regclass('attempts_' || s.id) is not null from sales s
where s.ends_at < ${time("$1")} and (to_regclass('attempts_' || s.id) is not null
  or exists (select from attempts_default a where a.sale_id = s.id))
order by s.id`;
// A sale may yet sell: what is attempted from now on goes to the default partition.
const DROP = "select drop_attempts($1::integer, true)";
const DELETE = `with d as (
  delete from attempts_default where ctid = any(array(
    select ctid from attempts_default where sale_id = $1::integer limit $2::integer)) returning 1
) select count(*)::integer from d`;

export class AttemptPartitions {
  /** @param deletedMax as {@linkcode DELETED_MAX} */
  constructor(readonly sql: Sql, readonly deletedMax: number = DELETED_MAX) {}

  /**
   * Drops the attempts of all sales that ended before a time, in milliseconds since the epoch.
   *
   * @param goesOn asked before each statement; where it says no, the rest is left for the next call
   * @returns the keys of the sales whose attempts were dropped by this call; those in use are left for the next
   * @throws Fault `storage_unavailable` where Postgres does not answer, or, once all others were dropped, where it
   * refused one; some may have been dropped
   */
  async dropAttempts(beforeMs: number, goesOn: () => boolean = () => true): Promise<string[]> {
    const old = await retried(this.sql, "Cannot find old attempts", OLD, [Math.floor(beforeMs)]);
    const dropped: string[] = [];
    let refused: unknown;
    for (const [number, isPartition] of old as [number, boolean][]) {
      if (!goesOn()) break;
      try {
        const whole = isPartition ? await this.#drop(number) : await this.#delete(number, goesOn);
        if (whole) dropped.push(saleKeyOf(number));
      } catch (error) {
        const { cause } = error as Error;
        if (!(cause instanceof SqlError)) throw error;
        if (cause.sqlstate !== LOCK_NOT_AVAILABLE) refused ??= error;
      }
    }
    if (refused !== undefined) throw refused;
    return dropped;
  }

  async #drop(number: number): Promise<boolean> {
    await retried(this.sql, "Cannot drop attempts", DROP, [number]);
    return true;
  }

  /** Returns whether it came to the end. */
  async #delete(number: number, goesOn: () => boolean): Promise<boolean> {
    while (goesOn()) {
      const [row] = await retried(this.sql, "Cannot delete attempts", DELETE, [number, this.deletedMax]);
      if (row![0] !== this.deletedMax) return true;
    }
    return false;
  }
}
