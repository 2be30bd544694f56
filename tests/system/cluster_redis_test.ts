/** Redis is killed, emptied, or cut from one node: does anything change but what is said of it? */
import assert from "node:assert/strict";
import { randomFrom } from "../../tools/random.ts";
import { startRedis } from "../../tools/services.ts";
import { actorOf, ringOf, type TestCluster, withCluster } from "../support/cluster.ts";
import { ClusterLoad, makeLedgers } from "../support/cluster_load.ts";
import { ask, type Ledger } from "../support/node.ts";
import { SEED } from "../support/seeded.ts";
import { until } from "../support/until.ts";

/** How long Redis is away, in milliseconds: several expiries. */
const AWAY_MS = Number(Deno.env.get("CLUSTER_AWAY_MS") ?? 2_500);
const ENV = { HEARTBEAT: "200ms", NODE_EXPIRY: "600ms" };
const COUPONS = 12;
const RING = "n0 n1 n2";

/** A cluster under load, and what its nodes say of the coupons' owners. */
class Loaded {
  readonly load: ClusterLoad;

  constructor(readonly cluster: TestCluster, readonly ledgers: readonly Ledger[]) {
    const random = randomFrom(SEED);
    this.load = new ClusterLoad(ledgers, COUPONS, () => cluster.urls[random(cluster.ids.length)]!);
  }

  /** Owner and epoch of each coupon, as each node tells; an epoch that stays says that nobody else had it meanwhile. */
  async owners(): Promise<string[]> {
    const told: string[] = [];
    for (const { coupon } of this.ledgers) {
      for (const url of this.cluster.urls) {
        const { owner, epoch } = await actorOf(url, coupon);
        told.push(`${coupon}: ${owner} ${epoch}`);
      }
    }
    return told;
  }

  /** For some time claims win, no request fails and no coupon changes its owner. */
  async assertSteady(before: readonly string[], ms: number): Promise<void> {
    const since = performance.now();
    await until(async () => {
      await this.load.more(100);
      const now = await this.owners();
      if (performance.now() - since > ms) return true;
      assert.deepEqual(now, before);
      return false;
    }, { what: "the same owners all the time", timeoutMs: ms + 60_000 });
    assert.deepEqual(await this.owners(), before);
    assert.deepEqual(Object.keys(this.load.counts), ["200"], "no request failed");
  }

  /** Waits until a node tells of the registry what it should. */
  async registry(state: "answers" | "silent", urls: readonly string[] = this.cluster.urls): Promise<void> {
    await until(async () => {
      const all = await Promise.all(urls.map(async (url) => (await ask(url, "GET", "/cluster")).body["registry"]));
      return all.every((each) => (each as { state: string }).state === state);
    }, { what: `a registry that is ${state}` });
  }

  /** All nodes list the same ring in time. */
  async assertSameRing(): Promise<void> {
    await this.registry("answers");
    const isSame = async () => (await Promise.all(this.cluster.urls.map(ringOf))).every((ring) => ring === RING);
    await until(isSame, { what: "the same ring everywhere" });
  }
}

async function underLoad(body: (loaded: Loaded) => Promise<void>): Promise<void> {
  console.log(`CRASH_SEED=${SEED}`);
  await withCluster({ env: ENV }, async (cluster) => {
    const names = Array.from({ length: COUPONS }, (_, place) => `redis-${place}`);
    const loaded = new Loaded(cluster, await makeLedgers(cluster.urls[0]!, names));
    try {
      await loaded.assertSameRing();
      await body(loaded);
    } finally {
      await loaded.load.stop();
    }
    await loaded.load.audit(cluster);
    console.log(`Told: ${JSON.stringify(loaded.load.counts)}`);
  });
}

async function command(port: number, line: string): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`${line}\r\n`));
  const answer = new Uint8Array(100);
  const size = await connection.read(answer) ?? 0;
  assert.match(new TextDecoder().decode(answer.subarray(0, size)), /^\+OK/);
}

Deno.test("a Redis that is killed, comes back empty, is emptied or is cut from one node changes no owner", () =>
  underLoad(async (loaded) => {
    const { cluster, load } = loaded;
    await load.more(300);
    const before = await loaded.owners();

    const { port } = cluster.redis;
    await cluster.redis.stop();
    await loaded.registry("silent");
    await loaded.assertSteady(before, AWAY_MS);
    cluster.redis = await startRedis(port);
    await loaded.assertSameRing();
    await loaded.assertSteady(before, 1_000);

    for (let time = 0; time < 10; time++) {
      await command(port, "FLUSHALL");
      await loaded.assertSteady(before, 150);
    }
    await loaded.assertSameRing();

    await cluster.closeGateway(1);
    await loaded.registry("silent", [cluster.urls[1]!]);
    await loaded.assertSteady(before, AWAY_MS);
    await cluster.openGateway(1);
    await loaded.assertSameRing();
    await loaded.assertSteady(before, 1_000);
  }));

Deno.test("a node that is killed while Redis is gone is replaced by the others, and comes back with Redis", () =>
  underLoad(async ({ cluster, load, ledgers }) => {
    const { port } = cluster.redis;
    await cluster.redis.stop();
    const victim = cluster.ownerOf(ledgers[0]!.coupon);
    await cluster.nodes[victim]!.kill();
    const other = cluster.urls[(victim + 1) % cluster.ids.length]!;
    const isServed = async () => await load.claim(ledgers[0]!, other) === "200";
    await until(isServed, { what: "another owner" });
    const restarted = cluster.restart(victim);
    cluster.redis = await startRedis(port);
    await restarted;
    const isSame = async () => (await Promise.all(cluster.urls.map(ringOf))).every((ring) => ring === RING);
    await until(isSame, { what: "the same ring everywhere" });
    await load.more(300);
  }));
