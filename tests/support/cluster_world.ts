/** A whole cluster in one process: nodes over shared rows, a network and a registry, on one clock that stands still. */
import assert from "node:assert/strict";
import type { Actors, AdminActs } from "../../src/ports/mod.ts";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import { COUPONS } from "../../src/cluster/coupon_commands.ts";
import { Cluster, holderText, type Member, selfMember } from "../../src/cluster/mod.ts";
import { type CouponKind, couponRules } from "../../src/domain/coupon.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeNetwork, type Host } from "./fake_network.ts";
import { FakeRegistry } from "./fake_registry.ts";
import { MemoryRows, MemoryStore } from "./memory_store.ts";
import { NodeClock } from "./node_clock.ts";

/** Heartbeat and expiry as in production. */
export const HEARTBEAT_MS = 1_000;
export const EXPIRY_MS = 3_000;
const LIMITS = { mailboxMax: 4_096, awakeMax: 100, idleMs: 60_000, timeoutMs: 5_000 };

/** A node with what it told. */
export interface ClusterNode {
  readonly self: Member;
  readonly clock: NodeClock;
  readonly host: Host;
  readonly store: MemoryStore;
  readonly actors: ActorSystem<CouponKind>;
  readonly cluster: Cluster;
  readonly coupons: Actors<CouponKind>;
  /** Counts of what it told: forwards by outcome, and the other events by name. */
  readonly counts: Map<string, number>;
  /** Nodes that left its ring, and why. */
  readonly gone: string[];
}

/** The world. */
export class ClusterWorld {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly registry = new FakeRegistry(this.clock, EXPIRY_MS);
  readonly rows = new MemoryRows();
  /** Whether an act is recorded: by default each is. */
  readonly acts: { vouches: AdminActs["vouches"] } = { vouches: () => Promise.resolve(true) };
  readonly nodes = new Map<string, ClusterNode>();
  #processes: ClusterNode[] = [];

  /** A world with nodes of these names, all joined. */
  static async of(...ids: string[]): Promise<ClusterWorld> {
    const world = new ClusterWorld();
    for (const id of ids) await world.start(id);
    return world;
  }

  node(id: string): ClusterNode {
    return this.nodes.get(id)!;
  }

  /** Starts a process and has it join; a second of one id is a new incarnation. */
  async start(id: string): Promise<ClusterNode> {
    const node = this.make(id);
    const joined = node.cluster.join();
    let isJoined = false;
    joined.then(() => isJoined = true);
    for (let waits = 0; !isJoined && waits < 100; waits++) await this.clock.advance(50);
    assert(isJoined, `${id} could not join`);
    return node;
  }

  /** Starts a process that has not joined yet. */
  make(id: string): ClusterNode {
    const clock = new NodeClock(this.clock);
    const self = selfMember(id, `http://${id}:8081`, this.clock.now());
    const store = new MemoryStore(this.rows, holderText(self));
    const counts = new Map<string, number>();
    const gone: string[] = [];
    const count = (name: string, by: number = 1) => void counts.set(name, (counts.get(name) ?? 0) + by);
    const cluster = new Cluster({
      self,
      clock,
      registry: this.registry.of(id, clock),
      transport: this.network.transportOf(self, clock),
      acts: this.acts,
      heartbeatMs: HEARTBEAT_MS,
      timeoutMs: LIMITS.timeoutMs,
      joinActivations: 10_000,
      events: {
        forwarded: count,
        ringChanged: () => count("ringChanged"),
        handedOff: (actors) => count("handedOff", actors),
        tookOver: () => count("tookOver"),
        nodeGone: (member, why) => void gone.push(`${member.id} ${why}`),
        displaced: () => count("displaced"),
        unexpected(error) {
          throw error;
        },
        registryFailed: () => count("registryFailed"),
        strange: () => count("strange"),
        noPeer: () => count("noPeer"),
        unrecorded: () => count("unrecorded"),
        registryCrowded: () => count("registryCrowded"),
        selfNotFound: () => count("selfNotFound"),
      },
    });
    const actors = new ActorSystem<CouponKind>(
      couponRules,
      store,
      clock,
      LIMITS,
      {
        activated: () => count("activated"),
        fenced: () => count("fenced"),
        turned() {},
      },
      cluster.admit,
    );
    const coupons = cluster.host({ ...COUPONS, local: actors });
    const host = {
      url: self.url,
      self,
      clock,
      receive: (from: Member, what: string, text: string) => cluster.peerRequestHandler.receive(from, what, text),
    };
    this.network.listen(host);
    const node = { self, clock, host, store, actors, cluster, coupons, counts, gone };
    this.nodes.set(id, node);
    this.#processes.push(node);
    return node;
  }

  /** Lets time pass until a node's next heartbeat is just over. */
  async afterBeat(id: string): Promise<void> {
    const beats = () => this.registry.calls.get(`${id} list`);
    for (const before = beats(); beats() === before;) await this.clock.advance(1);
    await this.clock.advance(10);
  }

  /** Ends a process at once, as kill -9 does: what its database was doing for it goes on or never begins. */
  kill(id: string): void {
    const node = this.node(id);
    node.clock.state = "dead";
    node.store.gate = new Promise(() => {});
    this.network.died(node.host);
    this.nodes.delete(id);
  }

  /** Stops a process, as SIGSTOP does; returns how to let it go on. */
  freeze(id: string): () => void {
    const { clock, store } = this.node(id);
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.state = "frozen";
    store.gate = promise;
    return () => {
      resolve();
      store.gate = Promise.resolve();
      if (clock.state === "frozen") clock.thaw();
    };
  }

  /** Has a node leave, as SIGTERM does, and end. */
  async leave(id: string): Promise<void> {
    const { cluster, actors, clock, host } = this.node(id);
    this.nodes.delete(id);
    await cluster.leave();
    await actors.stop();
    await cluster.close();
    clock.state = "dead";
    this.network.died(host);
  }

  /** The rings that the living nodes see, each as a text. */
  rings(): string[] {
    return [...this.nodes.values()].map(({ cluster }) => cluster.membership.view.ring.nodes.join(" "));
  }

  /** A key that a node owns, as all see it. */
  keyOf(id: string): string {
    for (let key = 0;; key++) {
      if ([...this.nodes.values()].every(({ cluster }) => cluster.ownerOf(`k${key}`).id === id)) return `k${key}`;
    }
  }

  /** Ends all timers. */
  end(): void {
    for (const { clock } of this.#processes) clock.state = "dead";
  }
}
