/**
 * How does a node take part in the cluster? Its members, its dispatcher, its listener for peers, and what is shown of
 * them.
 */
import type { Actors, ActorView, Admit, ClusterViews, NodeView, Page } from "../ports/mod.ts";
import type { Kind } from "../domain/decision.ts";
import { Calls } from "./calls.ts";
import { Dispatcher, type DispatcherContext, type Hosted } from "./dispatcher.ts";
import { type Member, PROTOCOL } from "./member.ts";
import { Membership, type MembershipContext } from "./membership.ts";
import { Pace } from "./pace.ts";
import { PeerRequestHandler, type PeerRequestHandlerContext } from "./peer_request_handler.ts";
import { PeerServer, type PeerServerOptions } from "./peer_server.ts";
import type { Transport } from "./transport.ts";

export type { Hosted } from "./dispatcher.ts";
export type { ClusterEvents, FailureKind } from "./events.ts";
export { holderText, isNodeId, type Member } from "./member.ts";

/** What a node of a cluster is made of. */
export interface ClusterOptions
  extends
    Pick<MembershipContext, "registry" | "clock" | "events" | "heartbeatMs">,
    Pick<PeerRequestHandlerContext, "acts">,
    Pick<DispatcherContext, "timeoutMs"> {
  readonly self: Member;
  readonly transport: Transport & { close(): void };
  /** Of the listener for peers; undefined where peers reach this node in another way. */
  readonly listener?: Pick<PeerServerOptions, "host" | "port" | "trust" | "tls">;
  /** Activations a second, for the first seconds after joining. */
  readonly joinActivations: number;
}

/** This node's part of the cluster. */
export class Cluster implements ClusterViews {
  readonly membership: Membership;
  readonly dispatcher: Dispatcher;
  readonly peerRequestHandler: PeerRequestHandler;
  readonly #pace: Pace;
  #server: PeerServer | undefined;
  #joined = false;

  constructor(readonly options: ClusterOptions) {
    const { self, transport, clock, joinActivations } = options;
    const calls = new Calls(transport, clock);
    const changed: Dispatcher["follow"] = (now, before) => this.dispatcher.follow(now, before);
    const membership = this.membership = new Membership(self, { ...options, calls, changed });
    const dispatcher = this.dispatcher = new Dispatcher({ ...options, membership });
    this.peerRequestHandler = new PeerRequestHandler({ ...options, dispatcher, membership });
    this.#pace = new Pace(clock, joinActivations);
  }

  /** For this node's actors: they are activated slowly at first. */
  get admit(): Admit {
    return this.#pace.admit;
  }

  /** Whether this node has entered the ring. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Makes a kind's actors the cluster's; before {@linkcode join}. @returns the port that asks whoever owns them */
  host<K extends Kind>(hosted: Hosted<K>): Actors<K> {
    return this.dispatcher.host(hosted);
  }

  /** Starts to listen for peers; before {@linkcode join}. @throws Error where the port cannot be had */
  async listen(): Promise<void> {
    const { peerRequestHandler, options: { listener, clock } } = this;
    this.#server = await PeerServer.start({ ...listener!, clock, peerRequestHandler });
  }

  /** Enters the ring; waits for the registry. */
  async join(): Promise<void> {
    this.#pace.start();
    await this.membership.join();
    this.#joined = true;
  }

  /**
   * Leaves the ring. From then on all commands go to other nodes, while there are any. The actors here finish what they
   * have taken; peers are answered until {@linkcode close}.
   */
  async leave(): Promise<void> {
    await this.membership.leave();
  }

  /** Gives up what is out to other nodes, and ends all connections: after the actors have stopped. */
  async close(): Promise<void> {
    this.dispatcher.close();
    await this.#server?.close();
    this.options.transport.close();
  }

  // --- what is shown ---

  get self(): string {
    return this.options.self.id;
  }

  nodes(): readonly NodeView[] {
    const { ring, unreachable } = this.membership.view;
    const shares = ring.shares();
    return [
      ...ring.nodes.map((id, at): NodeView => this.#viewOf(this.membership.view.member(id)!, shares[at]!)),
      ...unreachable.map((member): NodeView => ({ ...this.#viewOf(member, 0), state: "unreachable" })),
    ];
  }

  registry(): ReturnType<ClusterViews["registry"]> {
    const { registryAgeMs: ageMs } = this.membership;
    const isSilent = ageMs === undefined || ageMs > 3 * this.options.heartbeatMs;
    return { state: isSilent ? "silent" : "answers", ageMs: ageMs ?? null };
  }

  actors(kind: string, limit: number): Page<ActorView> {
    return this.dispatcher.hosted(kind)!.local.list(limit);
  }

  actor(kind: string, key: string): ActorView | undefined {
    return this.dispatcher.hosted(kind)!.local.view(key);
  }

  ownerOf(key: string): NodeView {
    const owner = this.membership.view.ownerOf(key);
    // A node that has left and knows no other is in no ring, and goes on owning all.
    return this.nodes().find(({ id }) => id === owner.id) ?? this.#viewOf(owner, 1);
  }

  #viewOf({ id, url }: Member, share: number): NodeView {
    return { id, url, share, state: "in" };
  }
}

/** This node, for its peers. @param incarnation milliseconds since the epoch, by Postgres's clock, at its start */
export function selfMember(id: string, url: string, incarnation: number): Member {
  return { id, url: url.replace(/\/$/, ""), incarnation, version: PROTOCOL };
}
