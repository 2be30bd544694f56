/** How does a test run a whole cluster? Server processes on one database, one Redis of their own, and its gateways. */
import { Ring } from "../../src/cluster/ring.ts";
import { type Gateway, startGateway } from "../../tools/redis_gateway.ts";
import { freePort, type Redis, startRedis } from "../../tools/services.ts";
import { freshDatabase } from "./database.ts";
import { ask, type Body, startNode, type TestNode } from "./node.ts";

/** What nodes show one another. */
export const SECRET = "the-secret-of-a-cluster-in-tests";
const TOKEN = "token";

/** Which cluster. */
export interface ClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Settings of every node; by default those of production. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the others reach a node that listens on a port; by default there. */
  readonly nodeUrl?: (place: number, port: number) => string;
}

/** A cluster of `n0`, `n1` … */
export class TestCluster {
  /** By place; a node that was restarted has another URL. */
  readonly nodes: TestNode[] = [];
  readonly ids: readonly string[];
  readonly peerPorts: readonly number[];
  readonly #gateways: Gateway[] = [];
  readonly #gatewayPorts: number[] = [];
  readonly #ring: Ring;

  private constructor(readonly databaseUrl: string, public redis: Redis, readonly options: ClusterOptions) {
    this.ids = Array.from({ length: options.nodes ?? 3 }, (_, place) => `n${place}`);
    this.peerPorts = this.ids.map(freePort);
    this.#ring = new Ring(this.ids);
  }

  /** Starts all nodes at once; returns when each lists all. */
  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(await freshDatabase(), await startRedis(), options);
    try {
      for (const place of cluster.ids.keys()) await cluster.openGateway(place);
      const starting = cluster.ids.map(async (_, place) => {
        cluster.nodes[place] = await cluster.#startNode(place);
      });
      const failed = (await Promise.allSettled(starting)).find(({ status }) => status === "rejected");
      if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** Starts a node again that has ended; returns when it is ready. */
  async restart(place: number): Promise<TestNode> {
    return this.nodes[place] = await this.#startNode(place);
  }

  /** Gives a node its way to Redis, or gives it back. */
  async openGateway(place: number): Promise<void> {
    const gateway = await startGateway({
      redisUrl: this.redis.url,
      token: TOKEN,
      port: this.#gatewayPorts[place] ??= freePort(),
    });
    this.#gateways[place] = gateway;
  }

  /** Takes a node's way to Redis away. */
  async closeGateway(place: number): Promise<void> {
    await this.#gateways[place]?.stop();
    delete this.#gateways[place];
  }

  /** The place of a coupon's owner, where all nodes are in the ring. */
  ownerOf(fold: string): number {
    return this.ids.indexOf(this.#ring.ownerOf(fold)!);
  }

  /** So many names that begin with `prefix`, and that a node owns. */
  namesOf(place: number, count: number, prefix: string): string[] {
    const names: string[] = [];
    for (let at = 0; names.length < count; at++) {
      if (this.ownerOf(`${prefix}-${at}`) === place) names.push(`${prefix}-${at}`);
    }
    return names;
  }

  /** The last lines of all nodes, for a failure's message. */
  lastLines(): string {
    return this.nodes.map((node, place) => `${this.ids[place]}: ${node?.lastLines()}`).join("\n--\n");
  }

  /** Kills all that runs. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node?.kill()));
    for (const place of this.ids.keys()) await this.closeGateway(place);
    await this.redis.stop();
  }

  #startNode(place: number): Promise<TestNode> {
    const port = this.peerPorts[place]!;
    return startNode({
      databaseUrl: this.databaseUrl,
      env: {
        NODE_ID: this.ids[place]!,
        CLUSTER_PORT: String(port),
        CLUSTER_SECRET: SECRET,
        UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${this.#gatewayPorts[place]}`,
        UPSTASH_REDIS_REST_TOKEN: TOKEN,
        NODE_URL: this.options.nodeUrl?.(place, port) ?? `http://127.0.0.1:${port}`,
        ...this.options.env,
      },
    });
  }
}

/** Runs a test on a cluster; where it fails, the nodes' last lines are told. */
export async function withCluster(
  options: ClusterOptions,
  body: (cluster: TestCluster) => Promise<void>,
): Promise<void> {
  const cluster = await TestCluster.start(options);
  try {
    await body(cluster);
  } catch (error) {
    throw new Error(`${(error as Error).message}\nThe nodes said: ${cluster.lastLines()}`, { cause: error });
  } finally {
    await cluster.stop();
  }
}

/** The nodes in a node's ring, sorted. */
export async function ringOf(url: string): Promise<string> {
  const { body } = await ask(url, "GET", "/cluster");
  const nodes = body["nodes"] as { id: string; state: string }[];
  return nodes.filter(({ state }) => state === "in").map(({ id }) => id).toSorted().join(" ");
}

/** Whom a node names as a coupon's owner, and in which epoch it has the coupon itself. */
export async function actorOf(url: string, coupon: string): Promise<{ owner: string; epoch: number | undefined }> {
  const { body } = await ask(url, "GET", `/cluster/actors/${encodeURIComponent(coupon)}`);
  const { owner, here } = body as Body & { owner: { id: string }; here: { epoch: number } | null };
  return { owner: owner.id, epoch: here?.epoch };
}

/** A counter of a node. */
export async function metricOf(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  return Number(new RegExp(`^${name} (\\d+)`, "m").exec(await response.text())?.[1]);
}
