/** Compares all counters with their rows, sale by sale and coupon by coupon. Changes nothing. */
import type { AuditCheck, AuditPage, AuditPlace, AuditReport, Finding } from "../ports/mod.ts";
import type { Pace, Read } from "./pace.ts";

/** An audit stops at this many findings. */
export const FINDINGS_MAX = 1_000;
/** Attempts to audit an object before it is reported as busy. */
export const LOOKS_MAX = 5;

/** The checks of a sale, each repeated by itself, and the number of findings at which one stops. */
const SALE_CHECKS = ["sale", "items", "holds", "buyers", "attempts"] as const;
const ENOUGH_OF_SALE = 20;
/** Below and above every id. */
const BELOW_ALL = -2_147_483_648;
const ABOVE_ALL = 2_147_483_647;

/** Checks something once. @returns undefined if it changed while it was read */
type Look = (read: Read) => Promise<Finding[] | undefined>;

/**
 * Audits every coupon, and every sale that can still sell or ended recently.
 *
 * @param recent false audits all sales
 * @returns the report; the audit stops at {@linkcode FINDINGS_MAX} findings
 * @throws Fault if PostgreSQL cannot be read; AuditStopped if the pace was stopped
 */
export async function audit(pace: Pace, recent: boolean): Promise<AuditReport> {
  const findings: Finding[] = [];
  const busy: string[] = [];
  const isFull = () => findings.length >= FINDINGS_MAX;
  const settle = async (name: string, look: Look) => {
    if (isFull()) return;
    const found = await confirmed(pace, look);
    if (found !== undefined) findings.push(...found);
    else if (busy.at(-1) !== name) busy.push(name);
  };

  let sales = 0;
  await settle("rows without a sale", lookForStrays);
  for (let below = ABOVE_ALL; !isFull();) {
    const page = await pace.read((rows) => rows.sales(below, recent));
    if (page.length === 0) break;
    for (const { number, name } of page) {
      sales++;
      for (const check of SALE_CHECKS) await settle(name, lookBy(check, ENOUGH_OF_SALE, number));
    }
    below = page.at(-1)!.number;
  }

  let coupons = 0;
  await settle("claims without a coupon", lookBy("stray_claims", FINDINGS_MAX));
  for (let after = BELOW_ALL; !isFull();) {
    const page = await pace.read((rows) => rows.coupons(after));
    if (page.length === 0) break;
    for (const { id, name, isSuspect } of page) {
      coupons++;
      if (isSuspect) await settle(`coupon ${name}`, lookBy("claims", FINDINGS_MAX, id));
    }
    after = page.at(-1)!.id;
  }
  await settle("entries of wallets", lookBy("ledger", FINDINGS_MAX));
  return { coupons, sales, findings, busy };
}

/** Reads the pages of a check. @param enough the number of findings at which to stop */
function lookBy(check: AuditCheck, enough: number, id?: number): Look {
  return async (read) => {
    const findings: Finding[] = [];
    let place: AuditPlace | undefined;
    do {
      const from: AuditPlace | undefined = place;
      const page: AuditPage = await read((rows) => rows.check(check, id, from));
      if (page.hasMoved) return undefined;
      findings.push(...page.findings);
      place = page.next;
    } while (place !== undefined && findings.length < enough);
    return findings;
  };
}

async function lookForStrays(read: Read): Promise<Finding[]> {
  const { findings } = await read((rows) => rows.check("stray_sale_rows"));
  const strays = [...findings];
  for (const number of await read((rows) => rows.strayPartitions())) {
    strays.push(...(await read((rows) => rows.check("stray_attempts", number))).findings);
  }
  return strays;
}

/**
 * Repeats a check until its result is reliable. Actors write while an audit reads, so a difference counts only if a second
 * look finds one too.
 *
 * @returns what the last look found; undefined if the object changed every time
 */
export async function confirmed(pace: Pace, look: Look): Promise<Finding[] | undefined> {
  let suspected = false;
  for (let looks = 1; looks <= LOOKS_MAX; looks++) {
    const found = await look(looks === 1 ? pace.read : pace.readNow);
    if (found === undefined) continue;
    if (found.length === 0 || suspected) return found;
    suspected = true;
  }
  return undefined;
}
