import assert from "node:assert/strict";
import { CouponImport } from "../../../src/storage/coupon_import.ts";
import { type NamedCoupon } from "../../../src/domain/coupon.ts";
import type { Database } from "../../../src/storage/sql.ts";
import type { Storage } from "../../../src/storage/mod.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";

function coupon(name: string, amount = 1, endsAt: number | null = null): NamedCoupon {
  return { fold: name.toLowerCase(), terms: { name, amount, startsAt: null, endsAt } };
}

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  const test = (
    behaviour: string,
    body: (imported: CouponImport, storage: Storage, database: Database) => Promise<void>,
  ) =>
    Deno.test(`CouponImport on ${name}: ${behaviour}`, async () => {
      const database = await open();
      const storage = await openTestStorage(database);
      try {
        await body(new CouponImport(database.activations), storage, database);
      } finally {
        await storage.close();
      }
    });

  test("makes what is not there, leaves what is, and says whether that is the same", async (imported, { views }) => {
    const end = Date.UTC(2030, 0, 1);
    const first = await imported.add([coupon("B", 5, end), coupon("A", 7)]);
    assert.deepEqual([...first], [["b", "made"], ["a", "made"]]);
    const again = [coupon("A", 7), coupon("B", 5, end), coupon("C")];
    assert.deepEqual([...await imported.add(again)], [["a", "same"], ["b", "same"], ["c", "made"]]);
    const others = [
      { ...coupon("A", 7), terms: { ...coupon("a").terms, amount: 7 } },
      coupon("B", 6, end),
      coupon("C", 1, end),
    ];
    assert.deepEqual([...await imported.add(others)].map(([, outcome]) => outcome), ["other", "other", "other"]);
    const { amount, remaining, endsAt } = (await views.coupon("b", 0))!;
    assert.deepEqual([amount, remaining, endsAt], [5, 5, end]);
    assert.deepEqual([...await imported.add([])], []);
  });

  test(
    "a coupon that was claimed meanwhile is the same still, one that was edited is not",
    async (imported, _, database) => {
      await imported.add([coupon("A", 7), coupon("B", 7)]);
      await database.views.query("update coupons set remaining = remaining - 1 where fold = 'a'");
      await database.views.query("update coupons set amount = 8, remaining = 8 where fold = 'b'");
      assert.deepEqual([...(await imported.add([coupon("A", 7), coupon("B", 7)])).values()], ["same", "other"]);
    },
  );
}

Deno.test("add() by eight at once of the same names, in any order: each is made once, without a deadlock", async () => {
  const database = await openTestPostgres(undefined, { activations: 8 });
  const storage = await openTestStorage(database);
  const all = Array.from({ length: 2_000 }, (_, place) => coupon(`N-${place * 7919 % 2_000}`));
  const results = await Promise.all(Array.from({ length: 8 }, (_, at) => {
    const turned = [...all.slice(at * 250), ...all.slice(0, at * 250)];
    return new CouponImport(database.activations).add(at % 2 === 0 ? turned : turned.reverse());
  }));
  const outcomes = results.flatMap((one) => [...one.values()]);
  assert.equal(outcomes.filter((outcome) => outcome === "made").length, 2_000);
  assert.equal(outcomes.filter((outcome) => outcome === "same").length, 14_000);
  await storage.close();
});
