/** How may a sale, or a row of one, be wrong? One statement each, and what an audit is to name then. */
import type { Corruption } from "./coupon_corruptions.ts";

const purchaseOf = (n: number) => `sale_id = $sale and n = ${n}`;

/** Wrong sales, items, holds, purchases and attempts. */
export const SALE_CORRUPTIONS: readonly Corruption[] = [
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
    told: ["ends before the hold", "hold $code3…"],
  },
  {
    of: "items.held_until, too early",
    sql: "update items set held_until = held_until - interval '1 millisecond' where n = 3",
    found: ["item 3 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code3…"],
  },
  {
    of: "a hold that lasts longer than its item shows",
    sql: "update holds set expires_at = expires_at + interval '1 second' where n = 3",
    found: ["item 3 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code3…"],
  },
  {
    of: "a hold that was given back and is not ended",
    sql: "update holds set ended_at = null where n = 4",
    found: ["item 4 of sale $key: items.held_until"],
    told: ["ends before the hold", "hold $code4…"],
  },
  {
    of: "a hold of an item that never was",
    sql: "update holds set n = 9 where n = 4",
    found: ["item 9 of sale $key: items"],
    told: ["no such item", "hold $code4…"],
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

/** Rows of sales that do not exist. */
export const STRAYS: readonly Corruption[] = [
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
