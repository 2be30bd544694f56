/** Nodes in one process that speak over real links on real time; their rows are in memory. */
import type { Actors } from "../../src/ports/mod.ts";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import { COUPONS } from "../../src/cluster/coupon_commands.ts";
import { Cluster, holderText, type Member, selfMember } from "../../src/cluster/mod.ts";
import type { Trust } from "../../src/cluster/handshake.ts";
import type { Registry } from "../../src/cluster/registry.ts";
import { LinkTransport } from "../../src/cluster/link_transport.ts";
import { type CouponKind, couponRules } from "../../src/domain/coupon.ts";
import { PostgresClock } from "../../src/storage/postgres_clock.ts";
import { MemoryRows, MemoryStore } from "./memory_store.ts";

export const SECRET = "a secret of the cluster";
export const DATABASE = "7300/5";
const LIMITS = { mailboxMax: 4_096, awakeMax: 100, idleMs: 60_000, timeoutMs: 5_000 };

/** A node and how to end it. */
export interface RealNode {
  readonly url: string;
  readonly store: MemoryStore;
  readonly cluster: Cluster;
  readonly coupons: Actors<CouponKind>;
  /** By what a peer of it is known. */
  readonly trustOf: (id: string) => Trust;
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
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  taken.close();
  const clock = new HostClock();
  const self = selfMember(id, `http://127.0.0.1:${port}`, 1);
  const trust = { secret: SECRET, database: DATABASE, self };
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
    noPeer: ignored,
    unrecorded: ignored,
    registryCrowded: ignored,
    selfNotFound: ignored,
    unexpected: ignored,
  };
  const transport = new LinkTransport({ trust, tls: undefined, clock, events });
  const acts = { vouches: () => Promise.resolve(true) };
  const listener = { host: "127.0.0.1", port, trust, tls: undefined };
  const options = {
    self,
    registry,
    transport,
    listener,
    acts,
    clock,
    events,
    heartbeatMs: 50,
    timeoutMs: LIMITS.timeoutMs,
  };
  const cluster = new Cluster({ ...options, joinActivations: 1_000_000 });
  const store = new MemoryStore(rows, holderText(self));
  const actors = new ActorSystem<CouponKind>(couponRules, store, clock, LIMITS, {
    activated: ignored,
    fenced: ignored,
    turned: ignored,
  });
  const coupons = cluster.host({ ...COUPONS, local: actors });
  await cluster.listen();
  await cluster.join();
  return {
    url: self.url,
    store,
    cluster,
    coupons,
    trustOf: (id) => ({ ...trust, self: selfMember(id, "http://127.0.0.1:1", 1) }),
    async stop() {
      await cluster.leave();
      await actors.stop();
      await cluster.close();
    },
  };
}
