/** Do a sale's counts say what its items do? */
import assert from "node:assert/strict";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { PostgresSaleViews, type SaleSessions } from "../../../src/storage/sale_views.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { hold, openSale, withActors } from "../../support/audited.ts";
import { openTestPostgres } from "../../support/storage.ts";

/** One way to read, for all that sales are read through. */
function sessionsOf({ views }: Database): SaleSessions {
  return { keyed: views, sales: views, items: views, attempts: views };
}

Deno.test("sale() counts holds that outlive their hour, though sales were set to close with it meanwhile", async () => {
  const database = await openTestPostgres();
  await withActors(database, { closes: "sold_out", ttlMs: 2 * HOUR_MS }, async (actors) => {
    const { number } = actors;
    await openSale(actors, 5);
    await hold(actors, "a", 1);
    const views = new PostgresSaleViews(sessionsOf(database), { now: () => (number + 1) * HOUR_MS }, "at_end");
    const sale = (await views.sale(number))!;
    assert.deepEqual([sale.phase, sale.held, sale.sold], ["over", 1, 0]);
    assert.equal((await views.items(number, "held", 0, 10))!.total, 1);
    const later = new PostgresSaleViews(sessionsOf(database), { now: () => (number + 4) * HOUR_MS }, "at_end");
    assert.equal((await later.sale(number))!.held, 0);
  });
});

Deno.test("itemsAfter() tells each item once by its number, in one state or any, and undefined of no sale", async () => {
  const database = await openTestPostgres();
  await withActors(database, { ttlMs: HOUR_MS }, async (actors) => {
    const { number } = actors;
    await openSale(actors, 7);
    for (const n of [2, 5]) await hold(actors, `user${n}`, n);
    const views = new PostgresSaleViews(sessionsOf(database), { now: () => number * HOUR_MS }, "sold_out");
    const part = async (...asked: Parameters<typeof views.itemsAfter>) => {
      const { data, next } = (await views.itemsAfter(...asked))!;
      return [data.map(({ n }) => n), next];
    };
    assert.deepEqual(await part(number, "available", 0, 3), [[1, 3, 4], 4]);
    assert.deepEqual(await part(number, "available", 4, 3), [[6, 7], undefined]);
    assert.deepEqual(await part(number, "held", 0, 2), [[2, 5], undefined]);
    assert.deepEqual(await part(number, "sold", 0, 2), [[], undefined]);
    assert.deepEqual(await part(number, undefined, 5, 2), [[6, 7], undefined]);
    assert.deepEqual(await part(number, undefined, 7, 2), [[], undefined]);
    assert.equal(await views.itemsAfter(number + 1, undefined, 0, 2), undefined);
  });
});
