/** The actors of one kind on this node. */
import type { Kind } from "../domain/decision.ts";
import type { MessageOf } from "./activation.ts";
import { Actor, type ActorContext } from "./actor.ts";
import { Message } from "./mailbox.ts";
import type {
  ActorEvents,
  ActorView,
  Admit,
  Asking,
  Clock,
  LocalActors,
  OutcomeOf,
  Page,
  Redirect,
  Rules,
  Store,
} from "../ports/mod.ts";
import { Fault } from "../ports/mod.ts";
import { UseOrder } from "./use_order.ts";

/** Milliseconds between two checks of deadlines and idle actors. */
export const SWEEP_MS = 250;
/**
 * Actors that are woken in one tick take their turns together after it. This many do not wait for its end: a tick may last
 * for milliseconds, in which storage would be idle.
 */
const READY_MAX = 64;
/** How many of the least recently used actors are examined to find an idle one. */
const EVICT_LOOKS = 64;

export interface ActorLimits {
  /** Maximum number of messages that wait for one actor; one more is refused with `overloaded`. */
  readonly mailboxMax: number;
  /** Maximum number of actors in memory; beyond it the least recently used idle one is removed, or the command refused. */
  readonly awakeMax: number;
  /** An actor without a command for this many milliseconds is passivated. */
  readonly idleMs: number;
  /** A command that is not decided within this many milliseconds is dropped. */
  readonly timeoutMs: number;
}

export class ActorSystem<K extends Kind> implements LocalActors<K> {
  readonly #actors = new Map<string, Actor<K>>();
  readonly #order = new UseOrder<Actor<K>>();
  readonly #context: ActorContext<K>;
  #ready: Actor<K>[] = [];
  #stopping = false;
  #cancelSweep: () => void = () => {};

  constructor(
    rules: Rules<K>,
    store: Store<K>,
    readonly clock: Clock,
    readonly limits: ActorLimits,
    events: ActorEvents,
    admit?: Admit,
  ) {
    this.#context = {
      rules,
      store,
      clock,
      events,
      admit,
      mailboxMax: limits.mailboxMax,
      schedule: (actor) => this.#schedule(actor),
      gone: (actor) => this.#forget(actor),
    };
    this.#sweepLater();
  }

  /** Number of actors in memory. */
  get awake(): number {
    return this.#actors.size;
  }

  /** Number of waiting commands of all actors. */
  get depth(): number {
    let depth = 0;
    for (const actor of this.#actors.values()) depth += actor.mailbox.size;
    return depth;
  }

  list(limit: number): Page<ActorView> {
    const newest = this.#order.newestFirst().take(limit);
    return { data: [...newest.map((actor) => this.#viewOf(actor))], total: this.#actors.size };
  }

  view(key: string): ActorView | undefined {
    const actor = this.#actors.get(key);
    return actor === undefined ? undefined : this.#viewOf(actor);
  }

  #viewOf({ key, mailbox, activation }: Actor<K>): ActorView {
    const agoMs = activation === undefined ? 0 : this.clock.monotonic() - activation.confirmedAt;
    const confirmedAt = activation === undefined ? null : this.clock.now() - agoMs;
    return { key, epoch: activation?.handle.epoch ?? null, mailboxDepth: mailbox.size, confirmedAt };
  }

  ask(key: string, command: K["Command"], asking?: Asking): Promise<OutcomeOf<K>> {
    return new Promise((resolve, reject) => this.tell(key, command, asking, resolve, reject));
  }

  tell(
    key: string,
    command: K["Command"],
    asking: Asking | undefined,
    resolve: (outcome: OutcomeOf<K>) => void,
    reject: (fault: Fault) => void,
  ): void {
    if (this.#stopping) return reject(new Fault("stopping", "Cannot take a command as the node is leaving"));
    const now = this.clock.monotonic();
    let actor = this.#actors.get(key);
    if (actor === undefined) {
      if (this.#actors.size >= this.limits.awakeMax && !this.#evict()) {
        const awake = this.#actors.size;
        return reject(new Fault("overloaded", `Cannot wake one more actor as all are busy: ${awake} are awake`));
      }
      actor = new Actor(key, this.#context);
      this.#actors.set(key, actor);
    }
    this.#order.use(actor);
    const deadline = Math.min(now + this.limits.timeoutMs, asking?.deadline ?? Infinity);
    const message: MessageOf<K> = new Message(
      command,
      deadline,
      resolve,
      reject,
      asking?.redirects,
      asking?.mayBeStored,
    );
    actor.put(message, now);
  }

  redirectTo(take: Redirect<K>): void {
    this.#context.redirect = take;
  }

  release(keeps: (key: string) => boolean): number {
    const going = [...this.#actors.values()].filter(({ key }) => !keeps(key));
    for (const actor of going) actor.release();
    return going.length;
  }

  /** Accepts no more commands; resolves once all accepted ones are answered or dropped. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const busy = () => [...this.#actors.values()].some((actor) => !actor.idle);
    while (busy()) await new Promise<void>((resolve) => this.clock.after(10, resolve));
    this.#cancelSweep();
    for (const actor of this.#actors.values()) this.#forget(actor);
  }

  #schedule(actor: Actor<K>): void {
    const ready = this.#ready.push(actor);
    if (ready === 1) this.clock.soon(() => this.#runReady());
    else if (ready === READY_MAX) queueMicrotask(() => this.#runReady());
  }

  #runReady(): void {
    const ready = this.#ready;
    if (ready.length === 0) return;
    this.#ready = [];
    // One clock reading for all: two readings per turn would cost as much as the rules of a claim. If the process is frozen
    // here, a command is decided after its deadline. It arrived before, and if another node has its actor by now the turn
    // is fenced.
    const at = { now: this.clock.now(), monotonic: this.clock.monotonic() };
    for (const actor of ready) actor.run(at);
  }

  #forget(actor: Actor<K>): void {
    this.#actors.delete(actor.key);
    this.#order.remove(actor);
  }

  #evict(): boolean {
    let looks = 0;
    for (const actor of this.#order.oldestFirst()) {
      if (actor.idle) {
        this.#forget(actor);
        return true;
      }
      if (++looks >= EVICT_LOOKS) return false;
    }
    return false;
  }

  #sweepLater(): void {
    this.#cancelSweep = this.clock.after(SWEEP_MS, () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const now = this.clock.monotonic();
    for (const actor of this.#actors.values()) {
      if (actor.mailbox.size > 0) actor.expire(now);
      else if (actor.idle && now - actor.lastUsed >= this.limits.idleMs) this.#forget(actor);
    }
  }
}
