import assert from "node:assert/strict";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import type { SaleRefusal } from "../../../src/domain/sale_kind.ts";
import { RETRY, SaleOpener } from "../../../src/scheduler/sale_opener.ts";
import { hours, makeOpeners, withOpeners } from "../../support/openers.ts";
import { gate } from "../../support/world.ts";

const MINUTE_MS = 60_000;

Deno.test("storage fails: it is told, tried again with growing waits, and made up for as soon as storage is back", async () => {
  const made = makeOpeners({});
  const { clock, sales, openers: [opener], opened, failed } = made;
  sales.failure = { code: "storage_unavailable", when: "before" };
  opener!.start();
  await clock.advance(3_000);
  assert(!opener!.ready);
  assert.deepEqual(sales.keys, []);
  const rounds = failed.filter(({ key }) => key === "2026-11-21T10Z").map(({ at }) => at - clock.epoch);
  // Waits of 250, 500, 1,000, 2,000 … with the fake clock's jitter of 0.5 over their upper half.
  assert.deepEqual(rounds, [0, 187.5, 562.5, 1_312.5, 2_812.5]);
  assert(failed.every(({ error }) => (error as { code: string }).code === "storage_unavailable"));
  sales.failure = undefined;
  await clock.advance(RETRY.maxMs);
  assert.deepEqual(sales.keys, hours("10", "11"));
  assert.deepEqual(opened, hours("10", "11"));
  assert(opener!.ready);
  await opener!.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("storage fails from 10:50 to 12:10: 11:00, lived through, is made up for after the current sale", () =>
  withOpeners({ ahead: 0 }, async ({ clock, sales, openers, failed }) => {
    await clock.advance(30 * MINUTE_MS);
    sales.failure = { code: "storage_unavailable", when: "before" };
    await clock.advance(80 * MINUTE_MS);
    assert.equal(failed[0]!.at, Date.UTC(2026, 10, 21, 11), "at the hour, not a look later");
    assert.equal(failed.find(({ key }) => key === "2026-11-21T12Z")!.at, Date.UTC(2026, 10, 21, 12));
    assert(!openers[0]!.ready);
    sales.failure = undefined;
    const before = sales.asked.length;
    await clock.advance(RETRY.maxMs);
    assert.deepEqual(sales.asked.slice(before).map(({ key }) => key), hours("12", "11"));
    assert.deepEqual(sales.keys, hours("10", "11", "12"));
    assert(openers[0]!.ready);
  }));

Deno.test("one sale cannot be made: the others are, and it is tried on", () =>
  withOpeners({ ahead: 2 }, async ({ clock, sales, openers, failed }) => {
    sales.failure = { code: "data_error", when: "before", of: "2026-11-21T13Z" };
    await clock.advance(2 * HOUR_MS);
    assert.deepEqual(sales.keys, hours("10", "11", "12", "14"));
    assert(failed.length > 10 && failed.every(({ key }) => key === "2026-11-21T13Z"));
    assert(openers[0]!.ready, "12:00 is there");
    sales.failure = undefined;
    await clock.advance(RETRY.maxMs);
    assert.deepEqual(sales.keys, hours("10", "11", "12", "13", "14"));
    const asked = sales.asked.length;
    await clock.advance(30 * MINUTE_MS);
    assert.equal(sales.asked.length, asked, "and then no more");
  }));

Deno.test("an answer is lost after the sale was made: the next ask finds it", () =>
  withOpeners({}, async ({ clock, sales, openers, opened, failed }) => {
    sales.failure = { code: "storage_unavailable", when: "after" };
    await clock.advance(40 * MINUTE_MS);
    assert.deepEqual(sales.keys, hours("10", "11", "12"));
    assert.deepEqual(failed.map(({ key }) => key), hours("12"));
    sales.failure = undefined;
    await clock.advance(HOUR_MS);
    assert(openers[0]!.ready);
    assert.deepEqual(opened, hours("10", "11", "13"), "who made 12:00 is not known");
  }));

Deno.test("a refusal that does not say that the sale exists is told and tried again; one that does is no failure", async () => {
  const refusals: SaleRefusal[] = ["sale_not_found", "paused", "sale_exists"];
  for (const refusal of refusals) {
    const exists = refusal === "sale_exists";
    const { clock, sales } = makeOpeners({});
    const opened: string[] = [];
    const failed: [key: string, message: string][] = [];
    let asked = 0;
    sales.ask = () =>
      Promise.resolve(asked++ < 2 ? { kind: "refused", refusal } : { kind: "refused", refusal: "sale_exists" });
    const opener = new SaleOpener(sales, clock, { items: 1, ahead: 1 }, {
      opened: (key) => void opened.push(key),
      failed: (key, error) => void failed.push([key, (error as Error).message]),
    });
    opener.start();
    await clock.advance(0);
    assert.equal(opener.ready, exists, refusal);
    const told = hours("10", "11").map((key) => [key, `Cannot open the sale ${key} as it refuses: ${refusal}`]);
    assert.deepEqual(failed, exists ? [] : told);
    await clock.advance(RETRY.minMs);
    assert(opener.ready);
    assert.deepEqual([asked, opened], [exists ? 2 : 4, []]);
    await opener.stop();
  }
});

Deno.test("stop() while a sale is asked for: none is asked for after it", async () => {
  const { clock, sales, openers: [opener] } = makeOpeners({ ahead: 3 });
  const { promise, open } = gate();
  sales.gate = promise;
  opener!.start();
  await clock.advance(0);
  const stopped = opener!.stop();
  open();
  await stopped;
  assert.deepEqual([sales.asked.length, clock.timers], [1, 0]);
});
