/** How is this node one of several? Without a registry it is alone, and asks its own actors. */
import type { Logger } from "@logtape/logtape";
import type { ActorSystem } from "../actors/actor_system.ts";
import type { ClusterViews, Coupons, Sales } from "../ports/mod.ts";
import { COUPONS } from "../cluster/coupon_commands.ts";
import { LinkTransport } from "../cluster/link_transport.ts";
import { Cluster, type ClusterEvents, holderText, type Member, selfMember } from "../cluster/mod.ts";
import { RedisRegistry } from "../cluster/registry.ts";
import { SALES } from "../cluster/sale_commands.ts";
import { MemberSignature } from "../cluster/member_signature.ts";
import type { Config } from "../config/config.ts";
import { notListening, originOf } from "../config/settings.ts";
import type { CouponKind } from "../domain/coupon.ts";
import type { SaleKind } from "../domain/sale.ts";
import type { Metrics } from "../http/metrics.ts";
import type { Storage } from "../storage/mod.ts";
import { readPeerTls } from "./peer_tls.ts";

/** This node's actors. */
export interface LocalSystems {
  readonly coupons: ActorSystem<CouponKind>;
  readonly sales: ActorSystem<SaleKind>;
}

/** All actors, wherever they are, and what is shown of the nodes that own them. */
export interface AllActors {
  readonly coupons: Coupons;
  readonly sales: Sales;
  readonly nodes: ClusterViews;
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

/** This node's part of the cluster, before {@linkcode hostActors}; undefined where this node is alone. */
export function makeCluster(
  config: Config,
  self: Member,
  storage: Storage,
  log: Logger,
  metrics: Metrics,
): Cluster | undefined {
  const { host, cluster: settings, requestTimeoutMs: timeoutMs } = config;
  if (settings === undefined) return undefined;
  const { redisUrl: url, redisToken: token, expiryMs, heartbeatMs, joinActivations, port, secret } = settings;
  const { clock, acts, identity: database } = storage;
  const events = clusterEvents(log, metrics);
  const trust = { secret, database, self };
  const tls = readPeerTls(settings.tls);
  const registry = new RedisRegistry({
    url,
    token,
    expiryMs,
    timeoutMs: expiryMs / 4,
    signature: new MemberSignature(secret, database),
    clock,
    events,
  });
  const transport = new LinkTransport({ trust, tls, clock, events });
  const listener = { host, port, trust, tls };
  return new Cluster({
    ...{ self, registry, transport, listener, acts, clock, events, heartbeatMs, timeoutMs, joinActivations },
  });
}

/**
 * Makes this node's actors the cluster's, and listens for peers.
 *
 * @param cluster undefined: this node is alone
 * @throws ConfigError where CLUSTER_PORT cannot be had
 */
export async function hostActors(
  { host, cluster: settings }: Config,
  cluster: Cluster | undefined,
  local: LocalSystems,
  self: Member,
): Promise<AllActors> {
  if (cluster === undefined) return { ...local, nodes: aloneViews(local, self) };
  const coupons = cluster.host({ ...COUPONS, local: local.coupons });
  const sales = cluster.host({ ...SALES, local: local.sales });
  try {
    await cluster.listen();
  } catch (error) {
    throw notListening("CLUSTER_PORT", host, settings!.port, error);
  }
  return { coupons, sales, nodes: cluster };
}

/** What is shown of a node that is alone. */
export function aloneViews(local: LocalSystems, { id, url }: Pick<Member, "id" | "url"> = NOWHERE): ClusterViews {
  const node = { id, url, share: 1, state: "in" } as const;
  const of = (kind: "coupon" | "sale") => kind === "coupon" ? local.coupons : local.sales;
  return {
    self: id,
    nodes: () => [node],
    registry: () => ({ state: "none", ageMs: null }),
    ownerOf: () => node,
    actors: (kind, limit) => of(kind).list(limit),
    actor: (kind, key) => of(kind).view(key),
  };
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
    // The library repeats the whole command, and with it an entry's signature.
    registryFailed: ({ message }) =>
      log.warn("The registry does not answer: {reason}", { reason: message.replace(/, command was: .*/s, "") }),
  };
}
