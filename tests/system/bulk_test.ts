/** Are bulk codes made exactly, over real HTTP, whatever is killed, and is each a coupon as any? CRASH_SEED names the moments. */
import assert from "node:assert/strict";
import { openEmbedded } from "../../src/storage/embedded.ts";
import { assertJobsExact, downloadCodes, jobOf, startJob, untilMade } from "../support/bulk.ts";
import { withCluster } from "../support/cluster.ts";
import { DATABASES } from "../support/database.ts";
import { ask, claim, type NodeOptions, startNode, wrongCounters } from "../support/node.ts";
import { seeded } from "../support/seeded.ts";
import { openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

const PATTERN = "BULK-####-????";
const FITS = /^BULK-[2-9]{4}-[ACDEFGHJKMNPQRTUVWXY]{4}$/;
const WORKERS = 32;

/** Does something with each of many, `WORKERS` at once. */
async function each<T>(all: readonly T[], act: (one: T, place: number) => Promise<void>): Promise<void> {
  const rest = all.entries();
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    for (const [place, one] of rest) await act(one, place);
  }));
}

async function assertExact({ databaseUrl, dataDir }: NodeOptions): Promise<void> {
  const database = databaseUrl === undefined ? await openEmbedded(dataDir!) : await openTestPostgres(databaseUrl);
  try {
    await assertJobsExact(database);
  } finally {
    await database.close();
  }
}

for (const [kind, count] of [["PostgreSQL", 10_000], ["embedded", 3_000]] as const) {
  Deno.test(`${count} codes on ${kind}: the file has each once, and each can be claimed once`, async () => {
    await DATABASES[kind](async (options) => {
      const node = await startNode(options);
      try {
        const { url } = node;
        const id = await startJob(url, count, PATTERN);
        await until(async () => (await jobOf(url, id)).state === "done", { what: "the job", timeoutMs: 60_000 });
        const codes = await downloadCodes(url, id);
        assert.equal(new Set(codes).size, count);
        assert.equal(codes.length, count);
        for (const code of codes) assert.match(code, FITS);
        const { body } = await ask(url, "GET", "/api/coupons?search=bulk-&per_page=1");
        assert.equal(body.meta!.total, 0, "codes are told by their file alone");
        await each(codes, async (code, place) => {
          const { status, body } = await claim(url, `user-${place}`, code.toLowerCase());
          assert.deepEqual([status, body["coupon_name"], body.remaining_amount], [200, code, 0]);
        });
        await each(codes.slice(0, 500), async (code, place) => {
          const [other, same] = await Promise.all([claim(url, "other", code), claim(url, `user-${place}`, code)]);
          assert.deepEqual([other.body.code, same.body.code], ["sold_out", "already_claimed"]);
        });
        assert.equal((await jobOf(url, id)).made, count);
      } finally {
        await node.kill();
      }
      if (options.databaseUrl !== undefined) assert.equal(await wrongCounters(options.databaseUrl), 0);
    });
  });
}

for (const [kind, count, kills] of [["PostgreSQL", 60_000, 4], ["embedded", 15_000, 2]] as const) {
  Deno.test(`a job on ${kind} comes to exactly ${count} codes though its server is killed ${kills} times`, async () => {
    const random = seeded();
    await DATABASES[kind](async (options) => {
      let node = await startNode(options);
      try {
        const id = await startJob(node.url, count, PATTERN);
        for (let kill = 1; kill <= kills; kill++) {
          // Somewhere within a batch, as like as not.
          await untilMade(node.url, id, random(Math.floor(count / kills / 2)) + (kill - 1) * count / kills);
          await node.kill();
          await assertExact(options);
          node = await startNode(options);
          const { made, state } = await jobOf(node.url, id);
          assert(made < count && state === "running", `killed after ${made}`);
        }
        await untilMade(node.url, id, count);
        const codes = await downloadCodes(node.url, id);
        assert.deepEqual([codes.length, new Set(codes).size], [count, count]);
        const { body } = await ask(node.url, "GET", `/api/bulk/${id}`);
        assert.deepEqual([body["made"], body["state"]], [count, "done"]);
      } finally {
        await node.kill();
      }
      await assertExact(options);
    });
  });
}

Deno.test("two nodes: whichever is killed or stops, the other goes on; both tell the same; any of them cancels", async () => {
  await withCluster({ nodes: 2 }, async (cluster) => {
    const [one, two] = cluster.urls as [string, string];
    const id = await startJob(two, 80_000, PATTERN);
    const long = await startJob(one, 1_000_000, "LONG-####-????-??");
    await untilMade(one, id, 3_000);
    await cluster.nodes[0]!.kill();
    await untilMade(two, id, (await jobOf(two, id)).made + 5_000);
    await cluster.restart(0);
    await cluster.nodes[1]!.stop();
    const url = cluster.urls[0]!;
    await untilMade(url, id, 80_000);
    assert.deepEqual((await jobOf(url, id)).state, "done");
    await cluster.restart(1);
    const cancelled = await ask(cluster.urls[1]!, "DELETE", `/api/bulk/${long}`);
    assert.deepEqual([cancelled.status, cancelled.body["state"]], [200, "cancelled"]);
    const { made } = await jobOf(url, long);
    assert.equal(cancelled.body["made"], made, "nothing is made after that");
    const codes = await downloadCodes(url, long);
    assert.deepEqual([codes.length, new Set(codes).size], [made, made]);
    assert.equal((await downloadCodes(cluster.urls[1]!, id)).length, 80_000);
    assert.equal((await claim(cluster.urls[1]!, "user", codes[0]!)).status, 200);
    const database = await openTestPostgres(cluster.databaseUrl);
    await assertJobsExact(database).finally(() => database.close());
  });
});
