/** Nodes in one process that speak over real HTTP on real time; their rows are in memory. */
import type { Actors } from "../../src/actors/ports.ts";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import { isCouponCommand, isCouponKey } from "../../src/cluster/coupon_commands.ts";
import { Cluster, holderText, type Member, selfMember } from "../../src/cluster/mod.ts";
import { type PeerServer, servePeers } from "../../src/cluster/peer_server.ts";
import type { Registry } from "../../src/cluster/registry.ts";
import { LinkTransport } from "../../src/cluster/link_transport.ts";
import type { CouponKind } from "../../src/domain/coupon.ts";
import { couponRules } from "../../src/domain/coupon_state.ts";
import { PostgresClock } from "../../src/storage/postgres_clock.ts";
import { MemoryRows, MemoryStore } from "./memory_store.ts";

export const SECRET = "a secret of the cluster";
const LIMITS = { mailboxMax: 4_096, awakeMax: 100, idleMs: 60_000, timeoutMs: 5_000 };

/** A node and how to end it. */
export interface RealNode {
  readonly url: string;
  readonly store: MemoryStore;
  readonly cluster: Cluster;
  readonly coupons: Actors<CouponKind>;
  readonly server: PeerServer;
  /** Leaves and ends everything. */
  stop(): Promise<void>;
}

/** A registry that is an array. */
export function arrayRegistry(entries: Member[]): Registry {
  return {
    write: (member) => {
      if (!entries.some(({ id }) => id === member.id)) entries.push(member);
      return Promise.resolve();
    },
    list: () => Promise.resolve([...entries]),
    remove: (member) => Promise.resolve(void entries.splice(entries.findIndex(({ id }) => id === member.id), 1)),
  };
}

/** This machine's time, as there is no PostgreSQL to read. */
class HostClock extends PostgresClock {
  override shared(): number {
    return Date.now();
  }
}

/** Starts a node on a free port and has it join. */
export async function startRealNode(id: string, registry: Registry, rows: MemoryRows): Promise<RealNode> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const clock = new HostClock();
  const transport = new LinkTransport(SECRET, clock);
  const self = selfMember(id, `http://127.0.0.1:${port}`, 1);
  const ignored = () => {};
  const events = {
    forwarded: ignored,
    ringChanged: ignored,
    handedOff: ignored,
    tookOver: ignored,
    nodeGone: ignored,
    displaced: ignored,
    registryFailed: ignored,
    strange: ignored,
    registryCrowded: ignored,
    selfNotFound: ignored,
    unexpected: ignored,
  };
  const options = { self, registry, transport, clock, events, heartbeatMs: 50, timeoutMs: LIMITS.timeoutMs };
  const cluster = new Cluster({ ...options, joinActivations: 1_000_000 });
  const store = new MemoryStore(rows, holderText(self));
  const actors = new ActorSystem<CouponKind>(couponRules, store, clock, LIMITS, {
    activated: ignored,
    fenced: ignored,
    turned: ignored,
  });
  const coupons = cluster.host({ name: "coupon", local: actors, isKey: isCouponKey, isCommand: isCouponCommand });
  const server = await servePeers({ host: "127.0.0.1", port, secret: SECRET, reception: cluster.reception });
  await cluster.join();
  return {
    url: self.url,
    store,
    cluster,
    coupons,
    server,
    async stop() {
      await cluster.leave();
      await actors.stop();
      await server.close();
      cluster.close();
      transport.close();
    },
  };
}
