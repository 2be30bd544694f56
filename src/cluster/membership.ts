/**
 * How does a node know the others? By their greetings first and by the registry second. It removes one only after its
 * leave request, or after a probe of it. This file has the timers and the calls; cluster_view.ts and judgement.ts say
 * what the news means.
 */
import type { Clock } from "../ports/mod.ts";
import type { Calls, Pong } from "./calls.ts";
import type { ClusterEvents } from "./events.ts";
import { applyProbe, whyGone } from "./judgement.ts";
import { isSame, type Member } from "./member.ts";
import type { Registry } from "./registry.ts";
import { ClusterView } from "./cluster_view.ts";

/** How long a leaving node waits for its peers, in milliseconds. */
export const LEAVE_MS = 1_000;
/** A node that answered within this time, in milliseconds, is not probed again. */
const SURE_MS = 100;
/** Probes of itself, a heartbeat apart, before a node reports that it is not found. */
const FIND_TRIES = 3;

export interface MembershipContext {
  readonly registry: Registry;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly events: ClusterEvents;
  readonly heartbeatMs: number;
  /** Called with each new cluster view, in the same tick. */
  readonly changed: (now: ClusterView, before: ClusterView) => void;
}

/** Keeps the cluster view of this node. */
export class Membership {
  #view: ClusterView;
  #leaving = false;
  #cancelBeat: () => void = () => {};
  /** Monotonic time of the registry's last answer. */
  #answeredAt: number | undefined;
  /** Probes under way, by id and incarnation. */
  readonly #checks = new Map<string, Promise<void>>();
  /** Monotonic time at which each node last answered a probe, by id. */
  readonly #reachedAt = new Map<string, number>();

  constructor(readonly self: Member, readonly context: MembershipContext) {
    this.#view = ClusterView.alone(self);
  }

  get view(): ClusterView {
    return this.#view;
  }

  /** Milliseconds since the registry's last answer; undefined if it never answered. */
  get registryAgeMs(): number | undefined {
    return this.#answeredAt === undefined ? undefined : this.context.clock.monotonic() - this.#answeredAt;
  }

  /** What this node says of itself. */
  get pong(): Pong {
    return { ...this.self, leaving: this.#leaving };
  }

  /**
   * Enters the ring: waits for the registry, and greets the nodes that it lists. A list without another node is read
   * once more after a heartbeat, because a registry that came back empty is filled again within one.
   */
  async join(): Promise<void> {
    const { heartbeatMs } = this.context;
    let listed = await this.#firstList();
    if (listed.every(({ id }) => id === this.self.id)) {
      await this.#pause(heartbeatMs);
      listed = await this.#firstList();
    }
    await this.#greet(listed);
    this.#beatAfter(heartbeatMs);
    this.#findSelf();
  }

  /** Reports if this node is not found at its own address: its peers would remove it, and nobody would know why. */
  async #findSelf(): Promise<void> {
    const { calls, events, heartbeatMs } = this.context;
    for (let tries = FIND_TRIES; tries > 0 && !this.#leaving; tries--) {
      const found = await calls.ping(this.self);
      if (typeof found === "object" && isSame(found, this.self)) return;
      await this.#pause(heartbeatMs);
    }
    if (!this.#leaving) events.selfNotFound(this.self);
  }

  async #firstList(): Promise<Member[]> {
    for (;;) {
      const listed = await this.#exchange();
      if (listed !== undefined || this.#leaving) return listed ?? [];
      await this.#pause(this.context.heartbeatMs);
    }
  }

  /**
   * Leaves the ring: stops writing itself to the registry, tells every peer, and owns its actors until all peers have
   * acknowledged or {@linkcode LEAVE_MS} are over. A node without peers goes on owning all.
   */
  async leave(): Promise<void> {
    this.#leaving = true;
    this.#cancelBeat();
    const { calls, registry, events } = this.context;
    await Promise.all(this.#view.members.map((member) => calls.leave(member, LEAVE_MS)));
    this.#become(this.#view.withoutSelf());
    await registry.remove(this.self).catch((error) => events.registryFailed(error));
  }

  /** Probes a node that the ring names as an owner; after it the ring is as right as this node can know. */
  async verify(member: Member): Promise<void> {
    const { clock } = this.context;
    if (clock.monotonic() - (this.#reachedAt.get(member.id) ?? -Infinity) < SURE_MS) return;
    await this.#check(member, async (found) => {
      if (found !== "silent") return false;
      const listed = await this.#list();
      return listed !== undefined && !listed.some((each) => isSame(each, member));
    });
  }

  /** A command could not be delivered to a node: nothing listens there. */
  refused(member: Member): void {
    this.#become(this.#view.refused(member));
  }

  /** Another node named a node as an owner. */
  named(member: Member): void {
    this.#become(this.#view.admitted(member));
  }

  /** A node greeted this one. @returns the nodes that this one knows */
  greeted(member: Member): Member[] {
    this.#become(this.#view.admitted(member));
    // If it could not be reached before, its greeting is not enough.
    if (this.#view.member(member.id) === undefined) this.#check(member);
    return [this.self, ...this.#view.members];
  }

  /** A node asked to leave. */
  departed(id: string, incarnation: number): void {
    this.#become(this.#view.departed(id, incarnation));
  }

  // --- heartbeats ---

  #beatAfter(delayMs: number): void {
    if (!this.#leaving) this.#cancelBeat = this.context.clock.after(delayMs, () => this.#beat());
  }

  async #beat(): Promise<void> {
    const { clock, heartbeatMs } = this.context;
    const startedAt = clock.monotonic();
    const wasAway = this.registryAgeMs ?? 0;
    for (const member of this.#view.unreachable) this.#check(member);
    const listed = await this.#exchange();
    if (listed !== undefined) this.#hear(listed);
    // This process was frozen, or the registry does not answer: the others may have removed this node.
    if (wasAway > 3 * heartbeatMs) await this.#greet(this.#view.members);
    this.#beatAfter(Math.max(0, startedAt + heartbeatMs - clock.monotonic()));
  }

  /** Takes the registry's list; members that it does not list are probed. */
  #hear(listed: readonly Member[]): void {
    let view = this.#view;
    for (const member of listed) view = view.admitted(member);
    const namesake = listed.find(({ id, incarnation }) => id === this.self.id && incarnation > this.self.incarnation);
    if (namesake !== undefined) this.context.events.displaced(namesake);
    const ids = new Set(listed.map(({ id }) => id));
    this.#become(view.forgotten((id) => ids.has(id)));
    for (const member of this.#view.members) {
      if (!listed.some((each) => isSame(each, member))) this.#check(member, () => Promise.resolve(true));
    }
  }

  /**
   * Lists all nodes, then writes this one; the other order would overwrite another process with this node's id
   * unseen.
   */
  async #exchange(): Promise<Member[] | undefined> {
    const { registry, events } = this.context;
    const listed = await this.#list();
    if (listed === undefined || this.#leaving) return listed;
    try {
      await registry.write(this.self);
      return listed;
    } catch (error) {
      events.registryFailed(error as Error);
      return undefined;
    }
  }

  async #list(): Promise<Member[] | undefined> {
    const { registry, events, clock } = this.context;
    try {
      const listed = await registry.list();
      this.#answeredAt = clock.monotonic();
      return listed;
    } catch (error) {
      events.registryFailed(error as Error);
      return undefined;
    }
  }

  // --- the others ---

  /**
   * Greets nodes, and the nodes that they know. A node that does not answer is in as well, because the registry lists
   * it. Once this node leaves it greets no more, since its leave request went to the members that it knew then.
   */
  async #greet(members: readonly Member[]): Promise<void> {
    const greeted = new Set<string>([this.self.id]);
    let next = members.filter(({ id }) => !greeted.has(id));
    while (next.length > 0 && !this.#leaving) {
      for (const { id } of next) greeted.add(id);
      this.#become(next.reduce((view, member) => view.admitted(member), this.#view));
      const known = (await Promise.all(next.map((member) => this.context.calls.greet(member)))).flat();
      next = known.filter(({ id }, at) => !greeted.has(id) && known.findIndex((other) => other.id === id) === at);
    }
  }

  /** Probes a node, once at a time, and applies the result. @param missing whether the registry does not list it */
  #check(member: Member, missing?: (found: unknown) => Promise<boolean>): Promise<void> {
    const { calls, clock } = this.context;
    const key = `${member.id} ${member.incarnation}`;
    const check = this.#checks.get(key) ?? (async () => {
      const found = await calls.ping(member);
      const isMissing = await missing?.(found) ?? false;
      this.#checks.delete(key);
      if (typeof found === "object") this.#reachedAt.set(found.id, clock.monotonic());
      this.#become(applyProbe(this.#view, member, found, isMissing));
    })();
    this.#checks.set(key, check);
    return check;
  }

  #become(now: ClusterView): void {
    const before = this.#view;
    if (now === before) return;
    this.#view = now;
    const { events, changed } = this.context;
    changed(now, before);
    for (const member of before.members) {
      if (now.member(member.id) !== undefined) continue;
      this.#reachedAt.delete(member.id);
      events.nodeGone(member, whyGone(now, member));
    }
    if (now.ring !== before.ring) events.ringChanged(now.ring.nodes);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.context.clock.after(ms, resolve));
  }
}
