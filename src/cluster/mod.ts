/** How is the cluster put together? Membership, dispatcher and the peers' listener, and what is shown of them. */
import type { Actors, AdminActs, Clock } from "../ports/mod.ts";
import type { Kind } from "../domain/decision.ts";
import { Calls } from "./calls.ts";
import { Dispatcher, type Hosted } from "./dispatcher.ts";
import type { ClusterEvents } from "./events.ts";
import { type Member, PROTOCOL } from "./member.ts";
import { Membership } from "./membership.ts";
import { Pace } from "./pace.ts";
import { PeerRequestHandler } from "./peer_request_handler.ts";
import type { Registry } from "./registry.ts";
import type { Transport } from "./transport.ts";

export type { Hosted } from "./dispatcher.ts";
export type { ClusterEvents, FailureKind } from "./events.ts";
export { holderText, isNodeId, type Member } from "./member.ts";

/** What a cluster's node is made of. */
export interface ClusterOptions {
  readonly self: Member;
  readonly registry: Registry;
  readonly transport: Transport;
  /** Where acts of administrators are recorded before they are done. */
  readonly acts: Pick<AdminActs, "vouches">;
  readonly clock: Clock;
  readonly events: ClusterEvents;
  readonly heartbeatMs: number;
  /** A command not decided within so many milliseconds is dropped. */
  readonly timeoutMs: number;
  /** Activations a second, for the first seconds after joining. */
  readonly joinActivations: number;
}

/** A node in the ring, or out of it since it cannot be reached. */
export interface NodeStatus extends Member {
  /** Part of all keys that it owns, 0 to 1. */
  readonly share: number;
  readonly state: "in" | "unreachable";
}

/** The cluster, as one node sees it. */
export interface ClusterStatus {
  readonly self: Member;
  /** Whether this node has left the ring. */
  readonly leaving: boolean;
  readonly nodes: readonly NodeStatus[];
  /** Milliseconds since the registry answered; null where it never did. `silent`: longer ago than three heartbeats. */
  readonly registry: { readonly state: "answers" | "silent"; readonly ageMs: number | null };
}

/** This node's part of the cluster. */
export class Cluster {
  readonly membership: Membership;
  readonly dispatcher: Dispatcher;
  /** Takes what the peers' listener receives. */
  readonly reception: PeerRequestHandler;
  /** For this node's stores. */
  readonly pace: Pace;

  constructor(readonly options: ClusterOptions) {
    const { self, registry, transport, acts, clock, events, heartbeatMs, timeoutMs, joinActivations } = options;
    const calls = new Calls(transport, clock);
    const changed: Dispatcher["follow"] = (now, before) => this.dispatcher.follow(now, before);
    this.membership = new Membership(self, { registry, calls, clock, events, heartbeatMs, changed });
    this.dispatcher = new Dispatcher({ membership: this.membership, transport, clock, events, timeoutMs });
    this.reception = new PeerRequestHandler({
      dispatcher: this.dispatcher,
      membership: this.membership,
      acts,
      clock,
      events,
    });
    this.pace = new Pace(clock, joinActivations);
  }

  /** Makes a kind's actors the cluster's; before {@linkcode join}. @returns the port that asks whoever owns them */
  host<K extends Kind>(hosted: Hosted<K>): Actors<K> {
    return this.dispatcher.host(hosted);
  }

  /** Enters the ring; waits for the registry. The peers' listener must listen already. */
  async join(): Promise<void> {
    this.pace.start();
    await this.membership.join();
  }

  /**
   * Leaves the ring. From its end on all commands go to other nodes, while there are any; what actors here have taken
   * they finish. The peers' listener must go on listening until the actors have stopped.
   */
  async leave(): Promise<void> {
    await this.membership.leave();
  }

  /** Gives up what is out to other nodes: after the actors have stopped. */
  close(): void {
    this.dispatcher.close();
  }

  /** The node that owns an actor, as this node sees it. */
  ownerOf(key: string): Member {
    return this.membership.roster.ownerOf(key);
  }

  /** The cluster, as this node sees it. */
  status(): ClusterStatus {
    const { roster, self, registryAgeMs } = this.membership;
    const shares = roster.ring.shares();
    const inside = roster.ring.nodes.map((id, at): NodeStatus => (
      { ...roster.member(id)!, share: shares[at]!, state: "in" }
    ));
    const outside = roster.unreachable.map((member): NodeStatus => ({ ...member, share: 0, state: "unreachable" }));
    const isSilent = registryAgeMs === undefined || registryAgeMs > 3 * this.options.heartbeatMs;
    return {
      self,
      leaving: roster.leaving,
      nodes: [...inside, ...outside],
      registry: { state: isSilent ? "silent" : "answers", ageMs: registryAgeMs ?? null },
    };
  }
}

/** This node, for its peers. @param incarnation milliseconds since the epoch, by Postgres's clock, at its start */
export function selfMember(id: string, url: string, incarnation: number): Member {
  return { id, url: url.replace(/\/$/, ""), incarnation, version: PROTOCOL };
}
