/** How is everything read, however much there is? By its keys, a page a statement, none of them long. */
import type { ClaimView, ExportViews, ListPart, Place, PurchaseView, WalletEntryView } from "../ports/mod.ts";
import { listPartOf, read } from "./reads.ts";
import { ms, type Row, type Sql } from "./sql.ts";
import { claimOf, purchaseOf, walletEntryOf } from "./user_views.ts";

// The limit inside comes before the join: rows are found by their key, and nothing is sorted.
const CLAIMS = `select k.coupon_id, k.seq, k.claim_id, k.user_id, ${ms("k.claimed_at")}, c.name from (
  select * from claims where (coupon_id, seq) > ($1::integer, $2::integer) order by coupon_id, seq limit $3
) k join coupons c on c.id = k.coupon_id order by k.coupon_id, k.seq`;

const PURCHASE = `select sale_id, n, user_id, code, ${ms("purchased_at")} from purchases`;
const PURCHASES = `${PURCHASE} where (sale_id, n) > ($1::integer, $2::integer) order by sale_id, n limit $3`;
const PURCHASES_OF = `${PURCHASE} where sale_id = $1 and n > $2 order by n limit $3`;

const WALLETS = `select w.coupon_id, w.claim_id, w.is_void, w.user_id, c.name, w.claim_id, w.is_void, w.amount::text,
  ${ms("w.at")} from (
  select * from wallet_entries where (coupon_id, claim_id, is_void) > ($1::integer, $2::uuid, $3::boolean)
  order by coupon_id, claim_id, is_void limit $4
) w join coupons c on c.id = w.coupon_id order by w.coupon_id, w.claim_id, w.is_void`;

/** Before all claims and all purchases: coupons, items and claims count from 1. */
const FIRST: Place = [0, 0];
const FIRST_ENTRY: Place = [0, "00000000-0000-0000-0000-000000000000", false];

export class PostgresExportViews implements ExportViews {
  constructor(readonly sql: Sql) {}

  claims(after: Place = FIRST, limit: number): Promise<ListPart<ClaimView, Place>> {
    return this.#walk(CLAIMS, after, limit, "all_claims", 2, (row) => claimOf(row.slice(2)));
  }

  purchases(after: Place = FIRST, limit: number): Promise<ListPart<PurchaseView, Place>> {
    return this.#walk(PURCHASES, after, limit, "all_purchases", 2, purchaseOf);
  }

  purchasesOf(number: number, after: Place = [number, 0], limit: number): Promise<ListPart<PurchaseView, Place>> {
    return this.#walk(PURCHASES_OF, after, limit, "sale_purchases", 2, purchaseOf);
  }

  wallets(after: Place = FIRST_ENTRY, limit: number): Promise<ListPart<WalletEntryView, Place>> {
    return this.#walk(WALLETS, after, limit, "all_wallets", 3, (row) => walletEntryOf(row.slice(3)));
  }

  /** @param keys how many columns a row's place is, its first ones */
  async #walk<View>(
    text: string,
    after: Place,
    limit: number,
    name: string,
    keys: number,
    viewOf: (row: Row) => View,
  ): Promise<ListPart<View, Place>> {
    const rows = await read(this.sql, text, [...after, limit + 1], name);
    return listPartOf(rows, limit, viewOf, (row) => row.slice(0, keys) as Place);
  }
}
