/** How is this node one of several? Without a registry it is alone, and asks its own actors. */
import type { Logger } from "@logtape/logtape";
import type { ActorSystem } from "../actors/actor_system.ts";
import type { Admit, ClusterViews, Coupons, Sales } from "../ports/mod.ts";
import { couponActOf, isCouponCommand, isCouponKey } from "../cluster/coupon_commands.ts";
import { Cluster, type ClusterEvents, holderText, type Member, selfMember } from "../cluster/mod.ts";
import { PeerServer } from "../cluster/peer_server.ts";
import type { PeerTls } from "../cluster/socket_stream.ts";
import type { Trust } from "../cluster/handshake.ts";
import { readPeerTls } from "./peer_tls.ts";
import { RedisRegistry } from "../cluster/registry.ts";
import { Seal } from "../cluster/seal.ts";
import { isSaleCommand, isSaleKey, saleActOf } from "../cluster/sale_commands.ts";
import { LinkTransport } from "../cluster/link_transport.ts";
import type { Config } from "../config/config.ts";
import type { CouponKind } from "../domain/coupon.ts";
import type { SaleKind } from "../domain/sale.ts";
import type { Metrics } from "../http/metrics.ts";
import { notListening, originOf } from "../config/settings.ts";
import type { Storage } from "../storage/mod.ts";

/** This node's actors. */
export interface LocalSystems {
  readonly coupons: ActorSystem<CouponKind>;
  readonly sales: ActorSystem<SaleKind>;
}

/** This node among the others. */
export interface ClusterNode {
  /** Whoever owns them, here or elsewhere. */
  readonly coupons: Coupons;
  readonly sales: Sales;
  readonly views: ClusterViews;
  /** Whether it is in the ring. */
  readonly joined: () => boolean;
  /** Enters the ring; waits for the registry. */
  join(): Promise<void>;
  /** Leaves the ring; what its actors have taken they finish. */
  leave(): Promise<void>;
  /** Ends its listener and connections: after the actors have stopped. */
  close(): Promise<void>;
}

const NOWHERE = { id: "alone", url: "http://127.0.0.1" };

/** A node as the rows of its actors name it, once Postgres's time is known. */
export class Identity {
  member: Member | undefined;

  constructor(readonly config: Config) {}

  /** @param now milliseconds since the epoch, by Postgres's clock */
  holder(now: number): string {
    const { host, port, cluster } = this.config;
    const id = cluster?.nodeId ?? NOWHERE.id;
    this.member = selfMember(id, cluster?.nodeUrl ?? originOf(host, port), Math.floor(now));
    return cluster === undefined ? `${holderText(this.member)} ${crypto.randomUUID()}` : holderText(this.member);
  }
}

/** Prepares this node for the cluster. `open` is to be called once its actors are there. */
export function prepareCluster(config: Config, identity: Identity, storage: Storage, log: Logger, metrics: Metrics): {
  /** Undefined where activations never wait. */
  readonly admit?: Admit;
  readonly open: (local: LocalSystems) => Promise<ClusterNode>;
} {
  const { cluster: settings } = config;
  const self = identity.member!;
  if (settings === undefined) return { open: (local) => Promise.resolve(alone(self, local)) };
  const { redisUrl: url, redisToken: token, expiryMs, heartbeatMs, joinActivations } = settings;
  const events = clusterEvents(log, metrics);
  const trust = { secret: settings.secret, database: storage.identity, self };
  const tls = readPeerTls(settings.tls);
  const { clock } = storage;
  const transport = new LinkTransport({ trust, tls, clock, noPeer: (url, why) => events.noPeer(url, why) });
  const cluster = new Cluster({
    self,
    registry: new RedisRegistry({
      url,
      token,
      expiryMs,
      timeoutMs: expiryMs / 4,
      seal: new Seal(settings.secret, storage.identity),
      clock: storage.clock,
      strange: (member, why) => events.strange(member, why),
      crowded: (ids, tooLong) => events.registryCrowded(ids, tooLong),
    }),
    transport,
    acts: storage.acts,
    clock: storage.clock,
    events,
    heartbeatMs,
    timeoutMs: config.requestTimeoutMs,
    joinActivations,
  });
  return {
    admit: cluster.pace.admit,
    open: (local) => among({ cluster, transport, trust, tls }, config, local),
  };
}

/** What is shown of a node that is alone. */
export function aloneViews(local: LocalSystems, { id, url }: Pick<Member, "id" | "url"> = NOWHERE): ClusterViews {
  const node = { id, url, share: 1, state: "in" } as const;
  const registry = { state: "none", ageMs: null } as const;
  return { self: id, nodes: () => [node], registry: () => registry, ownerOf: () => node, ...actorViews(local) };
}

function alone(self: Member, local: LocalSystems): ClusterNode {
  const done = () => Promise.resolve();
  return { ...local, views: aloneViews(local, self), joined: () => true, join: done, leave: done, close: done };
}

/** What a node needs to be among others. */
interface Parts {
  readonly cluster: Cluster;
  readonly transport: LinkTransport;
  readonly trust: Trust;
  readonly tls: PeerTls | undefined;
}

/** @throws ConfigError where CLUSTER_PORT cannot be had */
async function servePeers({ cluster, trust, tls }: Parts, { host, cluster: settings }: Config): Promise<PeerServer> {
  const { port } = settings!;
  const { options: { clock }, reception } = cluster;
  try {
    return await PeerServer.start({ host, port, trust, tls, clock, reception });
  } catch (error) {
    throw notListening("CLUSTER_PORT", host, port, error);
  }
}

async function among(parts: Parts, config: Config, local: LocalSystems): Promise<ClusterNode> {
  const { cluster, transport } = parts;
  const coupons = cluster.host({
    name: "coupon",
    local: local.coupons,
    isKey: isCouponKey,
    isCommand: isCouponCommand,
    actOf: couponActOf,
  });
  const sales = cluster.host({
    name: "sale",
    local: local.sales,
    isKey: isSaleKey,
    isCommand: isSaleCommand,
    actOf: saleActOf,
  });
  const server = await servePeers(parts, config);
  let joined = false;
  const nodeOf = (id: string) => cluster.status().nodes.find((node) => node.id === id)!;
  return {
    coupons,
    sales,
    views: {
      self: cluster.options.self.id,
      nodes: () => cluster.status().nodes,
      registry: () => cluster.status().registry,
      ...actorViews(local),
      ownerOf: (key) => nodeOf(cluster.ownerOf(key).id),
    },
    joined: () => joined,
    async join() {
      await cluster.join();
      joined = true;
    },
    leave: () => cluster.leave(),
    async close() {
      cluster.close();
      await server.close();
      transport.close();
    },
  };
}

function actorViews({ coupons, sales }: LocalSystems): Pick<ClusterViews, "actors" | "actor"> {
  const of = (kind: "coupon" | "sale") => kind === "coupon" ? coupons : sales;
  return { actors: (kind, limit) => of(kind).list(limit), actor: (kind, key) => of(kind).view(key) };
}

function clusterEvents(log: Logger, metrics: Metrics): ClusterEvents {
  return {
    forwarded: (outcome, commands) => metrics.forwards.count(outcome, "", commands),
    ringChanged(nodes) {
      metrics.ringChanged();
      log.info("The ring is now {nodes}", { nodes });
    },
    handedOff(actors) {
      metrics.handedOff(actors);
      log.info("Handing off {actors} actors", { actors });
    },
    tookOver: () => metrics.tookOver(),
    nodeGone: (member, why) => log.warn("The node {id} is gone: {why}", { id: member.id, url: member.url, why }),
    strange({ id, url }, why) {
      const reason = why === "stale"
        ? "its registry entry is not valid at this time: it was written back, or its clock is wrong"
        : "it has another CLUSTER_SECRET, another database or another version";
      log.error("Not of this cluster: {id} at {url}: {reason}", { id, url, reason });
    },
    noPeer: (url, why) => log.error("No peer listens at {url}: {why}", { url, why }),
    registryCrowded: (ids, tooLong) =>
      log.error("The registry holds {ids} ids and {tooLong} entries that are too long: only a part is read", {
        ids,
        tooLong,
      }),
    selfNotFound: ({ url }) =>
      log.error("This node is not found where its peers are to reach it: NODE_URL={url}", { url }),
    displaced: (by) => log.error("Another process has this node's id: {url}", { id: by.id, url: by.url }),
    unrecorded: ({ id, url }, act) =>
      log.error("The peer {id} asked for an act that is not recorded, and was refused: {act}", { id, url, act }),
    unexpected: (error) => log.error("A peer's message failed: {error}", { error: String(error) }),
    // The library repeats the whole command, and with it an entry's seal.
    registryFailed: ({ message }) =>
      log.warn("The registry does not answer: {reason}", { reason: message.replace(/, command was: .*/s, "") }),
  };
}
