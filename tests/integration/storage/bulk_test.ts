import assert from "node:assert/strict";
import { drawCodes } from "../../../src/scheduler/bulk_maker.ts";
import { randomBelow } from "../../../src/scheduler/random_below.ts";
import { parsePattern } from "../../../src/domain/code_pattern.ts";
import { couponRules } from "../../../src/domain/coupon.ts";
import { PLAIN } from "../../../src/domain/coupon_terms.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { addJob, bulkContract, bulkRequest, type BulkStores, codesOf } from "../../contracts/bulk_contract.ts";
import { claim } from "../../support/commands.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryBulk } from "../../support/memory_bulk.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { append } from "../../support/stored.ts";

const EXPIRE = "update bulk_jobs set leased_until = now() - interval '1 second'";
const COUNTED =
  `select count, made, state, (select count(*)::integer from coupons c where c.job = j.id) from bulk_jobs j`;

async function openBulk(database: Database): Promise<BulkStores> {
  const { bulkJobs: jobs, bulkWork: work, close } = await openTestStorage(database);
  return { jobs, work, expire: async () => void await database.views.query(EXPIRE), close };
}

bulkContract("memory", () => {
  const bulk = new MemoryBulk(new FakeClock());
  const expire = () => Promise.resolve(bulk.expire());
  return Promise.resolve({ jobs: bulk, work: bulk, expire, close: () => Promise.resolve() });
});

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  bulkContract(name, async () => await openBulk(await open()));

  Deno.test(`a bulk coupon on ${name} is as one that was made by itself: asleep, whole, and woken by its name`, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    await addJob(storage.bulkJobs, bulkRequest(1));
    const [job] = await storage.bulkWork.lease("one");
    await storage.bulkWork.make(job!, codesOf("P-2222"));
    const view = (await storage.views.coupon("p-2222", 10))!;
    const { createdAt, updatedAt, ...rest } = view;
    const terms = { name: "P-2222", amount: 3, startsAt: null, endsAt: Date.UTC(2030, 0, 1) };
    assert.deepEqual(rest, { ...PLAIN, ...terms, remaining: 3, paused: false, claimedBy: [] });
    assert.equal(createdAt, updatedAt);
    assert.equal((await storage.views.coupons("p-2", 0, 10)).total, 0);
    const { handle, state, turn } = (await storage.coupons.activate("p-2222", storage.clock.now()))!;
    assert.deepEqual([state.name, state.remaining, state.seq, state.keys.size, turn], ["P-2222", 3, 0, 0, 0]);
    const claimed = couponRules.decide(state, claim("ann"), createdAt);
    assert(claimed.kind === "accepted");
    await append(storage.coupons, { handle, turn: 1, events: [claimed.event] });
    const again = (await storage.coupons.activate("p-2222", storage.clock.now()))!.state;
    assert.deepEqual([again.remaining, again.seq, again.holders.has("ann")], [2, 1, true]);
    await storage.close();
  });

  Deno.test(`areEdited() on ${name} finds the one coupon of a job that was edited, and none that was claimed`, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    const job = await addJob(storage.bulkJobs, bulkRequest(3));
    const [leased] = await storage.bulkWork.lease("one");
    await storage.bulkWork.make(leased!, codesOf("A-2", "A-3", "A-4"));
    await database.views.query("update coupons set remaining = remaining - 1 where name = 'A-2'");
    assert.equal(await storage.bulkJobs.areEdited(job.id), false);
    await database.views.query(
      "update coupons set amount = 9, updated_at = now() + interval '1 second' where name = 'A-4'",
    );
    assert.equal(await storage.bulkJobs.areEdited(job.id), true);
    assert.deepEqual(
      (await storage.bulkJobs.codes(job.id, 0, 9)).coupons.map(({ amount }) => amount),
      [1, 1, 9].map((n) => n === 1 ? bulkRequest(3).terms.amount : n),
    );
    assert.equal(await storage.bulkJobs.areEdited(99), false);
    await storage.close();
  });

  Deno.test(`a bulk coupon on ${name} has every term of its job, whatever its kind`, async () => {
    const storage = await openTestStorage(await open());
    const given = bulkRequest(1).terms;
    const discount = { kind: "discount", percentOff: "15.00", maxDiscount: "20.00", minOrder: "50.00" } as const;
    const kinds = [
      { ...given, ...PLAIN, ...discount, segment: "gold", startsAt: Date.UTC(2029, 0, 1) },
      { ...given, ...PLAIN, kind: "discount", amountOff: "7.50" } as const,
      { ...given, ...PLAIN, kind: "charge", credit: "1000000.00" } as const,
    ];
    for (const [place, terms] of kinds.entries()) {
      const job = await addJob(storage.bulkJobs, { ...bulkRequest(1), id: crypto.randomUUID(), terms });
      const leased = (await storage.bulkWork.lease("one")).find(({ id }) => id === job.id)!;
      await storage.bulkWork.make(leased, codesOf(`K-${place}`));
      const { state } = (await storage.coupons.activate(`k-${place}`, storage.clock.now()))!;
      const view = (await storage.views.coupon(`k-${place}`, 0))!;
      for (const [term, value] of Object.entries(terms)) {
        assert.deepEqual([state[term as keyof typeof terms], view[term as keyof typeof terms]], [value, value], term);
      }
      assert.deepEqual((await storage.bulkJobs.codes(job.id, 0, 9)).coupons, [{ ...terms, name: `K-${place}` }]);
      assert.deepEqual((await storage.bulkJobs.job(job.id))!.terms, terms);
      assert.equal(await storage.bulkJobs.areEdited(job.id), false);
    }
    await storage.close();
  });

  Deno.test(`terms that cannot be stored on ${name} are a data_error, and nothing is made`, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    const request = bulkRequest(1);
    await addJob(storage.bulkJobs, { ...request, terms: { ...request.terms, amount: 0 } });
    const [job] = await storage.bulkWork.lease("one");
    await assert.rejects(storage.bulkWork.make(job!, codesOf("P-2222")), { code: "data_error" });
    assert.deepEqual(await database.views.query(COUNTED), [[1, 0, "running", 0]]);
    await storage.close();
  });
}

Deno.test("make() by six writers of three jobs on one crowded pattern: no deadlock, and each job counts its rows", async () => {
  const database = await openTestPostgres(undefined, { activations: 8 });
  const storage = await openTestStorage(database);
  const { bulkJobs: jobs, bulkWork: work } = storage;
  const pattern = parsePattern("##??")!; // 25,600 codes
  for (let job = 0; job < 3; job++) await addJob(jobs, bulkRequest(4_000, "##??"));
  // Two writers of each job, who hold the same lease: one of two must find the other's count each time.
  const leased = await work.lease("one");
  const known = new Map(leased.map((job) => [job.id, job]));
  const rejected: Record<number, number> = {};
  await Promise.all([...leased, ...leased].map(async ({ id }) => {
    for (let job = known.get(id)!; job.made < job.count; job = known.get(id)!) {
      const after = await work.make(job, drawCodes(pattern, 300, randomBelow));
      if (after === undefined) rejected[id] = (rejected[id] ?? 0) + 1;
      const [row] = await database.views.query("select made from bulk_jobs where id = $1", [id]);
      known.set(id, { ...job, made: row![0] as number });
    }
  }));
  assert.deepEqual(await database.views.query(COUNTED), [0, 1, 2].map(() => [4_000, 4_000, "done", 4_000]));
  assert(Object.keys(rejected).length > 0, "writers of one job did meet");
  const [row] = await database.views.query("select count(*)::integer, count(distinct fold)::integer from coupons");
  assert.deepEqual(row, [12_000, 12_000]);
  await storage.close();
});

Deno.test("lease() by several holders at once gives one of them jobs, and the others none", async () => {
  for (let round = 0; round < 5; round++) {
    const database = await openTestPostgres(undefined, { activations: 4 });
    const storage = await openTestStorage(database);
    for (let job = 0; job < 40; job++) await addJob(storage.bulkJobs, { ...bulkRequest(1), id: crypto.randomUUID() });
    // Each has its session before they start.
    await Promise.all([1, 2, 3, 4].map(() => database.activations.query("select 1")));
    const leased = await Promise.all(["a", "b", "c", "d"].map((holder) => storage.bulkWork.lease(holder)));
    assert.deepEqual(leased.map((jobs) => jobs.length).sort((a, b) => b - a), [16, 0, 0, 0]);
    await storage.close();
  }
});
