import assert from "node:assert/strict";
import type { AttemptCount, CouponCount, SaleCount } from "../../../src/ports/mod.ts";
import type { AuditReport } from "../../../src/ports/mod.ts";
import { audit } from "../../../src/scheduler/audit.ts";
import { compareCoupon } from "../../../src/scheduler/coupon_audit.ts";
import { LOOKS_MAX } from "../../../src/scheduler/finding.ts";
import { Pace } from "../../../src/scheduler/pace.ts";
import { rangesOf } from "../../../src/scheduler/sale_audit.ts";
import { compareAttempts, compareSale } from "../../../src/scheduler/sale_compare.ts";
import { ATTEMPTS, COUPON, FakeAuditRows, SALE } from "../../support/fake_audit_rows.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { KEY, NUMBER } from "../../support/sale_commands.ts";

function auditOf(rows: FakeAuditRows): Promise<AuditReport> {
  return audit(new Pace(rows, new FakeClock(), 1), false);
}

Deno.test("compareCoupon() names the counter that its claims contradict", () => {
  const cases: [Partial<CouponCount>, string[]][] = [
    [{}, []],
    [{ remaining: 6 }, ["remaining"]],
    [{ remaining: 8 }, ["remaining"]],
    [{ claims: 4, numbers: 4 }, ["remaining"]],
    [{ amount: 2, remaining: -1 }, ["remaining"]],
    [{ remaining: 13, claims: -3, numbers: -3 }, ["remaining"]],
    [{ seq: 4 }, ["seq"]],
    [{ numbers: 2 }, ["claims.seq"]],
    [{ remaining: 0, seq: 0, numbers: 1 }, ["remaining", "seq", "claims.seq"]],
  ];
  for (const [changes, counters] of cases) {
    const found = compareCoupon({ ...COUPON, ...changes });
    assert.deepEqual(found.map(({ counter }) => counter), counters, JSON.stringify(changes));
    for (const { object } of found) assert.equal(object, "coupon Promo");
  }
});

Deno.test("compareSale() names the counter that its items or purchases contradict", () => {
  const cases: [Partial<SaleCount>, string[]][] = [
    [{}, []],
    [{ sold: 3 }, ["sold"]],
    [{ purchases: 1 }, ["sold"]],
    [{ itemsSold: 1 }, ["sold"]],
    [{ numbered: 5 }, ["items"]],
    [{ others: 1 }, ["items"]],
    [{ items: 7, sold: 1 }, ["sold", "items"]],
  ];
  for (const [changes, counters] of cases) {
    const found = compareSale(NUMBER, { ...SALE, ...changes });
    assert.deepEqual(found.map(({ counter }) => counter), counters, JSON.stringify(changes));
    for (const { object } of found) assert.equal(object, `sale ${KEY}`);
  }
});

Deno.test("compareAttempts() wants every number, but for those that were dropped by age", () => {
  const none = { rows: 0, firstSeq: 0, lastSeq: 0 };
  const cases: [Partial<AttemptCount>, boolean][] = [
    [{}, true],
    [{ attempts: 0, ...none }, true],
    [{ attempts: 8 }, false],
    [{ attempts: 6 }, false],
    [{ rows: 6 }, false],
    [{ rows: 6, firstSeq: 2 }, false],
    [{ rows: 6, firstSeq: 2, mayBeDropped: true }, true],
    [{ rows: 5, firstSeq: 2, mayBeDropped: true }, false],
    [none, false],
    [{ ...none, mayBeDropped: true }, true],
  ];
  for (const [changes, exact] of cases) {
    assert.equal(compareAttempts(NUMBER, { ...ATTEMPTS, ...changes }).length === 0, exact, JSON.stringify(changes));
  }
});

Deno.test("rangesOf() puts every number into one range", () => {
  const [min, max] = [-2_147_483_648, 2_147_483_647];
  assert.deepEqual([...rangesOf(1, 10)], [[min, max]]);
  assert.deepEqual([...rangesOf(10, 10)], [[min, max]]);
  assert.deepEqual([...rangesOf(11, 10)], [[min, 10], [10, max]]);
  assert.deepEqual([...rangesOf(30, 10)], [[min, 10], [10, 20], [20, max]]);
});

Deno.test("audit() reports how much it looked at", async () => {
  assert.deepEqual(await auditOf(new FakeAuditRows()), { coupons: 1, sales: 1, findings: [], busy: [] });
});

Deno.test("audit() believes a difference that a second look finds too", async () => {
  const rows = new FakeAuditRows();
  rows.coupon = { ...COUPON, remaining: 6 };
  const { findings } = await auditOf(rows);
  assert.deepEqual(findings, [{ object: "coupon Promo", counter: "remaining", says: "6 of 10", rows: "3 claims" }]);
});

Deno.test("audit() does not believe a difference that one look found", async () => {
  const rows = new FakeAuditRows();
  rows.counts.push({ ...SALE, sold: 3 });
  assert.deepEqual((await auditOf(rows)).findings, []);
  assert.equal(rows.counts.length, 0, "it was seen");
});

Deno.test("audit() adds up a coupon's pages while claims come, by the counters of the last one", async () => {
  const rows = new FakeAuditRows();
  rows.coupon = { ...COUPON, next: 100 };
  rows.pages.push({ ...COUPON, claims: 2, numbers: 2, next: 100 });
  rows.pages.push({ ...COUPON, remaining: 5, seq: 102, claims: 3, numbers: 3, lastSeq: 102 });
  assert.deepEqual(await auditOf(rows), { coupons: 1, sales: 1, findings: [], busy: [] });
  assert.equal(rows.pages.length, 0);
});

Deno.test("audit() looks again at what moved between two pages, and tells it as busy where it never held still", async () => {
  const page = (mark: string, next: number | undefined): CouponCount => ({ ...COUPON, mark, remaining: 6, next });
  const moving = (looks: number) => {
    const rows = new FakeAuditRows();
    rows.coupon = { ...COUPON, next: 100 };
    for (let look = 0; look < looks; look++) rows.pages.push(page(`${look}`, 100), page(`${look}+`, undefined));
    rows.pages.push({ ...COUPON, claims: 1, numbers: 1, next: 100 }, { ...COUPON, claims: 2, numbers: 2 });
    return rows;
  };
  assert.deepEqual(await auditOf(moving(LOOKS_MAX - 1)), { coupons: 1, sales: 1, findings: [], busy: [] });
  assert.deepEqual((await auditOf(moving(LOOKS_MAX))).busy, ["coupon Promo"]);
});

Deno.test("audit() tells a sale of many pages that moves as busy, once", async () => {
  const rows = new FakeAuditRows();
  rows.items = 10_001;
  for (let turn = 0; turn < 2 * LOOKS_MAX; turn++) rows.counts.push({ ...SALE, mark: `1.${turn}` });
  assert.deepEqual(await auditOf(rows), { coupons: 1, sales: 1, findings: [], busy: [`sale ${KEY}`] });
});

Deno.test("audit() fails where a read does", async () => {
  const rows = new FakeAuditRows();
  rows.onRead = () => {
    if (rows.reads === 5) throw new Error("as the test wants it");
  };
  await assert.rejects(auditOf(rows), /as the test wants it/);
});
