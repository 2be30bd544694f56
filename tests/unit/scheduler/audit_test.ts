/** Does an audit look at everything, page by page, and believe what it finds only when it finds it again? */
import assert from "node:assert/strict";
import type { AuditCheck, AuditPage, AuditReport } from "../../../src/ports/mod.ts";
import { audit, FINDINGS_MAX, LOOKS_MAX } from "../../../src/scheduler/audit.ts";
import { Pace } from "../../../src/scheduler/pace.ts";
import { FakeAuditRows, FINDING, page } from "../../support/fake_audit_rows.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { KEY, NUMBER } from "../../support/sale_commands.ts";

const EXACT: AuditReport = { coupons: 1, sales: 1, findings: [], busy: [] };
const MOVED: AuditPage = { hasMoved: true, findings: [], next: undefined };
/** How much of one check is enough. */
const CHECKS: Record<AuditCheck, number> = {
  ...{ claims: FINDINGS_MAX, ledger: FINDINGS_MAX, stray_claims: FINDINGS_MAX },
  ...{ sale: 20, items: 20, holds: 20, buyers: 20, attempts: 20 },
  ...{ stray_sale_rows: Infinity, stray_attempts: Infinity },
};

function auditOf(rows: FakeAuditRows): Promise<AuditReport> {
  return audit(new Pace(rows, new FakeClock(), 1), false);
}

/** The places that a check was read at; undefined is its first. */
function placesOf({ asked }: FakeAuditRows, check: AuditCheck): unknown[] {
  return asked.filter((one) => one.check === check).map(({ place }) => place?.[0]);
}

Deno.test("audit() makes each check of each object once where nothing is wrong, and says how much it looked at", async () => {
  const rows = new FakeAuditRows();
  rows.partitions = [7];
  assert.deepEqual(await auditOf(rows), EXACT);
  assert.deepEqual(rows.asked, [
    { check: "stray_sale_rows" },
    { check: "stray_attempts", id: 7 },
    ...(["sale", "items", "holds", "buyers", "attempts"] as const).map((check) => ({ check, id: NUMBER })),
    { check: "stray_claims" },
    { check: "claims", id: 1 },
    { check: "ledger" },
  ]);
});

Deno.test("audit() looks at each sale from the latest back, and at each suspect coupon in the order of their ids", async () => {
  const rows = new FakeAuditRows();
  const sale = (ago: number) => ({ number: NUMBER - ago, name: `sale ${ago}` });
  rows.salePages = [[sale(0), sale(1)], [sale(2), sale(3)]];
  const coupon = (id: number) => ({ id, name: `c${id}`, isSuspect: id !== 2 });
  rows.couponPages = [[coupon(1), coupon(2)], [coupon(3), coupon(5)]];
  assert.deepEqual(await auditOf(rows), { ...EXACT, coupons: 4, sales: 4 });
  const idsOf = (check: AuditCheck) => rows.asked.filter((one) => one.check === check).map(({ id }) => id);
  assert.deepEqual(idsOf("items"), [0, 1, 2, 3].map((ago) => NUMBER - ago));
  assert.deepEqual(idsOf("claims"), [1, 3, 5]);
});

for (const [name, enough] of Object.entries(CHECKS)) {
  const check = name as AuditCheck;
  const rowsWith = (...pages: AuditPage[]) => {
    const rows = new FakeAuditRows();
    rows.partitions = [7];
    rows.next(check, ...pages);
    return rows;
  };

  Deno.test(`audit() believes what ${check} finds where a second look finds it too`, async () => {
    const twice = rowsWith(page([FINDING]), page([FINDING]));
    assert.deepEqual(await auditOf(twice), { ...EXACT, findings: [FINDING] });
    const once = rowsWith(page([FINDING]));
    assert.deepEqual(await auditOf(once), EXACT);
    assert.equal(placesOf(once, check).length, 2);
  });

  if (enough === Infinity) continue; // they have one page

  Deno.test(`audit() reads each page of ${check}, and all of them once more where it found something`, async () => {
    const pages = () => [page([], ["b"]), page([FINDING], ["c"]), page()];
    const rows = rowsWith(...pages(), ...pages());
    assert.deepEqual((await auditOf(rows)).findings, [FINDING]);
    assert.deepEqual(placesOf(rows, check), [undefined, "b", "c", undefined, "b", "c"]);
  });

  Deno.test(`audit() reads no further page of ${check} once it found enough`, async () => {
    const half = page(Array(enough / 2).fill(FINDING), ["b"]);
    const rows = rowsWith(half, half, half, half, half);
    assert.equal((await auditOf(rows)).findings.length, enough);
    assert.deepEqual(placesOf(rows, check), [undefined, "b", undefined, "b"]);
  });

  Deno.test(`audit() begins ${check} again where the object moved, and tells it as busy, once, where it never held still`, async () => {
    const moving = (looks: number) =>
      rowsWith(...Array(looks).fill([page([], ["b"]), MOVED]).flat(), page([], ["b"]), page());
    assert.deepEqual(await auditOf(moving(LOOKS_MAX - 1)), EXACT);
    const { busy } = await auditOf(moving(LOOKS_MAX));
    const [object] = [
      ...check === "claims" ? ["coupon Promo"] : [],
      ...check === "ledger" ? ["entries of wallets"] : [],
      ...check === "stray_claims" ? ["claims without a coupon"] : [],
      `sale ${KEY}`,
    ];
    assert.deepEqual(busy, [object]);
  });
}

Deno.test("audit() tells a sale of which several checks never held still as busy, once", async () => {
  const rows = new FakeAuditRows();
  for (const check of ["sale", "attempts"] as const) rows.next(check, ...Array(LOOKS_MAX).fill(MOVED));
  assert.deepEqual(await auditOf(rows), { ...EXACT, busy: [`sale ${KEY}`] });
});

Deno.test("audit() looks at nothing more once it found enough", async () => {
  const enough = Array(FINDINGS_MAX).fill(FINDING);
  const cases = [["stray_sale_rows", 0, 0], ["stray_claims", 1, 0], ["claims", 1, 1]] as const;
  for (const [check, sales, coupons] of cases) {
    const rows = new FakeAuditRows();
    rows.always(check, enough);
    assert.deepEqual(await auditOf(rows), { sales, coupons, findings: enough, busy: [] });
    assert.equal(rows.asked.at(-1)!.check, check);
  }
});

Deno.test("audit() fails where a read does", async () => {
  const rows = new FakeAuditRows();
  rows.onRead = () => {
    if (rows.reads === 5) throw new Error("as the test wants it");
  };
  await assert.rejects(auditOf(rows), /as the test wants it/);
});
