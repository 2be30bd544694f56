/** How are counters and rows read side by side? From Postgres, each look one statement, true of one moment. */
import type {
  AttemptCount,
  AuditPage,
  AuditRows,
  BuyerMisfit,
  CouponCount,
  HoldMisfit,
  ItemMisfit,
  LedgerMisfit,
  SaleCount,
  Stray,
} from "../ports/mod.ts";
import type { SaleSettings } from "../domain/sale.ts";
import { ATTEMPTS_PAGE, AUDIT_STATEMENTS, CLAIMS_PAGE, FEW_CLAIMS } from "./audit_sql.ts";
import type { Row, Sql } from "./sql.ts";
import { retryOnLostConnection } from "./db_errors.ts";

const BELOW_ALL = -2_147_483_648;
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

/** What the server's settings say about old sales. */
export interface AuditSettings {
  readonly saleCloses: SaleSettings["closes"];
  /** Age at which a sale's attempts are dropped, in milliseconds. */
  readonly keepAttemptsMs: number;
}

/** What an audit reads, over a database. */
export class PostgresAuditRows implements AuditRows {
  constructor(readonly sql: Sql, readonly settings: AuditSettings) {}

  async coupons(afterId: number): Promise<CouponCount[]> {
    return (await this.#read("audit_coupons", [afterId])).map((row) => couponOf(row, FEW_CLAIMS));
  }

  async claims(id: number, afterSeq: number): Promise<CouponCount | undefined> {
    const [row] = await this.#read("audit_claims", [id, afterSeq]);
    return row === undefined ? undefined : couponOf(row, afterSeq + CLAIMS_PAGE);
  }

  async strayClaims(afterId: number): Promise<AuditPage<Stray, number>> {
    const rows = await this.#read("audit_stray_claims", [afterId]);
    const data = rows.filter(([, id]) => id !== null).map(([, id, rows]) => ({ table: "claims", id, rows }) as Stray);
    return { data, next: rows[0]![0] as number | null ?? undefined };
  }

  async ledgerMisfits(after: string = `${BELOW_ALL} ${BEFORE_ALL} false`): Promise<AuditPage<LedgerMisfit, string>> {
    const rows = await this.#read("audit_ledger", after.split(" "));
    return pageOf(rows, ([, couponId, claimId, isVoid, userId, amount, other, isHeld]) => {
      return { couponId, claimId, isVoid, userId, amount, other, isHeld } as LedgerMisfit;
    });
  }

  async sales(below: number, recent: boolean): Promise<{ number: number; items: number }[]> {
    const rows = await this.#read("audit_sales", [below, recent, this.settings.saleCloses === "at_end"]);
    return rows.map(([number, items]) => ({ number: number as number, items: items as number }));
  }

  async saleCount(number: number, from: number, to: number): Promise<SaleCount | undefined> {
    const [row] = await this.#read("audit_sale", [number, from, to]);
    if (row === undefined) return undefined;
    const [items, sold, mark, numbered, others, itemsSold, purchases] = row;
    return { items, sold, mark, numbered, others, itemsSold, purchases } as SaleCount;
  }

  async itemMisfits(number: number, from: number, to: number): Promise<ItemMisfit[]> {
    const rows = await this.#read("audit_items", [number, from, to]);
    return rows.map(([n, sold, isBought, isHeld]) => ({ n, sold, isBought, isHeld }) as ItemMisfit);
  }

  async holdMisfits(number: number, after: string = BEFORE_ALL): Promise<AuditPage<HoldMisfit, string>> {
    const rows = await this.#read("audit_holds", [number, after]);
    return pageOf(rows, ([, code, n, hasItem]) => ({ code, n, hasItem }) as HoldMisfit);
  }

  async buyerMisfits(number: number, after: string = ""): Promise<AuditPage<BuyerMisfit, string>> {
    const rows = await this.#read("audit_buyers", [number, after]);
    return pageOf(rows, ([, userId, purchases, slots, slotTop, slotMax]) => {
      return { userId, purchases, slots, slotTop, slotMax } as BuyerMisfit;
    });
  }

  async attempts(number: number, afterSeq: number): Promise<AttemptCount | undefined> {
    const [row] = await this.#read("audit_attempts", [number, afterSeq, this.settings.keepAttemptsMs]);
    if (row === undefined) return undefined;
    const [attempts, mayBeDropped, isUnpartitioned, rows, firstSeq, lastSeq] = row;
    const next = nextOf(attempts, afterSeq + ATTEMPTS_PAGE);
    return { attempts, mayBeDropped, isUnpartitioned, rows, firstSeq, lastSeq, next } as AttemptCount;
  }

  async straySaleRows(): Promise<Stray[]> {
    const rows = await this.#read("audit_stray_sale_rows", []);
    const strays = rows.map(([table, id, rows]) => ({ table, id, rows }) as Stray);
    for (const [number] of await this.#read("audit_stray_partitions", [])) {
      const [count] = await this.#read("audit_stray_attempts", [number]);
      strays.push({ table: "attempts", id: number as number, rows: count![0] as number });
    }
    return strays;
  }

  #read(name: keyof typeof AUDIT_STATEMENTS, params: unknown[]): Promise<Row[]> {
    return retryOnLostConnection("Cannot audit", () => this.sql.query(AUDIT_STATEMENTS[name], params, name));
  }
}

function nextOf(counter: unknown, upTo: number): number | undefined {
  return counter as number > upTo ? upTo : undefined;
}

/** @param upTo the highest number that was read, unless it is the last page */
function couponOf(row: Row, upTo: number): CouponCount {
  const [id, name, amount, remaining, seq, mark, claims, numbers, lastSeq, uncredited] = row;
  const counters = { id, name, amount, remaining, seq, mark };
  return { ...counters, claims, numbers, lastSeq, uncredited, next: nextOf(seq, upTo) } as CouponCount;
}

/** A page whose rows each begin with the key of its last one; the rest of a row is null where there is no misfit. */
function pageOf<T>(rows: readonly Row[], misfitOf: (row: Row) => T): AuditPage<T, string> {
  const data = rows.filter((row) => row[1] !== null).map(misfitOf);
  return { data, next: rows[0]![0] as string | null ?? undefined };
}
