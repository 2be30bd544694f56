/** How are counters and rows read side by side? From Postgres, each look one statement, true of one moment. */
import type { AuditCheck, AuditPage, AuditPlace, AuditRows } from "../ports/mod.ts";
import type { SaleSettings } from "../domain/sale.ts";
import { AUDIT_CHECKS, AUDIT_LISTS } from "./audit_sql.ts";
import { retried } from "./db_errors.ts";
import type { Row, Sql } from "./sql.ts";

/** What the server's settings say about old sales. */
export interface AuditSettings {
  readonly saleCloses: SaleSettings["closes"];
  /** Age at which a sale's attempts are dropped, in milliseconds. */
  readonly keepAttemptsMs: number;
}

export class PostgresAuditRows implements AuditRows {
  constructor(readonly sql: Sql, readonly settings: AuditSettings) {}

  async coupons(afterId: number): Promise<{ id: number; name: string; isSuspect: boolean }[]> {
    const rows = await this.#list("audit_coupons", [afterId]);
    return rows.map(([id, name, isSuspect]) =>
      ({ id, name, isSuspect }) as { id: number; name: string; isSuspect: boolean }
    );
  }

  async sales(below: number, recent: boolean): Promise<{ number: number; name: string }[]> {
    const rows = await this.#list("audit_sales", [below, recent, this.settings.saleCloses === "at_end"]);
    return rows.map(([number, name]) => ({ number, name }) as { number: number; name: string });
  }

  async strayPartitions(): Promise<number[]> {
    return (await this.#list("audit_stray_partitions", [])).map(([number]) => number as number);
  }

  async check(check: AuditCheck, id?: number, place?: AuditPlace): Promise<AuditPage> {
    const name = `audit_${check}` as const;
    const { sql, first } = AUDIT_CHECKS[name];
    const ages = check === "attempts" ? [this.settings.keepAttemptsMs] : [];
    const params = [...id === undefined ? [] : [id], ...place ?? [...first, ...ages]];
    const rows = await retried(this.sql, "Cannot audit", sql, params, name);
    const findings = rows.filter(([, , , counter]) => counter !== null)
      .map(([, , object, counter, says, rows]) => ({ object, counter, says, rows }) as AuditPage["findings"][number]);
    const [moved, next] = rows[0] ?? [];
    return { hasMoved: moved === true, findings, next: typeof next === "string" ? JSON.parse(next) : undefined };
  }

  #list(name: keyof typeof AUDIT_LISTS, params: unknown[]): Promise<Row[]> {
    return retried(this.sql, "Cannot audit", AUDIT_LISTS[name], params, name);
  }
}
