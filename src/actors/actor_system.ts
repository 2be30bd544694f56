/** Which actors are awake on this node, and who may wake one more? */
import type { Kind } from "../domain/decision.ts";
import type { MessageOf } from "./activation.ts";
import { Actor, type ActorContext } from "./actor.ts";
import { lostElsewhere, Message } from "./mailbox.ts";
import type {
  ActorEvents,
  ActorView,
  Admit,
  Asking,
  Clock,
  HandBack,
  LocalActors,
  OutcomeOf,
  Page,
  Rules,
  Store,
} from "../ports/mod.ts";
import { Fault } from "../ports/mod.ts";
import { UseOrder } from "./use_order.ts";

/** How often deadlines and idleness are looked at, in milliseconds. */
export const SWEEP_MS = 250;
/**
 * Actors that requests of one tick wake take their turns together after it. So many do not wait for its end: storage would
 * have nothing to do for the rest of a tick that may go on for milliseconds.
 */
const READY_MAX = 64;
/** Least recently used actors looked at to find one that may be let go. */
const EVICT_LOOKS = 64;

/** Limits of an actor system. */
export interface ActorLimits {
  /** Messages that may wait for one actor; one more is refused with `overloaded`. */
  readonly mailboxMax: number;
  /** Actors in memory; beyond it the least recently used idle one is let go, or the command refused. */
  readonly awakeMax: number;
  /** An actor without a command for so long, in milliseconds, is let go. */
  readonly idleMs: number;
  /** A command not decided within so many milliseconds is dropped. */
  readonly timeoutMs: number;
}

/** The actors of one kind on this node. */
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

  /** Actors in memory. */
  get awake(): number {
    return this.#actors.size;
  }

  /** Commands that wait, over all actors. */
  get depth(): number {
    let depth = 0;
    for (const actor of this.#actors.values()) depth += actor.mailbox.size;
    return depth;
  }

  /** Actors in memory, the most recently used first, and how many there are. */
  list(limit: number): Page<ActorView> {
    const newest = this.#order.newestFirst().take(limit);
    return { data: [...newest.map((actor) => this.#viewOf(actor))], total: this.#actors.size };
  }

  /** An actor in memory; undefined where it is not. */
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
    const message: MessageOf<K> = new Message(command, deadline, resolve, reject, asking?.handed);
    if (asking?.mayBeStored) message.lost = lostElsewhere({ kind: "done", answer: undefined });
    actor.put(message, now);
  }

  handBackTo(take: HandBack<K>): void {
    this.#context.handBack = take;
  }

  release(keeps: (key: string) => boolean): number {
    const going = [...this.#actors.values()].filter(({ key }) => !keeps(key));
    for (const actor of going) actor.release();
    return going.length;
  }

  /** Takes no more commands; resolves once all that were taken are answered or dropped. */
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
    // One for all: two readings a turn cost as much as what a claim's rules decide. Where this process is frozen here, a
    // command is decided after its deadline: it came before, and where its actor has another owner now the turn is fenced.
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
