/** The routes of claims, purchases and wallets as files. */
import * as z from "zod";
import { type Act, onNames, onSale } from "../auth/authority.ts";
import { CLAIM_COLUMNS, PURCHASE_COLUMNS, WALLET_COLUMNS } from "../handlers/exports.ts";
import { type AnswerNote, type Route, tagged, type Untagged } from "./route.ts";
import { saleIdSent } from "../../contract/sale_values.ts";
import { couponName, userId } from "../../contract/values.ts";

/** The answer that is a file. @param columns its first line */
export function fileAnswer(columns: string): AnswerNote {
  return {
    description: "The file.",
    type: "text/csv",
    schema: z.string(),
    example: columns + "\r\n",
    headers: {
      "content-disposition": { description: "The file name." },
      "cache-control": { description: "Responses are not cached.", example: "no-store" },
    },
  };
}

/** A route of a file: who reads one leaves a trail. */
function file(
  declared: Pick<Route, "path" | "id" | "summary" | "segments" | "problems" | "handle"> & {
    act: Act;
    columns: readonly string[];
  },
): Untagged {
  const { act, columns, ...rest } = declared;
  return {
    method: "GET",
    authority: act,
    trouble: "file",
    answers: { 200: fileAnswer(columns.join()) },
    ...rest,
  };
}

/** The routes. */
export const files: readonly Route[] = tagged("Files", [
  file({
    path: "/api/coupons/:name/claims.csv",
    id: "getCouponClaimsFile",
    summary: "The claims on a coupon",
    act: onNames("claims.export"),
    columns: CLAIM_COLUMNS,
    segments: { name: couponName },
    problems: ["coupon_not_found"],
    handle: ({ exports }, routed) => exports.couponClaims(routed),
  }),
  file({
    path: "/api/sales/:sale/purchases.csv",
    id: "getSalePurchasesFile",
    summary: "The purchases of a sale",
    act: onSale("purchases.export"),
    columns: PURCHASE_COLUMNS,
    segments: { id: saleIdSent },
    problems: ["sale_not_found"],
    handle: ({ exports }, routed) => exports.salePurchases(routed),
  }),
  file({
    path: "/api/users/:user/wallet.csv",
    id: "getWalletFile",
    summary: "The wallet of a user",
    act: onNames("wallet.export"),
    columns: WALLET_COLUMNS,
    segments: { user_id: userId },
    problems: ["user_not_found"],
    handle: ({ exports }, routed) => exports.userWallet(routed),
  }),
  file({
    path: "/api/claims.csv",
    id: "getClaimsFile",
    summary: "All claims",
    act: onNames("claims.export"),
    columns: CLAIM_COLUMNS,
    handle: ({ exports }, routed) => exports.claims(routed),
  }),
  file({
    path: "/api/purchases.csv",
    id: "getPurchasesFile",
    summary: "All purchases",
    act: onNames("purchases.export"),
    columns: PURCHASE_COLUMNS,
    handle: ({ exports }, routed) => exports.purchases(routed),
  }),
  file({
    path: "/api/wallets.csv",
    id: "getWalletsFile",
    summary: "All wallets",
    act: onNames("wallets.export"),
    columns: WALLET_COLUMNS,
    handle: ({ exports }, routed) => exports.wallets(routed),
  }),
]);
