/**
 * Which nodes are in the ring? An immutable value: news of another node makes the next one. A node's ring changes by a
 * greeting, a leave request, or because a node could not be reached directly; a registry that is gone or empty changes
 * nothing.
 */
import { isSame, type Member } from "./member.ts";
import { Ring } from "./ring.ts";

/**
 * Leave requests remembered, so that a registry entry that outlives its node does not bring it back; the oldest goes
 * first.
 */
const LEFT_MAX = 1_000;

/** Maximum of other nodes in the ring; one more is not admitted. */
export const MEMBERS_MAX = 1_000;

interface Marks {
  readonly members: ReadonlyMap<string, Member>;
  readonly unreachable: ReadonlyMap<string, Member>;
  readonly left: ReadonlyMap<string, number>;
  readonly leaving: boolean;
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return new Map([...map].filter(([each]) => each !== key));
}

/** The members that this node knows, itself among them until it leaves. */
export class ClusterView {
  readonly #marks: Marks;
  #ring: Ring | undefined;

  private constructor(readonly self: Member, marks: Marks, ring?: Ring) {
    this.#marks = marks;
    this.#ring = ring;
  }

  /** Made when it is first read: news of many nodes at once makes one ring. */
  get ring(): Ring {
    const { members, leaving } = this.#marks;
    return this.#ring ??= new Ring([...members.keys(), ...leaving ? [] : [this.self.id]]);
  }

  /** The view of a node that knows no other yet. */
  static alone(self: Member): ClusterView {
    return new ClusterView(self, { members: new Map(), unreachable: new Map(), left: new Map(), leaving: false });
  }

  /** The others in the ring. */
  get members(): readonly Member[] {
    return [...this.#marks.members.values()];
  }

  /** Nodes out of the ring because nothing, or something else, answered at their address. */
  get unreachable(): readonly Member[] {
    return [...this.#marks.unreachable.values()];
  }

  /** Whether this node has left the ring. */
  get leaving(): boolean {
    return this.#marks.leaving;
  }

  /** Whether this incarnation has asked to leave. */
  hasLeft({ id, incarnation }: Member): boolean {
    return (this.#marks.left.get(id) ?? -1) >= incarnation;
  }

  /** A node in the ring, this one included. */
  member(id: string): Member | undefined {
    return id === this.self.id && !this.leaving ? this.self : this.#marks.members.get(id);
  }

  /** The owner of an actor: this node itself where it knows no other. */
  ownerOf(key: string): Member {
    const id = this.ring.ownerOf(key);
    return id === undefined ? this.self : this.member(id)!;
  }

  /** After a greeting, an entry, or another node's answer: in, unless it is known to have left or to be unreachable. */
  admitted(member: Member): ClusterView {
    const { members, unreachable } = this.#marks;
    if (member.id === this.self.id || this.hasLeft(member)) return this;
    if ((unreachable.get(member.id)?.incarnation ?? -1) >= member.incarnation) return this;
    const known = members.get(member.id);
    if (known !== undefined && known.incarnation >= member.incarnation) return this;
    if (known === undefined && members.size >= MEMBERS_MAX) return this;
    return this.#with({
      members: new Map(members).set(member.id, member),
      unreachable: without(unreachable, member.id),
    });
  }

  /** After it answered a probe: in, even if it could not be reached before. */
  reached(member: Member): ClusterView {
    const { unreachable } = this.#marks;
    const wasOut = (unreachable.get(member.id)?.incarnation ?? Infinity) <= member.incarnation;
    return (wasOut ? this.#with({ unreachable: without(unreachable, member.id) }) : this).admitted(member);
  }

  /** After nothing listened at its address: this incarnation is out until it answers. */
  refused(member: Member): ClusterView {
    const view = this.lost(member);
    if (view === this) return this;
    return view.#with({ unreachable: new Map(this.#marks.unreachable).set(member.id, member) });
  }

  /** After its entry was missing and it did not answer: out; its next entry or greeting brings it back. */
  lost(member: Member): ClusterView {
    const known = this.#marks.members.get(member.id);
    if (known === undefined || !isSame(known, member)) return this;
    return this.#with({ members: without(this.#marks.members, member.id) });
  }

  /** After its leave request: this incarnation is out for good. */
  departed(id: string, incarnation: number): ClusterView {
    const { members, unreachable, left } = this.#marks;
    if (id === this.self.id || (left.get(id) ?? -1) >= incarnation) return this;
    const leftNow = [...without(left, id), [id, incarnation] as const].slice(-LEFT_MAX);
    const gone = (one: Member | undefined) => one !== undefined && one.incarnation <= incarnation;
    return this.#with({
      members: gone(members.get(id)) ? without(members, id) : members,
      unreachable: gone(unreachable.get(id)) ? without(unreachable, id) : unreachable,
      left: new Map(leftNow),
    });
  }

  /** Without unreachable nodes that the registry no longer lists: they are not expected back. */
  forgotten(listed: (id: string) => boolean): ClusterView {
    const { unreachable } = this.#marks;
    const kept = [...unreachable].filter(([id]) => listed(id));
    return kept.length === unreachable.size ? this : this.#with({ unreachable: new Map(kept) });
  }

  /** After this node left: the others own what it owned. */
  withoutSelf(): ClusterView {
    return this.leaving ? this : this.#with({ leaving: true });
  }

  /**
   * Keeps the ring unless its nodes change. At most one comes or goes at a time, so comparing their number is enough.
   */
  #with(change: Partial<Marks>): ClusterView {
    const marks = { ...this.#marks, ...change };
    const same = marks.leaving === this.leaving && marks.members.size === this.#marks.members.size;
    return new ClusterView(this.self, marks, same ? this.ring : undefined);
  }
}
