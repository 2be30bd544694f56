/** How are the ways to other nodes kept? One for each incarnation, made when it is first needed. */
import { isSame, type Member } from "./member.ts";
import { Peer, type PeerContext } from "./peer.ts";
import type { ClusterView } from "./cluster_view.ts";

export class Peers {
  readonly #peers = new Map<string, Peer>();

  constructor(readonly context: PeerContext) {}

  to(member: Member): Peer {
    const known = this.#peers.get(member.id);
    if (known !== undefined && isSame(known.member, member)) return known;
    const peer = new Peer(member, this.context);
    this.#peers.set(member.id, peer);
    known?.break();
    return peer;
  }

  /**
   * Closes the ways to nodes that are no longer in the ring. A node that asked to leave may still answer what it took;
   * no other is expected to.
   */
  follow(view: ClusterView): void {
    for (const [id, peer] of this.#peers) {
      const member = view.member(id);
      if (member !== undefined && isSame(member, peer.member)) continue;
      this.#peers.delete(id);
      if (view.hasLeft(peer.member)) peer.retire();
      else peer.break();
    }
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.break();
    this.#peers.clear();
  }
}
