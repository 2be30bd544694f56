/** Are all counters their rows? Reads sale by sale and coupon by coupon, and changes nothing. */
import type { AuditReport, Finding, Stray } from "../ports/mod.ts";
import { compareCoupon, ledgerMisfit, lookAtCoupon, strayClaim } from "./coupon_audit.ts";
import { confirmed, saleNameOf } from "./finding.ts";
import type { Pace, Read } from "./pace.ts";
import { SALE_LOOKS } from "./sale_audit.ts";
import { straySaleRow } from "./sale_compare.ts";

/** Findings beyond which an audit goes no further. */
export const FINDINGS_MAX = 1_000;

/** Below every number of a row, and above. */
const BELOW_ALL = -2_147_483_648;
const ABOVE_ALL = 2_147_483_647;

/**
 * Audits every coupon, and every sale that may yet sell or ended lately.
 *
 * @param recent false audits all sales there are
 * @returns what was found; it ends early after {@linkcode FINDINGS_MAX} findings
 * @throws Fault where Postgres cannot be read; AuditStopped where the pace was stopped
 */
export async function audit(pace: Pace, recent: boolean): Promise<AuditReport> {
  const report = new Report(pace);
  await auditSales(report, pace, recent);
  await auditCoupons(report, pace);
  await report.settle("entries of wallets", lookAtLedger);
  return { ...report };
}

class Report {
  coupons = 0;
  sales = 0;
  readonly findings: Finding[] = [];
  readonly busy: string[] = [];
  readonly #pace: Pace;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  get isFull(): boolean {
    return this.findings.length >= FINDINGS_MAX;
  }

  /** Looks at an object until what it finds may be believed. */
  async settle(name: string, look: (read: Read) => Promise<Finding[] | undefined>): Promise<void> {
    if (this.isFull) return;
    const found = await confirmed(this.#pace, look);
    if (found !== undefined) this.findings.push(...found);
    else if (this.busy.at(-1) !== name) this.busy.push(name);
  }
}

async function auditSales(report: Report, pace: Pace, recent: boolean): Promise<void> {
  const strays = (read: Read) => read(async (rows) => (await rows.straySaleRows()).map(straySaleRow));
  await report.settle("rows without a sale", strays);
  for (let below = ABOVE_ALL; !report.isFull;) {
    const sales = await pace.read((rows) => rows.sales(below, recent));
    if (sales.length === 0) return;
    for (const sale of sales) {
      report.sales++;
      for (const look of SALE_LOOKS) await report.settle(saleNameOf(sale.number), (read) => look(read, sale));
    }
    below = sales.at(-1)!.number;
  }
}

async function auditCoupons(report: Report, pace: Pace): Promise<void> {
  await report.settle("claims without a coupon", lookForStrayClaims);
  for (let after = BELOW_ALL; !report.isFull;) {
    const page = await pace.read((rows) => rows.coupons(after));
    if (page.length === 0) return;
    for (const coupon of page) {
      report.coupons++;
      if (coupon.next === undefined && compareCoupon(coupon).length === 0) continue;
      await report.settle(`coupon ${coupon.name}`, (read) => lookAtCoupon(read, coupon.id));
    }
    after = page.at(-1)!.id;
  }
}

async function lookAtLedger(read: Read): Promise<Finding[]> {
  const found: Finding[] = [];
  let after: string | undefined;
  do {
    const from: string | undefined = after;
    const { data, next } = await read((rows) => rows.ledgerMisfits(from));
    found.push(...data.map(ledgerMisfit));
    after = next;
  } while (after !== undefined && found.length < FINDINGS_MAX);
  return found;
}

async function lookForStrayClaims(read: Read): Promise<Finding[]> {
  const found: Stray[] = [];
  for (let after: number | undefined = BELOW_ALL; after !== undefined && found.length < FINDINGS_MAX;) {
    const from: number = after;
    const { data, next } = await read((rows) => rows.strayClaims(from));
    found.push(...data);
    after = next;
  }
  return found.map(strayClaim);
}
