/**
 * How does one actor come and go? Commands wait in its mailbox while it is activated, and while it backs off from another
 * owner; awake, it takes turns. One entry, whatever it is doing: activating, awake, or gone.
 */
import type { Kind } from "../domain/decision.ts";
import { BACKOFF_RESET_MS, backoffMs } from "./backoff.ts";
import { lateFault, lostElsewhere, Mailbox } from "./mailbox.ts";
import type { ClockReading, HandBack, Handle, LoadedActor } from "../ports/mod.ts";
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";
import { Activation, type ActivationContext, type ActivationHost } from "./activation.ts";
import { asFault, type MessageOf } from "./turn.ts";
import type { Usable } from "./use_order.ts";

/** What an actor works with. */
export interface ActorContext<K extends Kind> extends ActivationContext<K> {
  /** Letters that may wait. */
  readonly mailboxMax: number;
  /** Lets the actor's turn run soon, together with others'. */
  readonly schedule: (actor: Actor<K>) => void;
  /** Told, in the same tick, when the actor has no state and no messages: its entry is to be removed. */
  readonly gone: (actor: Actor<K>) => void;
  /** Undefined on a node that is alone. */
  handBack?: HandBack<K>;
}

/** One actor of this node: activating, awake, or gone. */
export class Actor<K extends Kind> implements Usable<Actor<K>>, ActivationHost<K> {
  readonly mailbox: Mailbox<MessageOf<K>>;
  /** Undefined while it is activating, backing off, or gone. */
  #awake: Activation<K> | undefined = undefined;
  /** Of the last activation, where it was fenced: what it knew need not be read again. */
  #former: { readonly staleState: K["State"] | undefined } | undefined = undefined;
  #activating = false;
  #scheduled = false;
  /** Whether it is to be let go once nothing is under way. */
  #releasing = false;
  /** Turns in flight and readings of stored answers, of this activation and of former ones. */
  #outstanding = 0;
  #losses = 0;
  /** Monotonic time of the last command. */
  lastUsed = 0;
  usedBefore: Actor<K> | undefined = undefined;
  usedAfter: Actor<K> | undefined = undefined;

  constructor(readonly key: string, readonly context: ActorContext<K>) {
    this.mailbox = new Mailbox(context.mailboxMax);
  }

  /** The epoch of its activation, and the monotonic time at which Postgres confirmed it; undefined while it has none. */
  get activation(): { readonly epoch: number; readonly confirmedAt: number } | undefined {
    return this.#awake && { epoch: this.#awake.handle.epoch, confirmedAt: this.#awake.confirmedAt };
  }

  /** Whether it may be passivated: no message waits and nothing is under way. */
  get idle(): boolean {
    return !this.#activating && !this.#scheduled && this.#outstanding === 0 && this.mailbox.size === 0;
  }

  /** Puts a message in the mailbox, or rejects it where that is full. @param now monotonic milliseconds */
  put(message: MessageOf<K>, now: number): void {
    this.lastUsed = now;
    if (this.mailbox.push(message)) this.wake();
    else {
      const waiting = this.mailbox.size;
      message.reject(new Fault("overloaded", `Cannot take a command as the mailbox is full: ${waiting} wait`));
    }
  }

  /** Drops messages whose deadline has passed. */
  expire(now: number): void {
    this.mailbox.expire(now);
  }

  /** Runs the scheduled turn. @param at by which it decides */
  run(at: ClockReading): void {
    this.#scheduled = false;
    if (this.#activating) return;
    if (this.#awake === undefined) this.#retry();
    else if (this.#releasing) this.#letGo();
    else this.#awake.takeTurn(at);
  }

  /** Takes no more turns; once nothing is under way, hands back what waits and lets the state go. */
  release(): void {
    this.#releasing = true;
    this.#letGo();
  }

  #letGo(): void {
    if (!this.#releasing || this.#activating || this.#outstanding > 0 || this.#awake?.settling) return;
    this.#releasing = false;
    this.#awake = undefined;
    this.#handBack(undefined);
    if (this.mailbox.size > 0) this.wake();
    else if (this.idle) this.context.gone(this); // else it has a run left, which finds nothing to do
  }

  #handBack(holder: string | undefined): void {
    const messages = this.mailbox.take();
    if (messages.length === 0 || this.context.handBack?.(this.key, messages, holder)) return;
    this.mailbox.putBack(messages);
  }

  // --- for its activation ---

  goesOn(activation: Activation<K>): boolean {
    return this.#awake === activation && !this.#releasing;
  }

  began(): void {
    this.#outstanding++;
  }

  ended(): void {
    this.#outstanding--;
    this.#letGo();
  }

  wake(): void {
    if (this.#scheduled || this.#activating || this.#awake?.isFull) return;
    this.#scheduled = true;
    this.context.schedule(this);
  }

  failed(activation: Activation<K>, fenced: boolean): void {
    this.#outstanding--;
    this.#fail(activation, fenced);
    this.#letGo();
  }

  // --- what a failure means ---

  #fail(activation: Activation<K>, fenced: boolean): void {
    const { clock, events } = this.context;
    if (this.#awake !== activation) {
      if (this.mailbox.size > 0) this.wake();
      return;
    }
    this.#awake = undefined;
    if (!fenced) return this.#retry();
    this.#former = activation;
    events.fenced();
    if (clock.monotonic() - activation.since > BACKOFF_RESET_MS) this.#losses = 0;
    this.#backOff();
  }

  async #backOff(): Promise<void> {
    const { clock, handBack } = this.context;
    this.#losses++;
    this.#activating = true;
    if (handBack !== undefined) await this.#askHolder();
    clock.after(backoffMs(this.#losses, clock.random()), () => this.#retry());
  }

  /** What waits goes to the node that has the actor now; where that cannot be, it waits for the next activation. */
  async #askHolder(): Promise<void> {
    let holder: string | undefined;
    try {
      holder = await this.context.store.holderOf?.(this.key);
    } catch {
      // Then the ring tells whom to ask.
    }
    this.#handBack(holder);
  }

  #retry(): void {
    this.#activating = false;
    if (this.#releasing) this.#letGo();
    else if (this.mailbox.size > 0) this.#activate();
    else if (this.idle) this.context.gone(this); // else the sweep finds it once it is
  }

  // --- activation ---

  async #activate(): Promise<void> {
    this.#activating = true;
    const { store, clock, events } = this.context;
    const asked = this.mailbox.waiting();
    const since = clock.monotonic();
    const former = this.#former;
    this.#former = undefined;
    try {
      const activation = await store.activate(this.key, clock.now(), former?.staleState);
      if (activation === undefined) return await this.#absent(asked);
      events.activated();
      this.#awaken(activation, since);
    } catch (error) {
      if (error instanceof Fenced) { // another owner took it while it was read
        this.#former = { staleState: error.staleState as K["State"] | undefined };
        this.#backOff();
        return;
      }
      if (!(error instanceof LostAnswer)) {
        const fault = asFault(error);
        for (const message of this.mailbox.take()) message.reject(fault);
      }
      this.#retry();
    }
  }

  #awaken(activation: LoadedActor<K["State"]>, since: number): void {
    this.#activating = false;
    this.#awake = new Activation(this, activation, since);
    this.wake();
  }

  /**
   * There was no such actor when the messages `asked` were here already: those are decided on nothing, and the first of
   * them that makes the actor is stored.
   */
  async #absent(asked: readonly MessageOf<K>[]): Promise<void> {
    const { rules, store, clock } = this.context;
    const messages = this.mailbox.takeThose(asked);
    for (const [index, message] of messages.entries()) {
      if (message.deadline < clock.monotonic()) {
        message.reject(lateFault(message));
        continue;
      }
      const decision = rules.decide(undefined, message.command, clock.now());
      if (decision.kind === "refused") message.resolve(decision);
      if (decision.kind !== "accepted") continue;
      const since = clock.monotonic();
      let handle: Handle | undefined;
      try {
        handle = await store.create(this.key, decision.event);
      } catch (error) {
        if (error instanceof LostAnswer) message.lost = lostElsewhere({ kind: "done", answer: decision.answer });
        this.mailbox.putBack(messages.slice(index));
        throw error;
      }
      if (handle === undefined) { // someone else made it meanwhile
        this.mailbox.putBack(messages.slice(index));
        break;
      }
      this.mailbox.putBack(messages.slice(index + 1));
      message.resolve({ kind: "done", answer: decision.answer });
      this.#awaken({ handle, turn: 0, state: rules.evolve(undefined, decision.event) }, since);
      return;
    }
    this.#retry();
  }
}
