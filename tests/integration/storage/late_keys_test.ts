/** What becomes of an Idempotency-Key that is used again after its 48 hours? It is a new one. */
import assert from "node:assert/strict";
import type { Outcome } from "../../../src/ports/mod.ts";
import { type Audited, hold, openSale, withActors } from "../../support/audited.ts";
import { claim, create, edit, terms, voidClaim } from "../../support/commands.ts";
import { freshDatabase } from "../../support/database.ts";
import { editSale, purchase, voidPurchase } from "../../support/sale_commands.ts";
import { openTestPostgres } from "../../support/storage.ts";

const keyed = () => ({ id: crypto.randomUUID(), keyed: true });

function answerOf<Answer, Refusal>(outcome: Outcome<Answer, Refusal>): Answer {
  assert(outcome.kind === "done", JSON.stringify(outcome));
  return outcome.answer;
}

/** Does something on a database, and after two days and a restart something else. */
async function twoDaysApart(
  before: (actors: Audited) => Promise<void>,
  after: (actors: Audited) => Promise<void>,
): Promise<void> {
  const url = await freshDatabase();
  await withActors(await openTestPostgres(url), {}, before);
  const database = await openTestPostgres(url);
  for (const table of ["receipts", "sale_receipts"]) {
    await database.views.query(`update ${table} set at = at - interval '49 hours'`);
  }
  await withActors(database, {}, after);
}

Deno.test("after 48 hours the keys of an edit and of a voided claim can be used again, and that claim voided", async () => {
  const [edited, claimed] = [keyed(), keyed()];
  await twoDaysApart(async ({ coupons }) => {
    answerOf(await coupons.ask("c", create(terms("C", 2))));
    answerOf(await coupons.ask("c", edit({ amount: 3 }, edited)));
    answerOf(await coupons.ask("c", claim("a", claimed)));
    answerOf(await coupons.ask("c", voidClaim("a")));
  }, async ({ coupons }) => {
    answerOf(await coupons.ask("c", edit({ amount: 5 }, edited)));
    answerOf(await coupons.ask("c", claim("a", claimed)));
    answerOf(await coupons.ask("c", voidClaim("a")));
    assert.equal((await coupons.ask("c", edit({ amount: 6 }, edited))).kind, "refused", "it is bound once more");
    const replayed = answerOf(await coupons.ask("c", edit({ amount: 5 }, edited)));
    assert(replayed.kind === "edited" && replayed.coupon.amount === 5 && replayed.coupon.remaining === 5);
  });
});

Deno.test("after 48 hours the keys of a sale's edit and of a voided purchase can be used again, and that voided", async () => {
  const [edited, bought] = [keyed(), keyed()];
  let first: string;
  const editAndBuy = async (actors: Audited) => {
    const key = first ??= actors.key; // its hour may be over the second time
    answerOf(await actors.sales.ask(key, editSale({ paused: false }, edited)));
    const code = await hold({ ...actors, key }, "u", 1);
    answerOf(await actors.sales.ask(key, purchase(code, bought)));
    answerOf(await actors.sales.ask(key, voidPurchase(code)));
  };
  await twoDaysApart(async (actors) => {
    await openSale(actors, 3);
    await editAndBuy(actors);
  }, editAndBuy);
});
