/** Does a rolling restart fail a request, or let a coupon stand still? */
import assert from "node:assert/strict";
import { type TestCluster, withCluster } from "../support/cluster.ts";
import { ClusterLoad, makeLedgers } from "../support/cluster_load.ts";
import { ask } from "../support/node.ts";
import { seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";

const COUPONS = 30;
/** What a coupon may stand still on a machine that does nothing else … */
const STILL_MS = 300;
/** … and on any: a process that starts takes a core for most of a second, or for longer where others are busy too. */
const STILL_MAX_MS = 20_000;

/** Sends to the nodes that say that they are ready, as a load balancer does. */
class Balancer {
  readonly ready: Set<number>;

  constructor(readonly cluster: TestCluster, readonly random: (below: number) => number) {
    this.ready = new Set(cluster.ids.keys());
  }

  pick(): string {
    return this.cluster.urls[[...this.ready][this.random(this.ready.size)]!]!;
  }

  /** Ends a node by SIGTERM and starts it again; returns its exit code. */
  async restart(place: number): Promise<number> {
    const { url } = this.cluster.nodes[place]!;
    const stopped = this.cluster.nodes[place]!.stop();
    const isUnready = async () => (await ask(url, "GET", "/readyz")).status !== 200;
    await until(isUnready, { what: "a node that leaves to be unready" });
    this.ready.delete(place);
    const code = await stopped;
    await this.cluster.restart(place);
    this.ready.add(place);
    return code;
  }
}

function most({ still }: ClusterLoad): number {
  return Math.round(Math.max(...still.values()));
}

Deno.test("a rolling restart of all three nodes under load fails no request, and all is exact", async () => {
  await withCluster({}, async (cluster) => {
    const names = Array.from({ length: COUPONS }, (_, place) => `roll-${place}`);
    const ledgers = await makeLedgers(cluster.urls[0]!, names);
    const balancer = new Balancer(cluster, seeded());
    const load = new ClusterLoad(ledgers, COUPONS, () => balancer.pick());
    try {
      await load.more(1_000);
      load.still.clear();
      const since = performance.now();
      await load.more(3_000);
      const ms = performance.now() - since;
      console.log(`Before: 3,000 claims in ${Math.round(ms)} ms, a coupon still for at most ${most(load)} ms`);
      load.still.clear();
      for (const place of cluster.ids.keys()) {
        assert.equal(await balancer.restart(place), 0, cluster.nodes[place]!.lastLines());
        await load.more(300);
      }
    } finally {
      await load.stop();
    }
    const stillMs = [...load.still.values()].map(Math.round).toSorted((a, b) => b - a);
    console.log(
      `Told: ${JSON.stringify(load.counts)}; longest time without a success, by coupon: ${stillMs.join(" ")} ms ` +
        `(wanted: at most ${STILL_MS} ms)`,
    );
    assert.deepEqual(Object.keys(load.counts), ["200"], "no request failed");
    await load.audit(cluster);
    assert(stillMs[0]! <= STILL_MAX_MS, `a coupon stood still for ${stillMs[0]} ms`);
  });
});
