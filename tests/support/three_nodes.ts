/** A cluster of real server processes on one database, with a registry of its own. */
import { startGateway } from "../../tools/redis_gateway.ts";
import { type Redis, startRedis } from "../../tools/services.ts";
import { freshDatabase } from "./database.ts";
import { ask, startNode, type TestNode } from "./node.ts";
import { until } from "./until.ts";

/** A running cluster. */
export interface TestCluster {
  readonly databaseUrl: string;
  readonly redis: Redis;
  /** By their places; a node that was started again takes its place. */
  readonly nodes: TestNode[];
  /** Starts the node of a place again, and waits until all see the same ring. */
  restart(place: number): Promise<void>;
  /** Waits until all nodes but those left out see exactly each other. */
  settled(leftOut?: number): Promise<void>;
  /** The place of the node that the ring names for an actor, as the node of another place sees it. */
  ownerOf(key: string, seenFrom: number): Promise<number>;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Runs nodes with the default heartbeat and expiry, and ends them whatever comes of `body`. */
export async function withCluster(count: number, body: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const databaseUrl = await freshDatabase();
  const redis = await startRedis();
  const token = crypto.randomUUID();
  const gateway = await startGateway({ redisUrl: redis.url, token });
  const secret = crypto.randomUUID();
  const start = (place: number) =>
    startNode({
      databaseUrl,
      env: {
        NODE_ID: `node${place}`,
        CLUSTER_PORT: String(freePort()),
        CLUSTER_SECRET: secret,
        UPSTASH_REDIS_REST_URL: gateway.url,
        UPSTASH_REDIS_REST_TOKEN: token,
        ITEMS_PER_SALE: "100",
      },
    });
  const nodes: TestNode[] = [];
  const settled = async (leftOut?: number) => {
    const wanted = nodes.map((_, place) => `node${place}`).filter((_, place) => place !== leftOut).join();
    const sees = async (node: TestNode) => {
      const { body } = await ask(node.url, "GET", "/cluster");
      const ring = body["nodes"] as { id: string; state: string }[];
      return ring.filter(({ state }) => state === "in").map(({ id }) => id).sort().join() === wanted;
    };
    const all = nodes.filter((_, place) => place !== leftOut);
    await until(async () => (await Promise.all(all.map(sees))).every((same) => same), {
      what: `all nodes to see ${wanted}`,
      timeoutMs: 30_000,
    });
  };
  try {
    nodes.push(...await Promise.all(Array.from({ length: count }, (_, place) => start(place))));
    await settled();
    await body({
      databaseUrl,
      redis,
      nodes,
      settled,
      async restart(place) {
        nodes[place] = await start(place);
        await settled();
      },
      async ownerOf(key, seenFrom) {
        const { body } = await ask(nodes[seenFrom]!.url, "GET", `/cluster/actors/${encodeURIComponent(key)}`);
        return Number((body["owner"] as { id: string }).id.slice("node".length));
      },
    });
  } catch (error) {
    const said = nodes.map((node) => node.lastLines()).join("\n--\n");
    throw new Error(`The servers said: ${said}`, { cause: error });
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
    await gateway.stop();
    await redis.stop();
  }
}
