/**
 * One actor of this node. Commands wait in its mailbox until it is awake. Awake, it takes turns: they are decided in memory,
 * stored by one `append`, and answered after it, refusals too. Two turns may be in flight: by its turn number, the second
 * is stored only if the first was, so PostgreSQL need not wait for this node nor this node for PostgreSQL.
 *
 * An actor is in one phase at a time:
 *
 * - asleep: it has no state. If messages wait, it is loaded at once; otherwise its entry is removed.
 * - loading: storage raises its epoch and reads its state, or creates it.
 * - backing off: another node has it. Waiting messages are redirected, or wait for the next activation.
 * - awake: it takes turns.
 * - settling: it looks up which of its commands were stored, and takes no turn meanwhile.
 *
 * | what happens           | asleep  | loading     | backing off | awake          | settling |
 * | ---------------------- | ------- | ----------- | ----------- | -------------- | -------- |
 * | its turn comes         | loading | -           | -           | -, or settling | -        |
 * | it was loaded or made  |         | awake       |             |                |          |
 * | there is none          |         | asleep      |             |                |          |
 * | loading failed         |         | asleep      |             |                |          |
 * | fenced while it loaded |         | backing off |             |                |          |
 * | the wait is over       |         |             | asleep      |                |          |
 * | what was lost is known |         |             |             |                | awake    |
 * | a turn was stored      | -       | -           | -           | -              | -        |
 * | a turn was fenced      | -       | -           | -           | backing off    | -        |
 * | a turn failed          | -       | -           | -           | asleep         | -        |
 * | it is released         | it goes | later       | later       | asleep, or later | later  |
 *
 * `-` means no change; an empty cell cannot happen. A turn that ends in a phase other than awake belongs to an earlier
 * activation. An awake actor settles if the turn of a waiting command may have been stored. A released actor takes no more
 * turns: as soon as nothing is under way ("later"), it sleeps, redirects its waiting messages, and goes.
 */
import { type Backoff, backoffMs } from "../domain/backoff.ts";
import type { Kind } from "../domain/decision.ts";
import type {
  ActorEvents,
  Admit,
  Clock,
  ClockReading,
  Completion,
  LoadedActor,
  Redirect,
  Rules,
  Store,
} from "../ports/mod.ts";
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";
import { Activation, asFault, decideMessages, type MessageOf, reopen, type SentTurn } from "./activation.ts";
import { makeActor } from "./first_command.ts";
import { Mailbox } from "./mailbox.ts";
import type { Usable } from "./use_order.ts";

/** A refusal is given from memory only within this many milliseconds after PostgreSQL confirmed the epoch. */
export const TRUST_MS = 200;
/** The wait of a fenced actor before its next activation: what one owner stored, another one shows within a second. */
const BACKOFF: Backoff = { minMs: 50, maxMs: 500 };
/** After an activation that lasted longer, in milliseconds, the wait starts from its minimum again. */
const BACKOFF_RESET_MS = 5_000;

/** Shared by all actors of a kind. */
export interface ActorContext<K extends Kind> {
  readonly rules: Rules<K>;
  readonly store: Store<K>;
  readonly clock: Clock;
  readonly events: ActorEvents;
  /** Undefined where activations never wait. */
  readonly admit?: Admit | undefined;
  /** Maximum number of messages that may wait for one actor. */
  readonly mailboxMax: number;
  /** Schedules the actor's turn, together with those of others. */
  readonly schedule: (actor: Actor<K>) => void;
  /** The actor has no state and no messages: its entry must be removed in the same tick. */
  readonly gone: (actor: Actor<K>) => void;
  /** Undefined on a node without a cluster. */
  redirect?: Redirect<K>;
}

/** An earlier activation, which may have a stale state. */
interface Former<K extends Kind> {
  readonly staleState: K["State"] | undefined;
}

type Phase<K extends Kind> =
  | { readonly name: "asleep"; readonly former: Former<K> | undefined }
  | { readonly name: "loading" }
  | { readonly name: "backing off"; readonly former: Former<K> }
  | { readonly name: "awake" | "settling"; readonly activation: Activation<K> };

export class Actor<K extends Kind> implements Usable<Actor<K>> {
  readonly mailbox: Mailbox<MessageOf<K>>;
  #phase: Phase<K> = { name: "asleep", former: undefined };
  /** Whether its turn is scheduled. */
  #scheduled = false;
  /** Whether it is to be released once nothing is under way. */
  #leaving = false;
  /** Number of turns in flight and lookups of stored answers, of this activation and of earlier ones. */
  #outstanding = 0;
  /** Activations lost in a row. */
  #losses = 0;
  /** Monotonic time of the last command. */
  lastUsed = 0;
  usedBefore: Actor<K> | undefined = undefined;
  usedAfter: Actor<K> | undefined = undefined;

  constructor(readonly key: string, readonly context: ActorContext<K>) {
    this.mailbox = new Mailbox(context.mailboxMax);
  }

  get phase(): Phase<K>["name"] {
    return this.#phase.name;
  }

  /** Undefined while it is not activated. */
  get activation(): Activation<K> | undefined {
    return "activation" in this.#phase ? this.#phase.activation : undefined;
  }

  /** Whether it may be passivated: no message waits and nothing is under way. */
  get idle(): boolean {
    return !this.#scheduled && !this.#isBusy && this.mailbox.size === 0;
  }

  /** Whether something is under way. */
  get #isBusy(): boolean {
    const { name } = this.#phase;
    return this.#outstanding > 0 || name !== "awake" && name !== "asleep";
  }

  /** Puts a message in the mailbox, or rejects it if that is full. @param now monotonic milliseconds */
  put(message: MessageOf<K>, now: number): void {
    this.lastUsed = now;
    if (this.mailbox.push(message)) return this.#wake();
    const waiting = this.mailbox.size;
    message.reject(new Fault("overloaded", `Cannot take a command as the mailbox is full: ${waiting} wait`));
  }

  /** Drops messages whose deadline has passed. */
  expire(now: number): void {
    this.mailbox.expire(now);
  }

  /** Takes the scheduled turn. @param at the time by which it decides */
  run(at: ClockReading): void {
    this.#scheduled = false;
    const phase = this.#phase;
    if (phase.name === "asleep") this.#sleep(phase.former);
    else if (phase.name === "awake" && !this.#letGo()) this.#takeTurn(phase.activation, at);
  }

  /** Takes no more turns; once nothing is under way, redirects what waits and drops the state. */
  release(): void {
    this.#leaving = true;
    this.#letGo();
  }

  // --- from phase to phase ---

  #wake(): void {
    const phase = this.#phase;
    const waits = phase.name === "asleep" || phase.name === "awake" && !phase.activation.isFull;
    if (this.#scheduled || !waits) return;
    this.#scheduled = true;
    this.context.schedule(this);
  }

  /** Drops the state; loads it again if messages wait. @param former may have a stale state */
  #sleep(former?: Former<K>): void {
    this.#phase = { name: "asleep", former };
    if (this.#letGo()) return;
    if (this.mailbox.size > 0) this.#load(former);
    else if (this.idle) this.context.gone(this); // otherwise the sweep finds it later
  }

  /** Releases it, if that is due and nothing is under way. @returns whether it is due */
  #letGo(): boolean {
    if (!this.#leaving || this.#isBusy) return this.#leaving;
    this.#leaving = false;
    this.#phase = { name: "asleep", former: undefined };
    this.#redirect(undefined);
    if (this.mailbox.size > 0) this.#wake();
    else if (this.idle) this.context.gone(this); // otherwise its scheduled turn does this
    return true;
  }

  #redirect(holder: string | undefined): void {
    const messages = this.mailbox.take();
    if (messages.length === 0 || this.context.redirect?.(this.key, messages, holder)) return;
    this.mailbox.putBack(messages);
  }

  async #load(former: Former<K> | undefined): Promise<void> {
    this.#phase = { name: "loading" };
    const { store, clock, events, admit } = this.context;
    const admitted = admit?.();
    if (admitted !== undefined) await admitted;
    const asked = this.mailbox.waiting();
    const since = clock.monotonic();
    try {
      const loaded = await store.activate(this.key, clock.now(), former?.staleState);
      if (loaded !== undefined) {
        events.activated();
        return this.#awaken(loaded, since);
      }
      const made = await makeActor(this.key, this.mailbox, asked, this.context);
      if (made !== undefined) return this.#awaken(made, made.since);
    } catch (error) {
      // Another node took it while it was being read.
      if (error instanceof Fenced) {
        return void this.#backOff({ staleState: error.staleState as K["State"] | undefined });
      }
      if (!(error instanceof LostAnswer)) {
        const fault = asFault(error);
        for (const message of this.mailbox.take()) message.reject(fault);
      }
    }
    this.#sleep();
  }

  #awaken(loaded: LoadedActor<K["State"]>, since: number): void {
    this.#phase = { name: "awake", activation: new Activation(loaded, since) };
    this.#wake();
  }

  /** Redirects what waits to the node that has the actor now; if that is not possible, it waits for the next activation. */
  async #backOff(former: Former<K>): Promise<void> {
    this.#phase = { name: "backing off", former };
    const { clock, redirect, store } = this.context;
    this.#losses++;
    if (redirect !== undefined) {
      // If it cannot be read which node has it, the ring decides.
      this.#redirect(await store.holderOf?.(this.key).catch(() => undefined));
    }
    clock.after(backoffMs(BACKOFF, this.#losses, clock.random()), () => this.#sleep(former));
  }

  // --- turns ---

  /** Decides what waits, and sends what is to be stored. @param at the time by which it decides */
  #takeTurn(activation: Activation<K>, at: ClockReading): void {
    const { context: { clock, events, store, rules }, mailbox } = this;
    if (activation.isFull || mailbox.size === 0) return;
    const before = activation.last;
    const messages = mailbox.take();
    const lost = messages.findIndex((message) => message.lost !== undefined);
    if (lost > 0) mailbox.putBack(messages.splice(lost)); // decide those before it first: one may be an earlier copy of it
    if (lost === 0) {
      // Another copy of the command may be in flight; look it up once that turn is stored.
      if (before !== undefined) mailbox.putBack(messages);
      else this.#settleLost(activation, messages);
      return;
    }
    const sentAt = at.monotonic;
    const { events: happened, hasAbsence } = decideMessages<K>(messages, rules, activation, at.now, sentAt);
    events.turned(messages.length);
    const isRefused = happened.length === 0 && !hasAbsence;
    if (isRefused && before === undefined && clock.monotonic() - activation.confirmedAt <= TRUST_MS) {
      this.#answer(activation, messages);
      if (mailbox.size > 0) this.#wake();
      return;
    }
    const number = happened.length > 0 ? activation.nextTurn() : undefined;
    const follows = isRefused && before !== undefined; // the turn before it confirms it
    const askedAt = follows ? before.sentAt : sentAt;
    const turn = new TurnInFlight(this, activation, messages, happened, number, askedAt, before);
    activation.sent(turn);
    this.#outstanding++;
    if (number !== undefined) store.append({ handle: activation.handle, turn: number, events: happened }, turn);
    else if (follows) before.follow(turn);
    else store.confirm(activation.handle, turn);
  }

  /** A turn was stored, or the one that it depends on. */
  stored(turn: TurnInFlight<K>): void {
    const { activation } = turn;
    activation.landed(turn);
    activation.confirmedAt = Math.max(activation.confirmedAt, turn.sentAt);
    // Send the next turn before answering this one, so that PostgreSQL works meanwhile.
    const { context: { clock }, mailbox } = this;
    if (mailbox.size > 0 && this.#takesTurns(activation) && !this.#leaving) {
      this.#takeTurn(activation, { now: clock.now(), monotonic: clock.monotonic() });
    }
    this.#answer(activation, turn.messages);
    this.#ended();
  }

  #takesTurns(activation: Activation<K>): boolean {
    return this.#phase.name === "awake" && this.#phase.activation === activation;
  }

  /** The first turn that fails ends its activation; the turn behind it fails too, or was stored. */
  failed(turn: TurnInFlight<K>, error: Error): void {
    const { activation } = turn;
    const { clock, events, rules } = this.context;
    activation.landed(turn);
    this.mailbox.putBack(reopen(turn, activation.handle.epoch, error));
    activation.undo(turn, error, rules);
    this.#outstanding--;
    if (!this.#takesTurns(activation)) {
      if (this.mailbox.size > 0) this.#wake();
    } else if (error instanceof Fenced) {
      events.fenced();
      if (clock.monotonic() - activation.since > BACKOFF_RESET_MS) this.#losses = 0;
      this.#backOff(activation);
    } else this.#sleep();
    this.#letGo();
  }

  #ended(): void {
    this.#outstanding--;
    this.#letGo();
  }

  #answer(activation: Activation<K>, messages: readonly MessageOf<K>[]): void {
    let replays: MessageOf<K>[] | undefined;
    for (const message of messages) {
      if (message.outcome !== undefined) message.resolve(message.outcome);
      else if (message.replayed) (replays ??= []).push(message);
    }
    if (replays === undefined) return;
    this.#recall(activation, replays, (message) => {
      message.reject(new Fault("storage_unavailable", "Cannot replay an answer as its row is gone"));
    });
  }

  /** Answers the messages whose turns were stored; all others are decided again, in order. */
  async #settleLost(activation: Activation<K>, messages: readonly MessageOf<K>[]): Promise<void> {
    this.#phase = { name: "settling", activation };
    const { stored, unknown } = activation.findLost(messages);
    for (const message of stored) message.resolve(message.lost!.outcome);
    const answered = new Set([...stored, ...unknown]);
    const reopened = (message: MessageOf<K>) => {
      message.lost = undefined;
      answered.delete(message);
    };
    if (unknown.length > 0) await this.#recall(activation, unknown, reopened);
    this.mailbox.putBack(messages.filter((message) => !answered.has(message)));
    this.#phase = { name: "awake", activation };
    if (!this.#letGo() && this.mailbox.size > 0) this.#wake();
  }

  /** Answers the messages that have stored answers. */
  async #recall(
    { handle }: Activation<K>,
    messages: readonly MessageOf<K>[],
    absent: (message: MessageOf<K>) => void,
  ): Promise<void> {
    this.#outstanding++;
    try {
      const answers = await this.context.store.recall(handle, messages.map(({ command }) => command));
      for (const message of messages) {
        const answer = answers.get(message.command.id);
        if (answer === undefined) absent(message);
        else message.resolve({ kind: "done", answer });
      }
    } catch (error) {
      const fault = asFault(error);
      for (const message of messages) message.reject(fault);
    }
    this.#ended();
  }
}

/** A turn in flight, and the turn of refusals that depends on it, if any. */
class TurnInFlight<K extends Kind> implements SentTurn<K>, Completion {
  #follower: SentTurn<K> | undefined = undefined;

  constructor(
    readonly actor: Actor<K>,
    readonly activation: Activation<K>,
    readonly messages: readonly MessageOf<K>[],
    readonly events: readonly K["Event"][],
    readonly number: number | undefined,
    public sentAt: number,
    public before: SentTurn<K> | undefined,
  ) {}

  follow(turn: SentTurn<K>): void {
    this.#follower = turn;
  }

  done(): void {
    if (this.number === undefined) { // it depends on the turn before it, whatever PostgreSQL says about the epoch
      const { failure } = this.activation;
      if (failure !== undefined) return this.failed(failure);
      if (this.before !== undefined) return this.before.follow(this);
    }
    this.actor.stored(this);
    this.#next()?.confirm();
  }

  failed(error: Error): void {
    this.actor.failed(this, error);
    this.#next()?.failed(error);
  }

  confirm(): void {
    const { clock, store } = this.actor.context;
    const now = clock.monotonic();
    if (now - this.sentAt <= TRUST_MS) return this.done();
    this.sentAt = now;
    store.confirm(this.activation.handle, this);
  }

  #next(): SentTurn<K> | undefined {
    const follower = this.#follower;
    this.#follower = undefined;
    return follower;
  }
}
