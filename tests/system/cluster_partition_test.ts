/** One node is cut from the others but not from Postgres: do both sides tell the truth, or that they cannot? */
import assert from "node:assert/strict";
import { randomFrom } from "../../tools/random.ts";
import { ringOf, type TestCluster, withCluster } from "../support/cluster.ts";
import { ClusterLoad, makeLedgers } from "../support/cluster_load.ts";
import { Partition } from "../support/partition.ts";
import { SEED } from "../support/seeded.ts";
import { until } from "../support/until.ts";

const ENV = { HEARTBEAT: "200ms", NODE_EXPIRY: "600ms", REQUEST_TIMEOUT: "1500ms" };
const COUPONS = 18;
const RING = "n0 n1 n2";
/** So few units that all are sold while the node is cut: neither side may sell one more. */
const FEW = 40;

async function withPartition(body: (cluster: TestCluster, partition: Partition) => Promise<void>): Promise<void> {
  console.log(`CRASH_SEED=${SEED}`);
  const pids: (() => readonly number[])[] = [() => []];
  const partition = new Partition(3, () => pids[0]!());
  try {
    const nodeUrl = (place: number, port: number) => partition.urlOf(place, port);
    await withCluster({ env: ENV, nodeUrl }, async (cluster) => {
      pids[0] = () => cluster.nodes.map(({ pid }) => pid);
      await body(cluster, partition);
    });
  } finally {
    await partition.close();
  }
}

async function assertSameRing(cluster: TestCluster): Promise<void> {
  const isSame = async () => (await Promise.all(cluster.urls.map(ringOf))).every((ring) => ring === RING);
  await until(isSame, { what: "the same ring everywhere" });
}

for (const registry of ["and keeps Redis", "and from Redis too"]) {
  Deno.test(`a node that is cut from the others, ${registry}: all is exact, and each answer true or 503`, () =>
    withPartition(async (cluster, partition) => {
      const names = Array.from({ length: COUPONS }, (_, place) => `cut-${place}`);
      const many = await makeLedgers(cluster.urls[0]!, names.slice(0, COUPONS / 2));
      const few = await makeLedgers(cluster.urls[0]!, names.slice(COUPONS / 2), FEW);
      const random = randomFrom(SEED);
      const load = new ClusterLoad([...many, ...few], COUPONS, () => cluster.urls[random(3)]!);
      try {
        for (const place of cluster.ids.keys()) {
          await load.more(100);
          partition.cut(place);
          if (registry === "and from Redis too") await cluster.closeGateway(place);
          // Each side decides on its own, on one coupon of its own at least.
          for (const [at, url] of cluster.urls.entries()) {
            const own = many.find(({ coupon }) => (cluster.ownerOf(coupon) === place) === (at === place))!;
            const isServed = async () => await load.claim(own, url) === "200";
            await until(isServed, { what: `${url} to serve what is its own` });
          }
          if (registry === "and from Redis too") {
            const others = cluster.urls.filter((_, at) => at !== place);
            const isOut = async () => (await Promise.all(others.map(ringOf))).every((ring) => ring !== RING);
            await until(isOut, { what: "the others to let it go" });
            const taken = many.find(({ coupon }) => cluster.ownerOf(coupon) === place)!;
            const isServed = async () => await load.claim(taken, others[0]!) === "200";
            await until(isServed, { what: "the others to serve its coupon" });
          }
          await load.more(50);
          partition.heal();
          if (registry === "and from Redis too") await cluster.openGateway(place);
          await assertSameRing(cluster);
        }
        await load.more(200);
      } finally {
        await load.stop();
      }
      console.log(`Told: ${JSON.stringify(load.counts)}; ${partition.swallowed} pieces were swallowed`);
      assert(partition.swallowed > 0);
      assert(load.count("400 sold_out") > 0, "the few were sold");
      assert.equal(load.counts["lost"], undefined, "no request was dropped");
      await load.audit(cluster);
    }));
}
