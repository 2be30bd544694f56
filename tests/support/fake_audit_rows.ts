/** A database of one coupon and one sale as an audit reads it, that a test can make wrong, make move, and make fail. */
import type { AttemptCount, AuditRows, CouponCount, SaleCount, Stray } from "../../src/ports/mod.ts";
import { NUMBER } from "./sale_commands.ts";

/** A coupon that is exact. */
export const COUPON: CouponCount = {
  ...{ id: 1, name: "Promo", amount: 10, remaining: 7, seq: 5, mark: "1.0" },
  ...{ claims: 3, numbers: 3, lastSeq: 5, uncredited: 0, next: undefined },
};
/** A sale that is exact. */
export const SALE: SaleCount = {
  ...{ items: 6, sold: 2, mark: "1.1", numbered: 6, others: 0, itemsSold: 2, purchases: 2 },
};
/** Attempts that are. */
export const ATTEMPTS: AttemptCount = {
  ...{ attempts: 7, mayBeDropped: false, isUnpartitioned: false, rows: 7, firstSeq: 1, lastSeq: 7, next: undefined },
};

/** What an audit reads; every read is told to `onRead` first. */
export class FakeAuditRows implements AuditRows {
  coupon: CouponCount = COUPON;
  /** Answers of the next looks at the coupon's claims; then the coupon itself. */
  readonly pages: CouponCount[] = [];
  /** As `pages`, of the sale. */
  readonly counts: SaleCount[] = [];
  items = SALE.items;
  strays: Stray[] = [];
  reads = 0;
  onRead: () => void | Promise<void> = () => {};

  async #read<T>(answer: () => T): Promise<T> {
    this.reads++;
    await this.onRead();
    return answer();
  }

  coupons = (after: number) => this.#read(() => after < this.coupon.id ? [this.coupon] : []);
  claims = () => this.#read(() => this.pages.shift() ?? this.coupon);
  strayClaims = () => this.#read(() => ({ data: this.strays, next: undefined }));
  ledgerMisfits = () => this.#read(() => ({ data: [], next: undefined }));
  sales = (below: number) => this.#read(() => below > NUMBER ? [{ number: NUMBER, items: this.items }] : []);
  saleCount = () => this.#read(() => this.counts.shift() ?? SALE);
  itemMisfits = () => this.#read(() => []);
  holdMisfits = () => this.#read(() => ({ data: [], next: undefined }));
  buyerMisfits = () => this.#read(() => ({ data: [], next: undefined }));
  attempts = () => this.#read(() => ATTEMPTS);
  straySaleRows = () => this.#read(() => []);
}
