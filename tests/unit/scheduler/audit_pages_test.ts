/** Does an audit read every page of what comes in pages, and no more once it has found enough? */
import assert from "node:assert/strict";
import type { AttemptCount, AuditPage, HoldMisfit } from "../../../src/ports/mod.ts";
import type { AuditReport } from "../../../src/ports/mod.ts";
import { audit, FINDINGS_MAX } from "../../../src/scheduler/audit.ts";
import { Pace } from "../../../src/scheduler/pace.ts";
import { ATTEMPTS, COUPON, FakeAuditRows } from "../../support/fake_audit_rows.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { NUMBER } from "../../support/sale_commands.ts";

const [BELOW_ALL, ABOVE_ALL] = [-2_147_483_648, 2_147_483_647];

function auditOf(rows: FakeAuditRows): Promise<AuditReport> {
  return audit(new Pace(rows, new FakeClock(), 1), false);
}

/** A read of pages by their keys, which notes what it is asked for. */
function paged<Key, Page>(pages: Map<Key, Page>, none: Page): { asked: Key[]; read: (key: Key) => Promise<Page> } {
  const asked: Key[] = [];
  return {
    asked,
    read(key) {
      asked.push(key);
      return Promise.resolve(pages.get(key) ?? none);
    },
  };
}

Deno.test("audit() looks at each sale from the latest back, and at each coupon in the order of their ids", async () => {
  const rows = new FakeAuditRows();
  const sale = (ago: number) => ({ number: NUMBER - ago, items: 6 });
  const sales = paged(new Map([[ABOVE_ALL, [sale(0), sale(1)]], [NUMBER - 1, [sale(2), sale(3)]]]), []);
  const coupon = (id: number) => ({ ...COUPON, id });
  const coupons = paged(new Map([[BELOW_ALL, [coupon(1), coupon(2)]], [2, [coupon(3), coupon(5)]]]), []);
  Object.assign(rows, { sales: sales.read, coupons: coupons.read });
  assert.deepEqual(await auditOf(rows), { coupons: 4, sales: 4, findings: [], busy: [] });
  assert.deepEqual(sales.asked, [ABOVE_ALL, NUMBER - 1, NUMBER - 3]);
  assert.deepEqual(coupons.asked, [BELOW_ALL, 2, 5]);
});

type Paged = "holdMisfits" | "buyerMisfits" | "ledgerMisfits" | "strayClaims";
const misfits: Record<Paged, unknown> = {
  holdMisfits: { code: "00000000-0000-0000-0000-000000000000", n: 1, hasItem: false } satisfies HoldMisfit,
  buyerMisfits: { userId: "u", purchases: 3, slots: 3, slotTop: 3, slotMax: 2 },
  ledgerMisfits: { couponId: 1, claimId: "c", isVoid: false, userId: "u", amount: "1", other: null, isHeld: false },
  strayClaims: { table: "claims", id: 9, rows: 1 },
};
for (const [name, misfit] of Object.entries(misfits)) {
  const isOfSale = name === "holdMisfits" || name === "buyerMisfits";
  const first = name === "strayClaims" ? BELOW_ALL : undefined;
  /** The keys of pages that are asked for; each page has so many misfits, and the last one no next. */
  const read = async (pages: number, perPage: number) => {
    const rows = new FakeAuditRows();
    const asked: unknown[] = [];
    const page = (...args: unknown[]): Promise<AuditPage<unknown, unknown>> => {
      const after = args.at(isOfSale ? 1 : 0);
      asked.push(after);
      const next = (after === first ? 0 : Number(after)) + 1;
      const data = Array(perPage).fill(misfit);
      return Promise.resolve({ data, next: next < pages ? name === "strayClaims" ? next : String(next) : undefined });
    };
    Object.assign(rows, { [name]: page });
    const { findings } = await auditOf(rows);
    return { asked: asked.map((after) => after === first ? "first" : Number(after)), findings: findings.length };
  };

  Deno.test(`audit() reads each page of ${name}, and what it finds there once more`, async () => {
    assert.deepEqual(await read(3, 1), { asked: ["first", 1, 2, "first", 1, 2], findings: 3 });
    assert.deepEqual(await read(3, 0), { asked: ["first", 1, 2], findings: 0 });
  });

  Deno.test(`audit() reads no further page of ${name} once it found enough`, async () => {
    const enough = isOfSale ? 20 : FINDINGS_MAX;
    const { asked, findings } = await read(5, enough / 2);
    assert.deepEqual([asked, findings], [["first", 1, "first", 1], enough]);
  });
}

Deno.test("audit() looks at no sale once it found enough rows of none", async () => {
  const rows = new FakeAuditRows();
  const strays = Array(FINDINGS_MAX).fill({ table: "items", id: 9, rows: 1 });
  Object.assign(rows, { straySaleRows: () => Promise.resolve(strays), sales: () => assert.fail("no sale is read") });
  assert.deepEqual((await auditOf(rows)).sales, 0);
});

Deno.test("audit() adds up the ranges of a sale's items", async () => {
  const sums = { numbered: 10_000, others: 0, itemsSold: 2, purchases: 2 };
  const last = { numbered: 1, others: 0, itemsSold: 1, purchases: 1 };
  const whole = { items: 10_001, sold: 3, mark: "1.1" };
  for (const [changes, counters] of [[{}, []], [{ itemsSold: 1 }, ["sold"]], [{ others: 1 }, ["items"]]] as const) {
    const rows = new FakeAuditRows();
    rows.items = whole.items;
    for (let look = 0; look < 2; look++) rows.counts.push({ ...whole, ...sums, ...changes }, { ...whole, ...last });
    assert.deepEqual((await auditOf(rows)).findings.map(({ counter }) => counter), counters);
  }
});

Deno.test("audit() looks at nothing more once it found enough", async () => {
  const rows = new FakeAuditRows();
  rows.strays = Array(FINDINGS_MAX).fill(misfits.strayClaims);
  rows.coupons = () => assert.fail("no coupon is read");
  rows.ledgerMisfits = () => assert.fail("no ledger is read");
  const { findings, sales, coupons } = await auditOf(rows);
  assert.deepEqual([findings.length, sales, coupons], [FINDINGS_MAX, 1, 0]);
});

Deno.test("audit() compares no more items of a sale once it found enough", async () => {
  for (const [perPage, ranges] of [[20, 1], [10, 2], [6, 4], [0, 5]] as const) {
    const rows = new FakeAuditRows();
    rows.items = 12_500;
    const froms: number[] = [];
    const misfit = { n: 1, sold: true, isBought: false, isHeld: false };
    Object.assign(rows, {
      itemMisfits(_number: number, from: number) {
        froms.push(from);
        return Promise.resolve(Array(perPage).fill(misfit));
      },
    });
    const looks = perPage === 0 ? 1 : 2;
    await auditOf(rows);
    const all = [BELOW_ALL, 2_500, 5_000, 7_500, 10_000].slice(0, ranges);
    assert.deepEqual(froms, Array(looks).fill(all).flat(), `${perPage} a page`);
  }
});

Deno.test("audit() adds up the pages of a sale's attempts, which begin with the first that is there", async () => {
  const page = (changes: Partial<AttemptCount>): AttemptCount => ({ ...ATTEMPTS, attempts: 25, ...changes });
  const cases: [what: string, pages: AttemptCount[], findings: number][] = [
    [
      "all are there",
      [page({ rows: 10, firstSeq: 1, lastSeq: 10, next: 10 }), page({ rows: 15, firstSeq: 11, lastSeq: 25 })],
      0,
    ],
    [
      "old ones were dropped, and the last page is empty",
      [
        page({ rows: 0, firstSeq: 0, lastSeq: 0, next: 10, mayBeDropped: true }),
        page({ rows: 10, firstSeq: 16, lastSeq: 25, next: 25, mayBeDropped: true }),
        page({ rows: 0, firstSeq: 0, lastSeq: 0, mayBeDropped: true }),
      ],
      0,
    ],
    [
      "they were dropped whole between two pages",
      [
        page({ rows: 10, firstSeq: 1, lastSeq: 10, next: 10 }),
        page({ rows: 0, firstSeq: 0, lastSeq: 0, isUnpartitioned: true }),
      ],
      0,
    ],
    [
      "one is missing of a sale without a partition of its own",
      [
        page({ rows: 10, firstSeq: 1, lastSeq: 10, next: 10, isUnpartitioned: true }),
        page({ rows: 14, firstSeq: 11, lastSeq: 25, isUnpartitioned: true }),
      ],
      1,
    ],
    [
      "one is missing in the first page",
      [page({ rows: 9, firstSeq: 1, lastSeq: 10, next: 10 }), page({ rows: 15, firstSeq: 11, lastSeq: 25 })],
      1,
    ],
  ];
  for (const [what, pages, findings] of cases) {
    const rows = new FakeAuditRows();
    const asked: number[] = [];
    Object.assign(rows, {
      attempts(_number: number, after: number) {
        asked.push(after);
        return Promise.resolve(pages[(asked.length - 1) % pages.length]);
      },
    });
    assert.equal((await auditOf(rows)).findings.length, findings, what);
    const keys = [0, ...pages.slice(0, -1).map(({ next }) => next!)];
    assert.deepEqual(asked, Array(findings + 1).fill(keys).flat(), what);
  }
});

Deno.test("audit() adds up the pages of a coupon's claims, each thing for itself", async () => {
  const whole = { ...COUPON, amount: 30, remaining: 10, seq: 25, next: undefined };
  const first = { ...whole, claims: 12, numbers: 12, lastSeq: 12, next: 12 };
  const second = { ...whole, claims: 8, numbers: 8, lastSeq: 25 };
  const cases: [Partial<typeof second>, counters: string[]][] = [
    [{}, []],
    [{ numbers: 7 }, ["claims.seq"]],
    [{ uncredited: 1 }, ["wallet_entries"]],
    [{ lastSeq: 26 }, ["seq"]],
  ];
  for (const [changes, counters] of cases) {
    for (const wrong of [0, 1]) {
      const rows = new FakeAuditRows();
      rows.coupon = { ...whole, next: 12 };
      const pages = [first, second].map((page, at) => {
        const { lastSeq, numbers, uncredited } = changes;
        if (at !== wrong) return page;
        return {
          ...page,
          numbers: numbers === undefined ? page.numbers : page.numbers - 1,
          uncredited: uncredited ?? page.uncredited,
          lastSeq: lastSeq ?? page.lastSeq,
        };
      });
      const asked: number[] = [];
      Object.assign(rows, {
        claims(_id: number, after: number) {
          asked.push(after);
          return Promise.resolve(after === 0 ? pages[0] : pages[1]);
        },
      });
      const { findings } = await auditOf(rows);
      assert.deepEqual(findings.map(({ counter }) => counter), counters, `page ${wrong}: ${JSON.stringify(changes)}`);
      assert.deepEqual(asked, counters.length > 0 ? [0, 12, 0, 12] : [0, 12]);
    }
  }
});

Deno.test("audit() takes a coupon or a sale that is gone meanwhile for what it is", async () => {
  const rows = new FakeAuditRows();
  rows.coupon = { ...COUPON, next: 100 };
  const gone = () => Promise.resolve(undefined);
  Object.assign(rows, { claims: gone, saleCount: gone, attempts: gone });
  assert.deepEqual(await auditOf(rows), { coupons: 1, sales: 1, findings: [], busy: [] });
});
