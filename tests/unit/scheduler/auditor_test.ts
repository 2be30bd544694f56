import assert from "node:assert/strict";
import type { AuditReport } from "../../../src/ports/mod.ts";
import { AUDIT_SHARE, Auditor } from "../../../src/scheduler/auditor.ts";
import { FakeAuditRows, FINDING } from "../../support/fake_audit_rows.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { gate } from "../../support/world.ts";

const EVERY_MS = 600_000;

interface Made {
  readonly clock: FakeClock;
  readonly rows: FakeAuditRows;
  readonly auditor: Auditor;
  readonly reports: AuditReport[];
  readonly failures: unknown[];
}

async function withAuditor(everyMs: number, body: (made: Made) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const rows = new FakeAuditRows();
  const reports: AuditReport[] = [];
  const failures: unknown[] = [];
  const auditor = new Auditor(rows, clock, everyMs, {
    audited: (report) => void reports.push(report),
    failed: (error) => void failures.push(error),
  });
  auditor.start();
  await body({ clock, rows, auditor, reports, failures });
  await auditor.stop();
  assert.equal(clock.timers, 0, "no timer is left");
}

Deno.test("the auditor audits after a part of its wait, then each time so long after the last end", async () => {
  await withAuditor(EVERY_MS, async ({ clock, rows, reports }) => {
    await clock.advance(EVERY_MS / 2 - 1);
    assert.equal(rows.reads, 0);
    await clock.advance(1);
    assert.equal(reports.length, 1);
    await clock.advance(3 * EVERY_MS);
    assert.equal(reports.length, 4);
    assert.deepEqual(reports[3], { coupons: 1, sales: 1, findings: [], busy: [] });
  });
});

Deno.test("the auditor audits never where it should never", async () => {
  await withAuditor(0, async ({ clock, rows }) => {
    await clock.advance(24 * 3_600_000);
    assert.equal(rows.reads, 0);
  });
});

Deno.test("the auditor rests after each read for as long as keeps to its share of the time", async () => {
  await withAuditor(EVERY_MS, async ({ clock, rows, reports }) => {
    const readAt: number[] = [];
    rows.onRead = async () => {
      readAt.push(clock.now());
      if (readAt.length > 1) return;
      await new Promise<void>((resolve) => clock.after(10, resolve));
    };
    await clock.advance(EVERY_MS / 2);
    await clock.advance(10);
    assert.equal(readAt.length, 1, "it rests");
    await clock.advance(EVERY_MS / 2);
    assert.equal(readAt[1]! - readAt[0]!, 10 / AUDIT_SHARE);
    assert.equal(reports.length, 1);
  });
});

Deno.test("the auditor tells of a read that failed, and audits again", async () => {
  await withAuditor(EVERY_MS, async ({ clock, rows, reports, failures }) => {
    rows.onRead = () => {
      if (failures.length === 0) throw new Error("as the test wants it");
    };
    await clock.advance(EVERY_MS / 2);
    assert.equal(failures.length, 1);
    await clock.advance(EVERY_MS);
    assert.deepEqual([reports.length, failures.length], [1, 1]);
  });
});

Deno.test("stop() waits for the read under way, begins no other, and is no failure", async () => {
  await withAuditor(EVERY_MS, async ({ clock, rows, auditor, reports, failures }) => {
    const { promise, open } = gate();
    rows.onRead = () => promise;
    await clock.advance(EVERY_MS / 2);
    assert.equal(rows.reads, 1);
    let stopped = false;
    const stopping = auditor.stop().then(() => stopped = true);
    await settle();
    assert.equal(stopped, false);
    open();
    await stopping;
    assert.deepEqual([rows.reads, reports.length, failures.length], [1, 0, 0]);
  });
});

Deno.test("stop() ends a rest", async () => {
  await withAuditor(EVERY_MS, async ({ clock, rows, auditor }) => {
    rows.onRead = () => new Promise<void>((resolve) => void clock.after(10, resolve));
    await clock.advance(EVERY_MS / 2 + 10);
    assert.deepEqual([rows.reads, clock.timers], [1, 1], "it rests");
    await auditor.stop();
    assert.equal(rows.reads, 1);
  });
});

Deno.test("an audit that is asked for is of everything, one at a time, beside those on schedule", async () => {
  await withAuditor(EVERY_MS, async ({ clock, rows, auditor, reports }) => {
    const held = gate();
    rows.onRead = () => held.promise;
    const asked = auditor.auditNow(new AbortController().signal);
    await assert.rejects(auditor.auditNow(new AbortController().signal), { name: "Fault", code: "overloaded" });
    held.open();
    const advancing = clock.advance(EVERY_MS / 2);
    assert.deepEqual(await asked, { coupons: 1, sales: 1, findings: [], busy: [] });
    await advancing;
    assert.equal(reports.length, 1);
    rows.onRead = () => {};
    rows.always("claims", [FINDING]);
    const again = auditor.auditNow(new AbortController().signal);
    await clock.advance(1_000);
    assert.equal((await again).findings.length, 1);
  });
});

Deno.test("an audit that is asked for ends with whoever asked, and with the node", async () => {
  await withAuditor(0, async ({ clock, rows, auditor }) => {
    const asker = new AbortController();
    rows.onRead = () => asker.abort();
    await assert.rejects(auditor.auditNow(asker.signal), { name: "Fault", code: "stopping" });
    assert.equal(rows.reads, 1);
    await assert.rejects(auditor.auditNow(asker.signal), { name: "Fault", code: "stopping" });
    assert.equal(rows.reads, 1);
    rows.onRead = () => auditor.stop();
    await assert.rejects(auditor.auditNow(new AbortController().signal), { name: "Fault", code: "stopping" });
    assert.equal(rows.reads, 2);
    await assert.rejects(auditor.auditNow(new AbortController().signal), { name: "Fault", code: "stopping" });
    assert.equal(clock.timers, 0);
  });
});
