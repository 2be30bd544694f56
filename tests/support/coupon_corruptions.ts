/** How may a coupon, or a claim, be wrong? One statement each, and what an audit is to name then. */

/** A wrong of the database that `fill` of audited.ts made. */
export interface Corruption {
  /** What the test is called by. */
  readonly of: string;
  /** Statements; `$sale` is the sale's number. */
  readonly sql: string;
  /** All that an audit finds: object and counter; `$key` is the sale's. */
  readonly found: readonly string[];
  /** What the first finding tells: what the counter says, what the rows say. */
  readonly told: readonly [says: string, rows: string];
}

const promo = "(select id from coupons where fold = 'promo')";
const claimOf = (user: string) => `coupon_id = ${promo} and user_id = '${user}'`;
const newClaim = (coupon: string, seq: number, user: string) =>
  `insert into claims values (${coupon}, ${seq}, 0, false, now(), gen_random_uuid(), '${user}')`;
/** `$claim` is the id of b's claim, which was voided. */
const entryOf = (user: string, isVoid: boolean) => `coupon_id = 3 and user_id = '${user}' and is_void = ${isVoid}`;

/** Wrong coupons, claims and wallets. */
export const COUPON_CORRUPTIONS: readonly Corruption[] = [
  {
    of: "coupons.remaining, one too many",
    sql: "update coupons set remaining = remaining + 1 where fold = 'promo'",
    found: ["coupon Promo: remaining"],
    told: ["7 of 10", "4 claims"],
  },
  {
    of: "coupons.remaining, one too few",
    sql: "update coupons set remaining = remaining - 1 where fold = 'promo'",
    found: ["coupon Promo: remaining"],
    told: ["5 of 10", "4 claims"],
  },
  {
    of: "coupons.remaining below 0, though it is the claims",
    sql: `alter table coupons drop constraint coupons_check;
      update coupons set amount = 3, remaining = -1 where fold = 'promo'`,
    found: ["coupon Promo: remaining"],
    told: ["-1 of 3", "4 claims"],
  },
  {
    of: "coupons.remaining above the amount",
    sql: `alter table coupons drop constraint coupons_check; delete from claims where coupon_id = ${promo};
      update coupons set remaining = 11 where fold = 'promo'`,
    found: ["coupon Promo: remaining"],
    told: ["11 of 10", "0 claims"],
  },
  {
    of: "coupons.amount",
    sql: "update coupons set amount = amount + 1 where fold = 'promo'",
    found: ["coupon Promo: remaining"],
    told: ["6 of 11", "4 claims"],
  },
  {
    of: "coupons.seq",
    sql: "update coupons set seq = 4 where fold = 'promo'",
    found: ["coupon Promo: seq"],
    told: ["4", "a claim numbered 5"],
  },
  {
    of: "a claim that is gone",
    sql: `delete from claims where ${claimOf("b")}`,
    found: ["coupon Promo: remaining"],
    told: ["6 of 10", "3 claims"],
  },
  {
    of: "a claim too many",
    sql: newClaim(promo, 4, "x"),
    found: ["coupon Promo: remaining"],
    told: ["6 of 10", "5 claims"],
  },
  {
    of: "two claims of one number",
    sql: `drop index claims_seq; update claims set seq = 1 where ${claimOf("b")}`,
    found: ["coupon Promo: claims.seq"],
    told: ["4 claims", "3 different numbers"],
  },
  {
    of: "claims after the last coupon",
    sql: `${newClaim("77", 1, "x")}; ${newClaim("77", 2, "y")}`,
    found: ["coupon #77: coupons"],
    told: ["no such coupon", "2 claims"],
  },
  {
    of: "claims before the first coupon",
    sql: newClaim("0 - 3", 1, "x"),
    found: ["coupon #-3: coupons"],
    told: ["no such coupon", "1 claims"],
  },
  {
    of: "a coupon that is gone",
    sql: "delete from coupons where fold = 'promo'",
    found: ["coupon #1: coupons"],
    told: ["no such coupon", "4 claims"],
  },
  {
    of: "a credit that is gone",
    sql: `delete from wallet_entries where ${entryOf("a", false)}`,
    found: ["coupon Gift: wallet_entries"],
    told: ["2 claims", "1 of them not credited once"],
  },
  {
    of: "a credit of another amount",
    sql: `update wallet_entries set amount = 9.99 where ${entryOf("a", false)}`,
    found: ["coupon Gift: wallet_entries", "wallet of a: wallet_entries"],
    told: ["2 claims", "1 of them not credited once"],
  },
  {
    of: "a credit in another's wallet",
    sql: `update wallet_entries set user_id = 'x' where ${entryOf("a", false)}`,
    found: ["coupon Gift: wallet_entries", "wallet of x: wallet_entries"],
    told: ["2 claims", "1 of them not credited once"],
  },
  {
    of: "a void of a claim that is held",
    sql: `insert into wallet_entries (coupon_id, claim_id, is_void, user_id, amount, at)
      select coupon_id, claim_id, true, user_id, -amount, at from wallet_entries where ${entryOf("a", false)}`,
    found: ["coupon Gift: wallet_entries", "wallet of a: wallet_entries", "wallet of a: wallet_entries"],
    told: ["2 claims", "1 of them not credited once"],
  },
  {
    of: "a void that is gone",
    sql: `delete from wallet_entries where ${entryOf("b", true)}`,
    found: ["wallet of b: wallet_entries"],
    told: ["credit of 10.00, coupon #3, claim $claim", "no void, no such claim is held"],
  },
  {
    of: "a void without its credit",
    sql: `delete from wallet_entries where ${entryOf("b", false)}`,
    found: ["wallet of b: wallet_entries"],
    told: ["void of -10.00, coupon #3, claim $claim", "no credit, no such claim is held"],
  },
  {
    of: "a void of another amount",
    sql: `update wallet_entries set amount = -1 where ${entryOf("b", true)}`,
    found: ["wallet of b: wallet_entries", "wallet of b: wallet_entries"],
    told: ["credit of 10.00, coupon #3, claim $claim", "void of -1.00, no such claim is held"],
  },
  {
    of: "a charge's claim that is gone, its credit not",
    sql: "delete from claims where coupon_id = 3 and user_id = 'a'",
    found: ["coupon Gift: remaining", "wallet of a: wallet_entries"],
    told: ["3 of 5", "1 claims"],
  },
];
