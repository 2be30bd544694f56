/** What does the schema refuse, whoever writes? The rules never come to it: these are what is left where they are wrong. */
import assert from "node:assert/strict";
import { SqlError } from "../../../src/storage/sql.ts";
import { fill, withActors } from "../../support/audited.ts";
import { openTestEmbedded, openTestPostgres } from "../../support/storage.ts";

const UNIQUE = "23505";
const CHECK = "23514";

/** A copy of the rows of a table, with other values in some columns. */
function copied(table: string, columns: string, changed: string, where: string): string {
  return `insert into ${table} (${columns}) select ${changed} from ${table} where ${where}`;
}

const CLAIM = "coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id";
const ENTRY = "coupon_id, claim_id, is_void, user_id, amount, at";
const BOUGHT = "sale_id, n, slot, slot_max, keyed, purchased_at, code, id, user_id";
const HOLD = "sale_id, n, keyed, created_at, expires_at, code, id, user_id";
const OTHER = "gen_random_uuid()";

/** Each against a database with a row of every kind. */
const REFUSED: readonly (readonly [what: string, sqlstate: string, statement: string])[] = [
  ["fewer units left than none", CHECK, "update coupons set remaining = -1 where fold = 'promo'"],
  ["more units left than there are", CHECK, "update coupons set remaining = amount + 1 where fold = 'promo'"],
  ["an amount below what is left", CHECK, "update coupons set amount = remaining - 1 where fold = 'promo'"],
  ["an amount of none", CHECK, "update coupons set amount = 0, remaining = 0 where fold = 'promo'"],
  ["two coupons of one name", UNIQUE, "update coupons set fold = 'promo' where fold = 'other'"],
  [
    "a user's second claim on a coupon",
    UNIQUE,
    copied("claims", CLAIM, `coupon_id, seq + 100, remaining, keyed, claimed_at, ${OTHER}, user_id`, "user_id = 'a'"),
  ],
  [
    "two claims of one number",
    UNIQUE,
    copied("claims", CLAIM, `coupon_id, seq, remaining, keyed, claimed_at, ${OTHER}, 'z'`, "user_id = 'a'"),
  ],
  [
    "a claim's credit twice",
    UNIQUE,
    copied("wallet_entries", ENTRY, ENTRY, "user_id = 'a' and not is_void"),
  ],
  [
    "a claim's credit a second time, to another user or of another amount",
    UNIQUE,
    copied(
      "wallet_entries",
      ENTRY,
      "coupon_id, claim_id, is_void, 'z', amount + 1, at",
      "user_id = 'c' and not is_void",
    ),
  ],
  ["a claim's void twice", UNIQUE, copied("wallet_entries", ENTRY, ENTRY, "user_id = 'b' and is_void")],
  ["a credit that takes", CHECK, "update wallet_entries set amount = -amount where user_id = 'a'"],
  ["a void that gives", CHECK, "update wallet_entries set amount = -amount where user_id = 'b' and is_void"],
  [
    "more coupons made than a job wants",
    CHECK,
    "insert into bulk_jobs (request_id, count, made, terms) values (gen_random_uuid(), 1, 2, '{}')",
  ],
  ["fewer items sold than none", CHECK, "update sales set sold = -1"],
  ["more items sold than there are", CHECK, "update sales set sold = items + 1"],
  ["a sale of no item", CHECK, "update sales set items = 0, sold = 0"],
  ["an item that is there twice", UNIQUE, "insert into items (sale_id, n) select sale_id, n from items where n = 1"],
  [
    "an item that is bought twice",
    UNIQUE,
    copied("purchases", BOUGHT, `sale_id, n, 1, slot_max, keyed, purchased_at, ${OTHER}, ${OTHER}, 'z'`, "n = 1"),
  ],
  ["two purchases of a user in one slot", UNIQUE, "update purchases set slot = 1 where user_id = 'a'"],
  ["a purchase above its user's limit", CHECK, "update purchases set slot = slot_max + 1 where n = 1"],
  ["a purchase in no slot", CHECK, "update purchases set slot = 0 where n = 1"],
  [
    "a code that is given twice",
    UNIQUE,
    copied("holds", HOLD, `sale_id, n, keyed, created_at, expires_at, code, ${OTHER}, 'z'`, "n = 3"),
  ],
  [
    "a key's second hold",
    UNIQUE,
    `insert into holds (${HOLD}) select sale_id, n, true, created_at, expires_at, x, id, 'z'
      from holds, unnest(array[${OTHER}, ${OTHER}]) x where n = 3`,
  ],
  [
    "two attempts of one number",
    UNIQUE,
    "insert into attempts select sale_id, seq, n, at, outcome, 'z' from attempts where seq = 1",
  ],
  [
    "two answers to one command on a coupon",
    UNIQUE,
    "insert into receipts select coupon_id, id, at, 'other', answer from receipts limit 1",
  ],
  [
    "two answers to one command on a sale",
    UNIQUE,
    "insert into sale_receipts select sale_id, id, at, 'other', answer from sale_receipts limit 1",
  ],
];

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  Deno.test(`the schema on ${name} refuses what no rule allows`, async (test) => {
    const database = await open();
    await withActors(database, { limit: 2 }, async (audited) => {
      await fill(audited);
      for (const [what, sqlstate, statement] of REFUSED) {
        await test.step(what, async () => {
          await assert.rejects(database.views.query(statement), (error) => {
            assert(error instanceof SqlError, String(error));
            assert.equal(error.sqlstate, sqlstate, error.message);
            return true;
          });
        });
      }
    });
  });
}
