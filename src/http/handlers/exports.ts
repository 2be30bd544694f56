/** The handlers of CSV files: claims, purchases and wallets, of one coupon, sale or user, or of all. */
import type {
  ClaimView,
  CouponViews,
  ExportViews,
  ListPart,
  Place,
  PurchaseView,
  SaleViews,
  UserViews,
  WalletEntryView,
} from "../../ports/mod.ts";
import { itemNameOf } from "../../domain/item_names.ts";
import { formatCode, itemIdOf, parseSaleKey, saleKeyOf } from "../../domain/sale_ids.ts";
import { isUserId, normalizeName } from "../../domain/name_key.ts";
import { type Answered, refusal } from "../answers/answer.ts";
import { textCell } from "../../csv/cells.ts";
import type { CsvFile, CsvStreams } from "../answers/csv_streams.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { showTime } from "../../contract/values.ts";

const PAGE_LINES = 2_000;

type Cells = readonly (string | number)[];

/** The columns of a file of claims, of purchases, and of wallets. */
export const CLAIM_COLUMNS = ["coupon_name", "claim_id", "user_id", "claimed_at"];
export const PURCHASE_COLUMNS = ["sale", "item_id", "item_name", "user_id", "code", "purchased_at"];
export const WALLET_COLUMNS = ["user_id", "coupon_name", "claim_id", "kind", "amount", "at"];

function claimCells({ couponName, claimId, userId, claimedAt }: ClaimView): Cells {
  return [textCell(couponName), claimId, textCell(userId), showTime(claimedAt)];
}

function purchaseCells({ number, n, userId, code, purchasedAt }: PurchaseView): Cells {
  const key = saleKeyOf(number);
  const item = [itemIdOf(number, n), itemNameOf(number, n)];
  return [key, ...item, textCell(userId), formatCode(key, code), showTime(purchasedAt)];
}

function walletCells({ userId, couponName, claimId, isVoid, amount, at }: WalletEntryView): Cells {
  return [textCell(userId), textCell(couponName), claimId, isVoid ? "void" : "credit", amount, showTime(at)];
}

/** All pages of a list; a list that has been deleted meanwhile ends. */
async function* pagesOf<View, At>(
  read: (after: At | undefined) => Promise<ListPart<View, At> | undefined>,
  cellsOf: (view: View) => Cells,
): AsyncGenerator<Cells[], void> {
  let after: At | undefined;
  do {
    const part = await read(after);
    if (part === undefined) return;
    yield part.data.map(cellsOf);
    after = part.next;
  } while (after !== undefined);
}

export interface ExportParts {
  readonly coupons: Pick<CouponViews, "coupon" | "claims">;
  readonly sales: Pick<SaleViews, "sale" | "current">;
  readonly users: Pick<UserViews, "wallet">;
  readonly all: ExportViews;
  readonly streams: CsvStreams;
}

/** Each handler throws Fault. */
export class ExportHandlers {
  constructor(readonly parts: ExportParts) {}

  async couponClaims(routed: RoutedRequest): Promise<Answered> {
    const { coupons } = this.parts;
    const fold = normalizeName(routed.names[0]!);
    const coupon = fold === undefined ? undefined : await coupons.coupon(fold, 0);
    if (coupon === undefined) return refusal("coupon_not_found", routed.id);
    const pages = pagesOf((after: number = 0) => coupons.claims(fold!, after, PAGE_LINES), claimCells);
    return await this.#open(routed, { name: `claims-${coupon.name}`, columns: CLAIM_COLUMNS, pages });
  }

  async salePurchases(routed: RoutedRequest): Promise<Answered> {
    const { sales, all } = this.parts;
    const [name] = routed.names as [string];
    const number = name === "current" ? sales.current() : parseSaleKey(name);
    if (number === undefined || await sales.sale(number) === undefined) return refusal("sale_not_found", routed.id);
    const pages = pagesOf((after: Place | undefined) => all.purchasesOf(number, after, PAGE_LINES), purchaseCells);
    return await this.#open(routed, { name: `purchases-${saleKeyOf(number)}`, columns: PURCHASE_COLUMNS, pages });
  }

  async userWallet(routed: RoutedRequest): Promise<Answered> {
    const { users } = this.parts;
    const [userId] = routed.names as [string];
    const known = isUserId(userId) ? await users.wallet(userId, 0, 1) : undefined;
    if (known === undefined) return refusal("user_not_found", routed.id);
    const pages = pagesOf((after: number = 0) => users.wallet(userId, after, PAGE_LINES), walletCells);
    return await this.#open(routed, { name: `wallet-${userId}`, columns: WALLET_COLUMNS, pages });
  }

  claims(routed: RoutedRequest): Promise<Answered> {
    const pages = pagesOf((after: Place | undefined) => this.parts.all.claims(after, PAGE_LINES), claimCells);
    return this.#open(routed, { name: "claims", columns: CLAIM_COLUMNS, pages });
  }

  purchases(routed: RoutedRequest): Promise<Answered> {
    const pages = pagesOf((after: Place | undefined) => this.parts.all.purchases(after, PAGE_LINES), purchaseCells);
    return this.#open(routed, { name: "purchases", columns: PURCHASE_COLUMNS, pages });
  }

  wallets(routed: RoutedRequest): Promise<Answered> {
    const pages = pagesOf((after: Place | undefined) => this.parts.all.wallets(after, PAGE_LINES), walletCells);
    return this.#open(routed, { name: "wallets", columns: WALLET_COLUMNS, pages });
  }

  #open({ request, id }: RoutedRequest, file: CsvFile): Promise<Answered> {
    return this.parts.streams.open(file, request, id);
  }
}
