/**
 * Who decides a command? The owner of its actor: this node or another. A command that another node did not answer is
 * asked once more, by what is known of the failure. It carries its id, and one that may be stored already is looked up
 * before it is decided, so it acts once however often it is asked.
 */
import type { Actors, Clock, LocalActors, OutcomeOf, Waiting } from "../ports/mod.ts";
import { Fault } from "../ports/mod.ts";
import type { Kind } from "../domain/decision.ts";
import type { ClusterEvents } from "./events.ts";
import { fail, type Failure, type Forward, forwardOf, untilLeaseEnds } from "./forward.ts";
import { holderOf, isSame, type Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import { Peers } from "./peers.ts";
import type { ClusterView } from "./cluster_view.ts";
import type { Transport } from "./transport.ts";

/** A command is redirected so often: each time its actor had another owner. Then it is refused as `moved`. */
export const REDIRECTS_MAX = 3;

/** A kind of actor that the cluster distributes. */
export interface Hosted<K extends Kind> {
  /** The same on every node: `coupon`, `sale`. */
  readonly name: string;
  /** This node's own. */
  readonly local: LocalActors<K>;
  /** Whether a text can be a key of this kind. */
  readonly isKey: (key: string) => boolean;
  /** Whether what another node sent is a command of this kind that the rules can decide. */
  readonly isCommand: (command: unknown) => command is K["Command"];
  /** The name under which a command is recorded in the trail; undefined where it is not an act of an administrator. */
  readonly actOf: (command: K["Command"]) => string | undefined;
}

export interface DispatcherContext {
  readonly membership: Membership;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly events: ClusterEvents;
  /** A command not decided within so many milliseconds is dropped. */
  readonly timeoutMs: number;
}

/** The actors of the whole cluster. */
export class Dispatcher {
  // deno-lint-ignore no-explicit-any -- each kind has types of its own, and only its own commands come to it
  readonly #kinds = new Map<string, Hosted<any>>();
  readonly #peers: Peers;

  constructor(readonly context: DispatcherContext) {
    const { transport, clock, events } = context;
    this.#peers = new Peers({
      transport,
      clock,
      answered: (commands) => events.forwarded("answered", commands),
      failed: (forward, failure, asked) => this.#failed(forward, failure, asked),
    });
  }

  /** Makes a kind's actors the cluster's. @returns the port that asks whichever node owns them */
  host<K extends Kind>(hosted: Hosted<K>): Actors<K> {
    const { name, local } = hosted;
    this.#kinds.set(name, hosted);
    local.redirectTo((key, waiting, holder) => this.#redirect(name, key, waiting, holder));
    return { ask: (key, command) => this.#ask(name, local, key, command) };
  }

  hosted(name: string): Hosted<Kind> | undefined {
    return this.#kinds.get(name);
  }

  /**
   * Called with each new cluster view: releases the actors that other nodes own now, and closes the ways to nodes
   * that are gone.
   */
  follow(now: ClusterView, before: ClusterView): void {
    if (now.ring !== before.ring) {
      let actors = 0;
      for (const { local } of this.#kinds.values()) actors += local.release((key) => now.ownerOf(key) === now.self);
      if (actors > 0) this.context.events.handedOff(actors);
    }
    this.#peers.follow(now);
  }

  /** Gives up all commands that other nodes have not answered. */
  close(): void {
    this.#peers.close();
  }

  #ask<K extends Kind>(
    kind: string,
    local: LocalActors<K>,
    key: string,
    command: K["Command"],
  ): Promise<OutcomeOf<K>> {
    const { view } = this.context.membership;
    const owner = view.ownerOf(key);
    if (owner === view.self) return local.ask(key, command);
    return new Promise<OutcomeOf<K>>((resolve, reject) => {
      const deadline = this.context.clock.monotonic() + this.context.timeoutMs;
      const way = { resolve: resolve as Forward["resolve"], reject };
      this.#peers.to(owner).send(forwardOf({ kind, key, command, deadline, redirects: 0, mayBeStored: false, ...way }));
    });
  }

  /** Sends a command to a node, or has it decided here. */
  #pass(forward: Forward, to: Member): void {
    if (to !== this.context.membership.self) {
      this.#peers.to(to).send(forward);
      return;
    }
    const { kind, key, command, resolve } = forward;
    const refused = ({ code, message }: Fault) => fail(forward, code, message);
    this.#kinds.get(kind)!.local.tell(key, command, forward, resolve, refused);
  }

  /**
   * Messages of a fenced or released actor go to the node that its row names, where that node is in the ring; else to
   * the ring's owner.
   */
  #redirect<K extends Kind>(
    kind: string,
    key: string,
    waiting: readonly Waiting<K>[],
    holder: string | undefined,
  ): boolean {
    const { view, self } = this.context.membership;
    const named = holderOf(holder);
    const known = named === undefined ? undefined : view.member(named.id);
    const to = known !== undefined && known !== self && isSame(known, named!) ? known : view.ownerOf(key);
    if (to === self) return false;
    for (const { command, deadline, resolve, reject, redirects, mayBeStored } of waiting) {
      const way = { resolve: resolve as Forward["resolve"], reject };
      const forward = forwardOf({ kind, key, command, deadline, redirects: redirects + 1, mayBeStored, ...way });
      if (redirects < REDIRECTS_MAX) this.#pass(forward, to);
      else fail(forward, "moved", `Command dropped: its actor moved ${redirects} times under way`);
    }
    return true;
  }

  // --- failed forwards ---

  async #failed(forward: Forward, failure: Failure, asked: Member): Promise<void> {
    const { events, membership } = this.context;
    events.forwarded(failure.kind, 1);
    if (failure.kind === "never_connected") membership.refused(asked);
    if (failure.kind === "ambiguous") forward.mayBeStored = true;
    if (forward.isAskedAgain && failure.kind !== "unsent") {
      fail(forward, "moved", `Command dropped: asked twice, and ${asked.id} was ${failure.kind}`);
      return;
    }
    if (failure.kind !== "unsent") forward.isAskedAgain = true;
    const to = await this.#another(forward, failure, asked);
    const isGone = failure.kind === "never_connected" || failure.kind === "ambiguous";
    if (to === membership.self && isGone) events.tookOver();
    this.#pass(forward, to);
  }

  /** Whom to ask after a failure. */
  async #another(forward: Forward, failure: Failure, asked: Member): Promise<Member> {
    const { membership, clock } = this.context;
    const { key } = forward;
    switch (failure.kind) {
      case "not_owner": {
        const owner = failure.owner!;
        if (owner.id === membership.self.id) {
          // Where this node sees another owner, one of the two has missed something.
          const seen = membership.view.ownerOf(key);
          if (seen !== membership.self) await membership.verify(seen);
          return membership.self;
        }
        membership.named(owner);
        return owner;
      }
      case "ambiguous": {
        await membership.verify(asked);
        const waitMs = untilLeaseEnds(forward, clock.monotonic());
        if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
        break;
      }
      case "rejected":
        await membership.verify(asked);
    }
    return membership.view.ownerOf(key);
  }
}
