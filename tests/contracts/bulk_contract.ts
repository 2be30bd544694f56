/** What must every keeper of bulk jobs do, for those who ask and those who work? One suite; each implementation passes. */
import assert from "node:assert/strict";
import type { BulkJob, BulkJobs, BulkRequest, BulkWork, Codes, LeasedJob } from "../../src/ports/mod.ts";

/** Jobs on a store of their own. */
export interface BulkStores {
  readonly jobs: BulkJobs;
  readonly work: BulkWork;
  /** Makes all leases end now. */
  expire(): Promise<void>;
  close(): Promise<void>;
}

const TERMS = { amount: 3, startsAt: null, endsAt: Date.UTC(2030, 0, 1) };

/** A request for coupons. */
export function bulkRequest(count: number, pattern: string | null = "P-####"): BulkRequest {
  return { id: crypto.randomUUID(), count, pattern, terms: TERMS };
}

/** Codes of these names. */
export function codesOf(...names: string[]): Codes {
  return { names, folds: names.map((name) => name.toLowerCase()) };
}

/** Adds a job that is new. */
export async function addJob(jobs: BulkJobs, request: BulkRequest): Promise<BulkJob> {
  const job = await jobs.add(request);
  assert(job !== "reused");
  return job;
}

async function allCodes(jobs: BulkJobs, id: number, limit = 2): Promise<string[]> {
  const names: string[] = [];
  for (let from: number | undefined = 0; from !== undefined;) {
    const page = await jobs.codes(id, from, limit);
    names.push(...page.coupons.map(({ name }) => name));
    from = page.next;
  }
  return names.sort();
}

/** Runs the suite. */
export function bulkContract(name: string, open: () => Promise<BulkStores>): void {
  const test = (behaviour: string, body: (stores: BulkStores) => Promise<void>) =>
    Deno.test(`bulk jobs on ${name}: ${behaviour}`, async () => {
      const stores = await open();
      try {
        await body(stores);
      } finally {
        await stores.close();
      }
    });

  const oneJob = async ({ jobs, work }: BulkStores, count: number): Promise<LeasedJob> => {
    await addJob(jobs, bulkRequest(count));
    return (await work.lease("one"))[0]!;
  };

  test("a job is added once by an id, and another request of that id is refused", async ({ jobs }) => {
    const request = bulkRequest(10);
    const job = await addJob(jobs, request);
    const { state, count, made, pattern, terms, failure, finishedAt } = job;
    assert.deepEqual(
      { state, count, made, pattern, terms, failure, finishedAt },
      { state: "running", count: 10, made: 0, pattern: "P-####", terms: TERMS, failure: null, finishedAt: null },
    );
    assert.equal((await addJob(jobs, request)).id, job.id);
    for (const other of [{ count: 11 }, { pattern: null }, { terms: { ...TERMS, amount: 4 } }]) {
      assert.equal(await jobs.add({ ...request, ...other }), "reused", JSON.stringify(other));
    }
    assert.equal((await jobs.jobs(0, 10)).total, 1);
  });

  test("the hundred-and-first job that runs is refused; the same one again is not", async ({ jobs }) => {
    const requests = Array.from({ length: 100 }, () => bulkRequest(1));
    for (const request of requests) await addJob(jobs, request);
    await assert.rejects(jobs.add(bulkRequest(1)), { code: "overloaded" });
    await addJob(jobs, requests[7]!);
    await jobs.cancel(1);
    await addJob(jobs, bulkRequest(1));
  });

  test("jobs are listed the newest first, and read by their number", async ({ jobs }) => {
    for (const count of [1, 2, 3]) await addJob(jobs, bulkRequest(count, count === 3 ? null : "#"));
    const { data, total } = await jobs.jobs(1, 1);
    assert.deepEqual([data.map(({ count }) => count), total], [[2], 3]);
    assert.deepEqual(await jobs.jobs(9, 5), { data: [], total: 3 });
    assert.equal((await jobs.job(3))?.pattern, null);
    assert.equal(await jobs.job(4), undefined);
  });

  test("what is made is counted, and read by pages of codes", async (stores) => {
    const { jobs, work } = stores;
    let job = await oneJob(stores, 5);
    job = (await work.make(job, codesOf("P-2222", "P-3333")))!;
    assert.deepEqual([job.made, job.count], [2, 5]);
    job = (await work.make(job, codesOf("P-4444")))!;
    assert.equal((await jobs.job(job.id))?.made, 3);
    assert.deepEqual(await allCodes(jobs, job.id), ["P-2222", "P-3333", "P-4444"]);
    assert.deepEqual(await jobs.codes(99, 0, 10), { coupons: [], next: undefined });
  });

  test("names that are taken are left out, whoever has them", async (stores) => {
    const { jobs, work } = stores;
    let job = await oneJob(stores, 5);
    job = (await work.make(job, codesOf("P-2222", "P-3333")))!;
    job = (await work.make(job, codesOf("P-3333", "P-4444", "p-2222")))!;
    assert.equal(job.made, 3);
    await addJob(jobs, bulkRequest(2));
    const second = (await work.lease("one"))[1]!;
    const after = await work.make(second, codesOf("P-2222", "P-3333", "P-4444"));
    assert.deepEqual(after?.made, 0, "nothing of it was free");
  });

  test("no more are made than are wanted, though all are free", async (stores) => {
    const { jobs, work } = stores;
    const job = await oneJob(stores, 2);
    assert.equal((await work.make(job, codesOf("P-9999", "P-8888", "P-2222", "P-3333")))?.made, 2);
    assert.deepEqual(await allCodes(jobs, job.id), ["P-8888", "P-9999"]);
    assert.equal((await jobs.job(job.id))?.state, "done");
  });

  test("no more are made than are wanted: the first ones, by the order in which they came", async (stores) => {
    const { jobs, work } = stores;
    let job = await oneJob(stores, 3);
    job = (await work.make(job, codesOf("P-9999")))!;
    job = (await work.make(job, codesOf("P-9999", "P-8888", "P-2222", "P-3333")))!;
    assert.deepEqual(await allCodes(jobs, job.id), ["P-2222", "P-8888", "P-9999"]);
    const { state, made, finishedAt, seconds } = (await jobs.job(job.id))!;
    assert.deepEqual([state, made], ["done", 3]);
    assert(finishedAt !== null && seconds >= 0);
    assert.deepEqual(await work.lease("one"), [], "nobody works on it any more");
    assert.equal(await work.make(job, codesOf("P-4444")), undefined);
  });

  test("nothing is made under an old lease, nor twice by the same statement", async (stores) => {
    const { jobs, work, expire } = stores;
    const old = await oneJob(stores, 5);
    await work.make(old, codesOf("P-2222"));
    assert.equal(await work.make(old, codesOf("P-3333")), undefined, "it goes by a count that is past");
    await expire();
    const [mine] = await work.lease("two");
    assert.deepEqual([mine?.made, mine?.lease], [1, old.lease + 1]);
    assert.equal(await work.make({ ...old, made: 1 }, codesOf("P-3333")), undefined, "another has the job");
    await work.fail({ ...old, made: 1 }, "of an old lease");
    assert.equal((await work.make(mine!, codesOf("P-4444")))?.made, 2);
    assert.deepEqual(await allCodes(jobs, old.id), ["P-2222", "P-4444"]);
    assert.equal((await jobs.job(old.id))?.state, "running");
  });

  test("one holder is at work at a time, until it falls silent or lets its jobs go", async (stores) => {
    const { jobs, work, expire } = stores;
    await oneJob(stores, 5);
    await addJob(jobs, bulkRequest(5));
    assert.deepEqual(await work.lease("two"), [], "not even the job that nobody has");
    assert.deepEqual((await work.lease("one")).map(({ id }) => id), [1, 2]);
    await expire();
    assert.deepEqual((await work.lease("two")).map(({ id }) => id), [1, 2]);
    await work.release("one");
    assert.deepEqual(await work.lease("one"), [], "they are not its own to let go");
    await work.release("two");
    assert.equal((await work.lease("one")).length, 2);
  });

  test("a job is cancelled once, and what it has made stays", async (stores) => {
    const { jobs, work } = stores;
    const job = (await work.make(await oneJob(stores, 5), codesOf("P-2222")))!;
    const cancelled = await jobs.cancel(job.id);
    assert.deepEqual([cancelled?.state, cancelled?.made], ["cancelled", 1]);
    assert.equal(await work.make(job, codesOf("P-3333")), undefined);
    assert.deepEqual(await jobs.cancel(job.id), cancelled);
    assert.deepEqual(await allCodes(jobs, job.id), ["P-2222"]);
    assert.equal(await jobs.cancel(99), undefined);
  });

  test("a job that cannot be done says why, and is not cancelled after that", async (stores) => {
    const { jobs, work } = stores;
    const job = await oneJob(stores, 5);
    await work.fail(job, "pattern_exhausted");
    const { state, failure, finishedAt } = (await jobs.job(job.id))!;
    assert.deepEqual([state, failure], ["failed", "pattern_exhausted"]);
    assert.notEqual(finishedAt, null);
    assert.equal((await jobs.cancel(job.id))?.state, "failed");
  });
}
