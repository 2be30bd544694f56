/** What does it cost that a request arrives at another node than its actor's owner? */
import { Ring } from "../../src/cluster/ring.ts";
import { until } from "../../tests/support/until.ts";
import { startGateway } from "../../tools/redis_gateway.ts";
import { freePort } from "../../tools/services.ts";
import { AMOUNT, type Lab } from "../lab.ts";
import type { Database } from "../database.ts";
import { type Server, startDoorbuster } from "../processes.ts";
import { CONNECTIONS, type Experiment } from "../rows.ts";

const NAME = "forwarding";
const TITLE = "two nodes, a hot coupon each, 128 connections each";
const NODES = ["n0", "n1"];
/** Connections at low load. */
const FEW = 2;

async function get(server: Server, path: string): Promise<{ nodes: unknown[] }> {
  return await (await fetch(`http://127.0.0.1:${server.port}${path}`)).json();
}

/** Runs two nodes for the time of `body`. */
async function withNodes(lab: Lab, { url }: Database, body: (nodes: readonly Server[]) => Promise<void>) {
  const token = crypto.randomUUID();
  const gateway = await startGateway({ redisUrl: lab.redis.url, token });
  const secret = crypto.randomUUID();
  const nodes: Server[] = [];
  try {
    for (const id of NODES) {
      const registry = { UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: token };
      const env = { NODE_ID: id, CLUSTER_PORT: String(freePort()), CLUSTER_SECRET: secret, ...registry };
      nodes.push(await startDoorbuster(url, env));
    }
    const areJoined = async () =>
      (await Promise.all(nodes.map((node) => get(node, "/cluster")))).every(({ nodes }) => nodes.length === 2);
    await until(areJoined, { what: "two nodes in one ring", timeoutMs: 30_000 });
    await body(nodes);
  } finally {
    for (const node of nodes) await node.stop();
    await gateway.stop();
  }
}

/** A new coupon of each node. */
async function makeCoupons(node: Server, round: number): Promise<string[]> {
  const ring = new Ring(NODES);
  const names: string[] = [];
  for (let at = 0; NODES.some((_, place) => names[place] === undefined); at++) {
    const name = `f${round}x${at}`;
    names[NODES.indexOf(ring.ownerOf(name)!)] ??= name;
  }
  for (const name of names) {
    const body = JSON.stringify({ name, amount: AMOUNT });
    const headers = { "content-type": "application/json" };
    const asked = fetch(`http://127.0.0.1:${node.port}/api/coupons`, { method: "POST", headers, body });
    const { status } = await asked;
    await (await asked).body?.cancel();
    if (status !== 201) throw new Error(`Cannot make ${name}: ${status}`);
  }
  return names;
}

/** Each request at its owner, and none. */
export const FORWARDING: Experiment = {
  name: NAME,
  title: TITLE,
  prepare: (lab) => lab.database(NAME),
  async measure(lab, { round, seconds }) {
    const { book } = lab;
    const database = await lab.database(NAME);
    await withNodes(lab, database, async (nodes) => {
      const names = await makeCoupons(nodes[0]!, round);
      const load = (title: string, shift: number, connections: number, duration = seconds) =>
        Promise.all(nodes.map((node, at) => {
          const name = names[(at + shift) % nodes.length]!;
          return lab.load(title, node, { name, spread: 1, connections, seconds: duration, threads: 1 }, database);
        }));
      const rate = (all: Awaited<ReturnType<typeof load>>) =>
        all.reduce((sum, { acceptedRate }) => sum + acceptedRate, 0);
      const p50 = (all: Awaited<ReturnType<typeof load>>) =>
        all.reduce((sum, { p50Ms }) => sum + p50Ms, 0) / all.length;
      const half = CONNECTIONS / nodes.length;
      for (const shift of [0, 1]) await load("forwarding: warming up", shift, half, 2);
      // Which comes first changes from round to round.
      const busy: Awaited<ReturnType<typeof load>>[] = [];
      const calm: Awaited<ReturnType<typeof load>>[] = [];
      for (const shift of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const title = shift === 0 ? "each request at its owner" : "no request at its owner";
        busy[shift] = await load(`forwarding: ${title}`, shift, half);
        calm[shift] = await load(`forwarding: ${title}, ${FEW} connections`, shift, FEW);
      }
      busy[0]!.forEach((one, at) =>
        book.row(`local_${at}`, at === 0 ? `${TITLE}: at its owner` : "… the second", round, one)
      );
      busy[1]!.forEach((one, at) =>
        book.row(`forwarded_${at}`, at === 0 ? "the same, none at its owner" : "… the second", round, one)
      );
      const refused = [...busy, ...calm].flat().reduce((sum, each) => sum + each.refused, 0);
      if (refused > 0) book.notes.push(`forwarding, round ${round + 1}: ${refused} answers were not as expected`);
      book.figure("no request at its owner, to each at its owner (wanted: 0.7)", "", rate(busy[1]!) / rate(busy[0]!));
      book.figure(
        `added p50 of a forwarded claim, ${FEW} connections a node (wanted: 2)`,
        "ms",
        p50(calm[1]!) - p50(calm[0]!),
      );
    });
  },
};
