/**
 * How is a sale held against its rows? By looks of their own at its counters, items, holds, users and attempts. A page in
 * which one row must fit another is true of its moment, whatever comes after; only sums over several pages need a sale
 * that holds still, and one of 10,000 items has a single page.
 */
import type { AuditPage, Finding } from "../ports/mod.ts";
import type { Read } from "./pace.ts";
import { compareAttempts, compareSale, findingOfBuyer, findingOfHold, findingOfItem } from "./sale_compare.ts";

/** Items whose rows are counted by one statement, and compared row by row. */
export const COUNTED_ITEMS = 10_000;
export const COMPARED_ITEMS = 2_500;
/** Findings of one kind in one sale, beyond which it is not read on. */
const ENOUGH = 20;

const NUMBER_MIN = -2_147_483_648;
const NUMBER_MAX = 2_147_483_647;

/** A sale to be audited. */
export interface AuditedSale {
  readonly number: number;
  /** How many items its row tells of. */
  readonly items: number;
}

/** Parts a sale is looked at in; each may be looked at again by itself. */
export const SALE_LOOKS: readonly ((read: Read, sale: AuditedSale) => Promise<Finding[] | undefined>)[] = [
  lookAtCounts,
  lookAtItems,
  (read, { number }) =>
    lookAtPages((after) => read((rows) => rows.holdMisfits(number, after)), (it) => findingOfHold(number, it)),
  (read, { number }) =>
    lookAtPages((after) => read((rows) => rows.buyerMisfits(number, after)), (it) => findingOfBuyer(number, it)),
  (read, { number }) => lookAtAttempts(read, number),
];

/** Ranges of item numbers, above the first and up to the second: so many items each, all numbers in one of them. */
export function* rangesOf(items: number, size: number): Generator<[from: number, to: number]> {
  let from = NUMBER_MIN;
  for (let to = size; to < items; to += size) {
    yield [from, to];
    from = to;
  }
  yield [from, NUMBER_MAX];
}

/** @returns undefined where the sale moved between two pages */
async function lookAtCounts(read: Read, { number, items }: AuditedSale): Promise<Finding[] | undefined> {
  const sums = { numbered: 0, others: 0, itemsSold: 0, purchases: 0 };
  let mark: string | undefined;
  let sold = 0;
  for (const [from, to] of rangesOf(items, COUNTED_ITEMS)) {
    const count = await read((rows) => rows.saleCount(number, from, to));
    if (count === undefined) return [];
    mark ??= count.mark;
    if (count.mark !== mark) return undefined;
    for (const name of ["numbered", "others", "itemsSold", "purchases"] as const) sums[name] += count[name];
    sold = count.sold;
  }
  return compareSale(number, { items, sold, ...sums });
}

async function lookAtItems(read: Read, { number, items }: AuditedSale): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [from, to] of rangesOf(items, COMPARED_ITEMS)) {
    const misfits = await read((rows) => rows.itemMisfits(number, from, to));
    findings.push(...misfits.map((it) => findingOfItem(number, it)));
    if (findings.length >= ENOUGH) break;
  }
  return findings;
}

async function lookAtPages<T>(
  readPage: (after: string | undefined) => Promise<AuditPage<T, string>>,
  findingOf: (misfit: T) => Finding,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let after: string | undefined;
  do {
    const { data, next } = await readPage(after);
    findings.push(...data.map(findingOf));
    after = next;
  } while (after !== undefined && findings.length < ENOUGH);
  return findings;
}

/** Attempts only come, each numbered above all before it: the last page's counter is that of all that were read. */
async function lookAtAttempts(read: Read, number: number): Promise<Finding[]> {
  let rowCount = 0;
  let firstSeq = 0;
  let lastSeq = 0;
  for (let after = 0;;) {
    const from = after;
    const page = await read((rows) => rows.attempts(number, from));
    // Without a partition of its own, and with none read: they were dropped whole, maybe since the page before.
    if (page === undefined || page.isUnpartitioned && page.rows === 0) return [];
    if (rowCount === 0) firstSeq = page.firstSeq;
    rowCount += page.rows;
    lastSeq = Math.max(lastSeq, page.lastSeq);
    if (page.next === undefined) return compareAttempts(number, { ...page, rows: rowCount, firstSeq, lastSeq });
    after = page.next;
  }
}
