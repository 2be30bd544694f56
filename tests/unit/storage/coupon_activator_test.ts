/** What becomes of those who wait for an activation that fails, or for one statement too many? */
import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { CouponActivator } from "../../../src/storage/coupon_activator.ts";
import { NotConnected, type Row, type Sql } from "../../../src/storage/sql.ts";
import { settle } from "../../support/fake_clock.ts";

const NOW = Date.UTC(2026, 10, 21, 14);
const AMOUNT = 100_000;

/** A database of coupons named `c` and a number: none has a claim, but `c0`, which has as many as are asked for. */
class FakeSql implements Sql {
  /** The folds of each statement that raised epochs. */
  readonly raised: string[][] = [];
  /** Names of the statements so far. */
  readonly sent: (string | undefined)[] = [];
  failing: string | undefined;
  gate: Promise<void> = Promise.resolve();

  async query(_text: string, params: readonly unknown[] = [], name?: string): Promise<Row[]> {
    this.sent.push(name);
    await this.gate;
    if (name === this.failing) throw new NotConnected("nobody listens");
    switch (name) {
      case "raise": {
        const folds = params[0] as string[];
        this.raised.push(folds);
        return folds.map((fold) => {
          const counts = [AMOUNT, fold === "c0" ? 0 : AMOUNT];
          const coupon = [fold, ...counts, false, null, null, 0, 0, ...Array(7).fill(null)];
          return [Number(fold.slice(1)), 1, 0, fold, 0, 0, ...coupon];
        });
      }
      case "read":
        return [[1, "u", null, 100, 100, null, 0]];
      default:
        return [[1, "u", null, 4_100, 4_000]];
    }
  }
}

function fateOf(error: unknown): string {
  return error instanceof Fault ? error.code : String(error);
}

for (const failing of ["raise", "read", "read_page"]) {
  Deno.test(`activate() is a fault for all who wait where ${failing} fails; the next goes through`, async () => {
    const sql = new FakeSql();
    const activator = new CouponActivator(sql, "a");
    sql.failing = failing;
    const fates = await Promise.all([0, 0].map(() => activator.activate("c0", NOW).then(() => "awake", fateOf)));
    assert.deepEqual(fates, ["storage_unavailable", "storage_unavailable"]);
    sql.failing = undefined;
    assert.equal((await activator.activate("c7", NOW))!.handle.id, 7);
  });
}

Deno.test("activate() joins those who wait into two statements at once, of 1,000 coupons each at most", async () => {
  const sql = new FakeSql();
  const { promise, resolve } = Promise.withResolvers<void>();
  sql.gate = promise;
  const activator = new CouponActivator(sql, "a");
  const wake = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, place) => activator.activate(`c${from + place}`, NOW));
  const awake = wake(1, 2_501);
  await settle();
  awake.push(...wake(2_501, 2_601));
  await settle();
  assert.deepEqual(sql.sent, ["raise", "raise"]);
  resolve();
  const ids = (await Promise.all(awake)).map((activation) => activation!.handle.id);
  assert.deepEqual(ids, Array.from({ length: 2_600 }, (_, place) => place + 1));
  assert.deepEqual(sql.raised.map(({ length }) => length), [1_000, 1_000, 600]);
});
