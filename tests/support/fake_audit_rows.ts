/** A database of one coupon and one sale as an audit reads it, that a test can make wrong, make move, and make fail. */
import type { AuditCheck, AuditPage, AuditPlace, AuditRows, Finding } from "../../src/ports/mod.ts";
import { KEY, NUMBER } from "./sale_commands.ts";

/** Something that is wrong. */
export const FINDING: Finding = { object: "coupon Promo", counter: "remaining", says: "6 of 10", rows: "3 claims" };

/** A page where a check ends. */
export function page(findings: readonly Finding[] = [], next?: AuditPlace): AuditPage {
  return { hasMoved: false, findings, next };
}

/** What an audit reads; every read is told to `onRead` first. */
export class FakeAuditRows implements AuditRows {
  couponPages = [[{ id: 1, name: "Promo", isSuspect: true }]];
  salePages = [[{ number: NUMBER, name: `sale ${KEY}` }]];
  partitions: number[] = [];
  /** Each page that was read: its check, and where. */
  readonly asked: { readonly check: AuditCheck; readonly id?: number; readonly place?: AuditPlace }[] = [];
  readonly #pages = new Map<AuditCheck, () => AuditPage | undefined>();
  reads = 0;
  onRead: () => void | Promise<void> = () => {};

  /** The next pages of a check; after them it finds nothing. */
  next(check: AuditCheck, ...pages: AuditPage[]): void {
    this.#pages.set(check, () => pages.shift());
  }

  /** What each page of a check has; each is its last. */
  always(check: AuditCheck, findings: readonly Finding[]): void {
    this.#pages.set(check, () => page(findings));
  }

  async #read<T>(answer: () => T): Promise<T> {
    this.reads++;
    await this.onRead();
    return answer();
  }

  coupons = (after: number) => this.#read(() => this.couponPages.find((page) => after < page.at(-1)!.id) ?? []);
  sales = (below: number) => this.#read(() => this.salePages.find((page) => page.at(-1)!.number < below) ?? []);
  strayPartitions = () => this.#read(() => this.partitions);
  check = (check: AuditCheck, id?: number, place?: AuditPlace) =>
    this.#read(() => {
      this.asked.push({ check, ...id !== undefined && { id }, ...place && { place } });
      return this.#pages.get(check)?.() ?? page();
    });
}
