import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { BulkMaker, type BulkPace, drawCodes, LOOK_MS } from "../../../src/scheduler/bulk_maker.ts";
import { randomBelow } from "../../../src/scheduler/random_below.ts";
import { parsePattern, UNGUESSABLE } from "../../../src/domain/code_pattern.ts";
import { normalizeName } from "../../../src/domain/name_key.ts";
import { addJob, bulkRequest } from "../../contracts/bulk_contract.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { randomFrom } from "../../../tools/random.ts";
import { MemoryBulk } from "../../support/memory_bulk.ts";

const PACE: BulkPace = { batch: 100, perSecond: 1_000 };
const WIDE = "W-????-####";
const LEASE_MS = 5_000;

interface Told {
  readonly finished: [id: number, made: number, failure: string | undefined][];
  readonly failed: unknown[];
}

interface World {
  readonly clock: FakeClock;
  readonly bulk: MemoryBulk;
  readonly told: Told;
  /** Starts a maker of its own. */
  maker(): BulkMaker;
  /** What each job is at: state and coupons made. */
  at(): Promise<string[]>;
}

async function withWorld(body: (world: World) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const bulk = new MemoryBulk(clock);
  const told: Told = { finished: [], failed: [] };
  const makers: BulkMaker[] = [];
  const random = randomFrom(1); // of 1,000 codes that are truly random two may be the same
  await body({
    clock,
    bulk,
    told,
    maker() {
      const maker = new BulkMaker(bulk, clock, PACE, random, {
        finished: ({ id, made }, failure) => void told.finished.push([id, made, failure]),
        failed: (error) => void told.failed.push(error),
      });
      makers.push(maker);
      maker.start();
      return maker;
    },
    async at() {
      const { data } = await bulk.jobs(0, 100);
      return data.map(({ state, made }) => `${state} ${made}`).reverse();
    },
  });
  for (const maker of makers) await maker.stop();
  assert.equal(clock.timers, 0, "no timer is left");
}

Deno.test("a job that was added is made within a second and its time, at the pace, and told once", async () => {
  await withWorld(async ({ bulk, clock, told, maker, at }) => {
    maker();
    await clock.advance(300);
    await addJob(bulk, bulkRequest(2_000, WIDE));
    await clock.advance(LOOK_MS);
    await clock.advance(700);
    const [, made] = (await at())[0]!.split(" ");
    assert(Number(made) >= 900 && Number(made) <= 1_100, `${made} in a second, less what was waited`);
    await clock.advance(1_200);
    assert.deepEqual(await at(), ["done 2000"]);
    assert.deepEqual(told, { finished: [[1, 2_000, undefined]], failed: [] });
    assert.equal(new Set([...bulk.coupons.keys()]).size, 2_000);
  });
});

Deno.test("a database that is slow is given half as much rest as each batch took", async () => {
  await withWorld(async ({ bulk, clock, maker, at }) => {
    await addJob(bulk, bulkRequest(10_000, WIDE));
    const make = bulk.make.bind(bulk);
    bulk.make = async (job, codes) => {
      await new Promise<void>((resolve) => clock.after(200, resolve));
      return await make(job, codes);
    };
    maker();
    await clock.advance(3_250);
    assert.deepEqual(await at(), ["running 1100"]);
    await bulk.cancel(1);
    await clock.advance(1_000);
  });
});

Deno.test("a small job does not wait for a large one: they take turns", async () => {
  await withWorld(async ({ bulk, clock, told, maker, at }) => {
    await addJob(bulk, bulkRequest(100_000, WIDE));
    maker();
    await clock.advance(5_000);
    await addJob(bulk, bulkRequest(200, null));
    await clock.advance(LOOK_MS + 500);
    assert.deepEqual(told.finished, [[2, 200, undefined]]);
    assert.match((await at())[0]!, /^running \d{4}$/);
    await bulk.cancel(1);
    await clock.advance(LOOK_MS);
    const after = await at();
    await clock.advance(5_000);
    assert.deepEqual(await at(), after, "a job that was cancelled is left alone");
  });
});

Deno.test("of three nodes one works; where it stops another goes on at once, where it is cut off after the lease", async () => {
  await withWorld(async ({ bulk, clock, told, maker }) => {
    await addJob(bulk, bulkRequest(20_000, WIDE));
    const first = maker();
    maker();
    await clock.advance(2_000);
    const alone = bulk.coupons.size;
    assert(alone <= 2_100, `${alone}: one node's pace`);
    await first.stop();
    await clock.advance(2_000);
    const after = bulk.coupons.size;
    assert(after >= alone + 900 && after <= alone + 2_100, `${after - alone} by the second`);
    // It is cut off: as a frozen one whose leases ran out, and were taken by a third.
    const lease = bulk.lease.bind(bulk);
    bulk.expire();
    assert.equal((await lease("third")).length, 1);
    await clock.advance(LEASE_MS - 1_000);
    assert.equal(bulk.coupons.size, after, "nothing is made beside the third");
    maker();
    await clock.advance(LEASE_MS + LOOK_MS + 20_000);
    assert.deepEqual(told.finished, [[1, 20_000, undefined]]);
    assert.equal(bulk.coupons.size, 20_000);
  });
});

Deno.test("while storage does not answer nothing is made, each second it is tried again, and no count is lost", async () => {
  await withWorld(async ({ bulk, clock, told, maker, at }) => {
    await addJob(bulk, bulkRequest(1_000, WIDE));
    maker();
    await clock.advance(350);
    const fault = bulk.failure = new Fault("storage_unavailable", "as the test wants it");
    await clock.advance(3_000);
    bulk.failure = undefined;
    assert.deepEqual(told.failed, [fault, fault, fault, fault].slice(0, told.failed.length));
    assert(told.failed.length >= 3, `${told.failed.length} tries`);
    await clock.advance(3_000);
    assert.deepEqual(await at(), ["done 1000"]);
    assert.equal(bulk.coupons.size, 1_000);
  });
});

Deno.test("a pattern all of whose codes are taken fails the job and says so; one that has a single one left does not", async () => {
  await withWorld(async ({ bulk, clock, told, maker }) => {
    for (const digit of "2345678") bulk.coupons.set(`p${digit}`, { name: `P${digit}`, job: null });
    await addJob(bulk, bulkRequest(1, "P#"));
    await addJob(bulk, bulkRequest(1, "P#"));
    maker();
    await clock.advance(10_000);
    // Chance says whose turn draws it.
    const [lucky, other] = bulk.coupons.get("p9")?.job === 1 ? [1, 2] : [2, 1];
    assert.deepEqual(told.finished, [[lucky, 1, undefined], [other, 0, "pattern_exhausted"]]);
    assert.equal(bulk.coupons.get("p9")?.job, lucky);
    assert.equal((await bulk.job(other))?.failure, "pattern_exhausted");
  });
});

Deno.test("coupons that cannot be stored at all fail the job, and others go on", async () => {
  await withWorld(async ({ bulk, clock, told, maker, at }) => {
    await addJob(bulk, bulkRequest(100, WIDE));
    await addJob(bulk, bulkRequest(100, WIDE));
    const make = bulk.make.bind(bulk);
    const fault = new Fault("data_error", "as the test wants it");
    bulk.make = (job, codes) => job.id === 1 ? Promise.reject(fault) : make(job, codes);
    maker();
    await clock.advance(5_000);
    assert.deepEqual(await at(), ["failed 0", "done 100"]);
    assert.deepEqual(told, { finished: [[1, 0, "data_error"], [2, 100, undefined]], failed: [fault] });
  });
});

Deno.test("coupons that could not be stored now fail no job: they are made once storage answers", async () => {
  await withWorld(async ({ bulk, clock, told, maker, at }) => {
    await addJob(bulk, bulkRequest(100, WIDE));
    const make = bulk.make.bind(bulk);
    const faults = [new Fault("storage_unavailable", "as the test wants it"), new Error("a bug")];
    let tries = 0;
    bulk.make = (job, codes) => tries < faults.length ? Promise.reject(faults[tries++]) : make(job, codes);
    maker();
    await clock.advance(5_000);
    assert.deepEqual(await at(), ["done 100"]);
    assert.deepEqual(told, { finished: [[1, 100, undefined]], failed: faults });
  });
});

Deno.test("a job that another has taken is left to it, and stop() tells where jobs could not be let go", async () => {
  await withWorld(async ({ bulk, clock, told, maker }) => {
    await addJob(bulk, bulkRequest(100_000, WIDE));
    const { make, lease, release } = bulk;
    let tries = 0;
    bulk.make = () => (tries++, Promise.resolve(undefined));
    bulk.lease = async (holder) => tries === 0 ? await lease.call(bulk, holder) : [];
    const one = maker();
    await clock.advance(5 * LOOK_MS);
    assert.equal(tries, 1);
    Object.assign(bulk, { make, lease });
    await clock.advance(LOOK_MS);
    const fault = new Fault("storage_unavailable", "as the test wants it");
    bulk.release = () => Promise.reject(fault);
    await one.stop();
    assert.deepEqual(told, { finished: [], failed: [fault] });
    bulk.release = release;
    await bulk.cancel(1);
  });
});

Deno.test("drawCodes() draws each fold once, spread over all codes", () => {
  const pattern = parsePattern("É-##?-ſ")!;
  const { names, folds } = drawCodes(pattern, 1_000, randomBelow);
  assert.deepEqual(folds, names.map(normalizeName));
  assert.equal(new Set(folds).size, folds.length);
  // Of 1,280 codes 1,000 draws find 694 on average, with a deviation of 12.
  assert(folds.length > 580 && folds.length < 810, `${folds.length}`);
  for (const place of [2, 3, 4]) {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name[place]!, (counts.get(name[place]!) ?? 0) + 1);
    assert.equal(counts.size, place === 4 ? 20 : 8, `characters at ${place}`);
    for (const count of counts.values()) assert(count < names.length / counts.size * 2.5, JSON.stringify([...counts]));
  }
  assert.equal(drawCodes(UNGUESSABLE, 1_000, randomBelow).names.length, 1_000);
});
