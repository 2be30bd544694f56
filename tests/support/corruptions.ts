/** How may a database be wrong? One statement each, and what an audit is to name then. */

/** A wrong of the database that `fill` of audited.ts made. */
export interface Corruption {
  /** What the test is called by. */
  readonly of: string;
  /** Statements; `$sale` is the sale's number, `$claims` and `$items` and so on are not its business. */
  readonly sql: string;
  /** All that an audit finds: object and counter; `$key` is the sale's. */
  readonly found: readonly string[];
  /** What the first finding tells: what the counter says, what the rows say. */
  readonly told: readonly [says: string, rows: string];
}

const promo = "(select id from coupons where fold = 'promo')";
const claimOf = (user: string) => `coupon_id = ${promo} and user_id = '${user}'`;
const purchaseOf = (n: number) => `sale_id = $sale and n = ${n}`;
const newClaim = (coupon: string, seq: number, user: string) =>
  `insert into claims values (${coupon}, ${seq}, 0, false, now(), gen_random_uuid(), '${user}')`;

const COUPONS: readonly Corruption[] = [
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
];

const SALES: readonly Corruption[] = [
  {
    of: "sales.sold, one too many",
    sql: "update sales set sold = sold + 1",
    found: ["sale $key: sold"],
    told: ["3", "2 purchases, 2 items sold"],
  },
  {
    of: "sales.sold, one too few",
    sql: "update sales set sold = sold - 1",
    found: ["sale $key: sold"],
    told: ["1", "2 purchases, 2 items sold"],
  },
  {
    of: "sales.items",
    sql: "update sales set items = 7",
    found: ["sale $key: items"],
    told: ["7", "6 items numbered 1 to 7, 0 others"],
  },
  {
    of: "sales.attempts",
    sql: "update sales set attempts = 8",
    found: ["sale $key: attempts"],
    told: ["8", "7 attempts numbered 1 to 7"],
  },
  {
    of: "an item that is bought but not marked sold",
    sql: "update items set sold = false where n = 1",
    found: ["sale $key: sold", "item 1 of sale $key: items.sold"],
    told: ["2", "2 purchases, 1 items sold"],
  },
  {
    of: "an item that is marked sold but not bought",
    sql: "update items set sold = true where n = 6",
    found: ["sale $key: sold", "item 6 of sale $key: items.sold"],
    told: ["2", "2 purchases, 3 items sold"],
  },
  {
    of: "two items whose marks are exchanged",
    sql: "update items set sold = n = 6 where n in (1, 6)",
    found: ["item 1 of sale $key: items.sold", "item 6 of sale $key: items.sold"],
    told: ["not sold", "a purchase"],
  },
  {
    of: "an item that is gone",
    sql: "delete from items where n = 6",
    found: ["sale $key: items", "item 6 of sale $key: items"],
    told: ["6", "5 items numbered 1 to 6, 0 others"],
  },
  {
    of: "an item numbered 0",
    sql: "insert into items values ($sale, 0)",
    found: ["sale $key: items"],
    told: ["6", "6 items numbered 1 to 6, 1 others"],
  },
  {
    of: "an item in place of another",
    sql: "update items set n = 7 where n = 6; update holds set n = 7 where n = 6",
    found: ["sale $key: items"],
    told: ["6", "5 items numbered 1 to 6, 1 others"],
  },
  {
    of: "items.held_until, none",
    sql: "update items set held_until = null where n = 3",
    found: ["item 3 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code3"],
  },
  {
    of: "items.held_until, too early",
    sql: "update items set held_until = held_until - interval '1 millisecond' where n = 3",
    found: ["item 3 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code3"],
  },
  {
    of: "a hold that lasts longer than its item shows",
    sql: "update holds set expires_at = expires_at + interval '1 second' where n = 3",
    found: ["item 3 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code3"],
  },
  {
    of: "a hold that was given back and is not ended",
    sql: "update holds set ended_at = null where n = 4",
    found: ["item 4 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code4"],
  },
  {
    of: "a hold of an item that never was",
    sql: "update holds set n = 9 where n = 4",
    found: ["item 9 of sale $key: items"],
    told: ["no such item", "hold $code4"],
  },
  {
    of: "a purchase whose hold is gone",
    sql: "delete from holds where n = 2",
    found: ["item 2 of sale $key: purchases"],
    told: ["bought", "no hold of that code, user and item"],
  },
  {
    of: "a purchase by another's code",
    sql: "update purchases set code = (select code from holds where n = 3) where n = 2; delete from holds where n = 2",
    found: ["item 2 of sale $key: purchases"],
    told: ["bought", "no hold of that code, user and item"],
  },
  {
    of: "a purchase of another user than its hold's",
    sql: "update purchases set user_id = 'z' where n = 2",
    found: ["item 2 of sale $key: purchases"],
    told: ["bought", "no hold of that code, user and item"],
  },
  {
    of: "a purchase that is gone",
    sql: `delete from purchases where ${purchaseOf(2)}`,
    // Its hold is one that was not bought with: it lasts until it expires, as its item shows.
    found: ["sale $key: sold", "item 2 of sale $key: items.sold"],
    told: ["2", "1 purchases, 2 items sold"],
  },
  {
    of: "a purchase too many",
    sql: `insert into purchases select sale_id, n, 1, 2, false, now(), code, id, user_id from holds where n = 3`,
    found: ["sale $key: sold", "item 3 of sale $key: items.sold"],
    told: ["2", "3 purchases, 2 items sold"],
  },
  {
    of: "a purchase of another item than its hold's",
    sql: "update purchases set n = 6 where n = 2; update items set sold = n in (1, 6)",
    found: ["item 6 of sale $key: purchases"],
    told: ["bought", "no hold of that code, user and item"],
  },
  {
    of: "two purchases in one slot",
    sql: `alter table purchases drop constraint purchases_sale_id_user_id_slot_key; update purchases set slot = 1`,
    found: ["user a in sale $key: slot_max"],
    told: ["2", "2 purchases in 1 slots up to 1"],
  },
  {
    of: "a user above the limit",
    sql: "alter table purchases drop constraint purchases_check; update purchases set slot_max = 1",
    found: ["user a in sale $key: slot_max"],
    told: ["1", "2 purchases in 2 slots up to 2"],
  },
  {
    of: "a slot above the limit",
    sql: "alter table purchases drop constraint purchases_check; update purchases set slot = 3 where n = 2",
    found: ["user a in sale $key: slot_max"],
    told: ["2", "2 purchases in 2 slots up to 3"],
  },
  ...[[1, "6 attempts numbered 2 to 7"], [4, "6 attempts numbered 1 to 7"], [7, "6 attempts numbered 1 to 6"]].map(
    ([seq, rows]): Corruption => ({
      of: `attempt ${seq} that is gone`,
      sql: `delete from attempts where seq = ${seq}`,
      found: ["sale $key: attempts"],
      told: ["7", rows as string],
    }),
  ),
  {
    of: "an attempt too many",
    sql: "insert into attempts values ($sale, 8, 1, now(), 'ok', 'x')",
    found: ["sale $key: attempts"],
    told: ["7", "8 attempts numbered 1 to 8"],
  },
  {
    of: "all attempts emptied, too early",
    sql: "truncate attempts",
    found: ["sale $key: attempts"],
    told: ["7", "none"],
  },
];

const STRAYS: readonly Corruption[] = [
  {
    of: "items of no sale",
    sql: "insert into items select $sale - 2, n from items",
    found: ["sale $before: sales"],
    told: ["no such sale", "6 items"],
  },
  {
    of: "holds of no sale",
    sql: "update holds set sale_id = $sale + 1 where n = 3",
    found: ["sale $after: sales"],
    told: ["no such sale", "1 holds"],
  },
  {
    of: "a purchase of no sale",
    sql: "insert into purchases select $sale + 1, 1, 1, 1, false, now(), code, id, 'x' from holds where n = 3",
    found: ["sale $after: sales"],
    told: ["no such sale", "1 purchases"],
  },
  {
    of: "attempts of no sale",
    sql: `create table attempts_7 partition of attempts for values in (7);
      insert into attempts select 7, seq, n, at, outcome, user_id from attempts`,
    found: ["sale 1970-01-01T07Z: sales"],
    told: ["no such sale", "7 attempts"],
  },
  {
    of: "a sale that is gone",
    sql: "delete from sales",
    found: ["sale $key: sales", "sale $key: sales", "sale $key: sales", "sale $key: sales"],
    told: ["no such sale", "6 holds"],
  },
];

/** Every counter, and every kind of row. */
export const CORRUPTIONS: readonly Corruption[] = [...COUPONS, ...SALES, ...STRAYS];
