/** What is said of claims, purchases and wallets as files? */
import * as z from "zod";
import type { ProblemCode } from "../answers/problem.ts";
import type { AnswerNote, Operation } from "./operation.ts";
import { saleIdSent } from "./sale_values.ts";
import { couponName, userId } from "../../contract/values.ts";

/** The answer that is a file. @param columns its first line */
export function fileAnswer(columns: string): AnswerNote {
  return {
    description: "The file.",
    type: "text/csv",
    schema: z.string(),
    example: columns + "\r\n",
    headers: {
      "content-disposition": { description: "Under which name to save it." },
      "cache-control": { description: "Not to be kept.", example: "no-store" },
    },
  };
}

const CLAIMS = "coupon_name,claim_id,user_id,claimed_at";
const PURCHASES = "sale,item_id,item_name,user_id,code,purchased_at";
const WALLET = "user_id,coupon_name,claim_id,kind,amount,at";

function file(
  path: string,
  id: string,
  summary: string,
  columns: string,
  segments?: Readonly<Record<string, z.ZodType>>,
  ...problems: ProblemCode[]
): Operation {
  return {
    method: "get",
    path,
    id,
    tag: "Files",
    summary,
    authority: "admin",
    trouble: "file",
    ...segments && { segments },
    answers: { 200: fileAnswer(columns) },
    problems,
  };
}

const ofCoupon = { name: couponName };
const ofSale = { id: saleIdSent };
const ofUser = { user_id: userId };

/** The operations. */
export const files: readonly Operation[] = [
  file(
    "/api/coupons/{name}/claims.csv",
    "getCouponClaimsFile",
    "The claims on a coupon",
    CLAIMS,
    ofCoupon,
    "coupon_not_found",
  ),
  file(
    "/api/sales/{id}/purchases.csv",
    "getSalePurchasesFile",
    "The purchases of a sale",
    PURCHASES,
    ofSale,
    "sale_not_found",
  ),
  file("/api/users/{user_id}/wallet.csv", "getWalletFile", "The wallet of a user", WALLET, ofUser, "user_not_found"),
  file("/api/claims.csv", "getClaimsFile", "All claims", CLAIMS),
  file("/api/purchases.csv", "getPurchasesFile", "All purchases", PURCHASES),
  file("/api/wallets.csv", "getWalletsFile", "All wallets", WALLET),
];
