/**
 * How does one actor live? Commands wait in its mailbox until it is awake; awake, it takes turns: decided in memory, stored
 * by one `append`, answered after it, refusals too. Two turns may be in flight: the second is stored only where the first
 * was, by the number of its turn, so Postgres need not wait for us nor we for it.
 *
 * Its life is one phase at a time:
 *
 * - asleep: it has no state. Where messages wait it is loaded at once; else it goes, which removes its entry.
 * - loading: storage raises its epoch and reads its state, or makes it.
 * - backing off: another node has it. What waits is handed back, or waits for the next activation.
 * - awake: it takes turns.
 * - settling: it reads which of its commands were stored; no turn is taken meanwhile.
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
 * `-` changes nothing; an empty cell cannot be. A turn that ends in another phase than awake is one of an earlier activation.
 * Awake, it settles where a turn with a waiting command may have been stored. Released, it takes no more turns: it sleeps as
 * soon as nothing is under way ("later"), hands back what waits, and goes.
 */
import type { Kind } from "../domain/decision.ts";
import type {
  ActorEvents,
  Admit,
  Clock,
  ClockReading,
  Completion,
  HandBack,
  LoadedActor,
  Rules,
  Store,
} from "../ports/mod.ts";
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";
import { Activation, asFault, decideMessages, type MessageOf, reopen, type SentTurn } from "./activation.ts";
import { BACKOFF_RESET_MS, backoffMs } from "./backoff.ts";
import { makeActor } from "./first_command.ts";
import { Mailbox } from "./mailbox.ts";
import type { Usable } from "./use_order.ts";

/** A refusal is given from memory only so long, in milliseconds, after Postgres confirmed the epoch. */
export const TRUST_MS = 200;

/** What actors work with; one for all of a kind. */
export interface ActorContext<K extends Kind> {
  readonly rules: Rules<K>;
  readonly store: Store<K>;
  readonly clock: Clock;
  readonly events: ActorEvents;
  /** Undefined where activations never wait. */
  readonly admit?: Admit | undefined;
  /** Messages that may wait for one actor. */
  readonly mailboxMax: number;
  /** Lets the actor's turn come soon, together with others'. */
  readonly schedule: (actor: Actor<K>) => void;
  /** The actor has no state and no messages: its entry is to be removed, in the same tick. */
  readonly gone: (actor: Actor<K>) => void;
  /** Undefined on a node that is alone. */
  handBack?: HandBack<K>;
}

/** Who may know a state that once was true. */
interface Former<K extends Kind> {
  readonly staleState: K["State"] | undefined;
}

/** What an actor is doing, with what belongs to that. */
type Phase<K extends Kind> =
  | { readonly name: "asleep"; readonly former: Former<K> | undefined }
  | { readonly name: "loading" }
  | { readonly name: "backing off"; readonly former: Former<K> }
  | { readonly name: "awake" | "settling"; readonly activation: Activation<K> };

/** One actor of this node. */
export class Actor<K extends Kind> implements Usable<Actor<K>> {
  readonly mailbox: Mailbox<MessageOf<K>>;
  #phase: Phase<K> = { name: "asleep", former: undefined };
  /** Whether its turn will come. */
  #scheduled = false;
  /** Whether it is to be let go once nothing is under way. */
  #leaving = false;
  /** Turns in flight and readings of stored answers, of this activation and of earlier ones. */
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

  /** What it is doing. */
  get phase(): Phase<K>["name"] {
    return this.#phase.name;
  }

  /** Its activation; undefined while it has none. */
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

  /** Puts a message in the mailbox, or rejects it where that is full. @param now monotonic milliseconds */
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

  /** Its turn has come. @param at by which it decides */
  run(at: ClockReading): void {
    this.#scheduled = false;
    const phase = this.#phase;
    if (phase.name === "asleep") this.#sleep(phase.former);
    else if (phase.name === "awake" && !this.#letGo()) this.#takeTurn(phase.activation, at);
  }

  /** Takes no more turns; once nothing is under way, hands back what waits and lets the state go. */
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

  /** It has no state, or none any more: it is loaded where messages wait. @param former who may know a stale state */
  #sleep(former?: Former<K>): void {
    this.#phase = { name: "asleep", former };
    if (this.#letGo()) return;
    if (this.mailbox.size > 0) this.#load(former);
    else if (this.idle) this.context.gone(this); // else the sweep finds it once it is
  }

  /** Lets it go where it is to be and nothing is under way; whether it is to be. */
  #letGo(): boolean {
    if (!this.#leaving || this.#isBusy) return this.#leaving;
    this.#leaving = false;
    this.#phase = { name: "asleep", former: undefined };
    this.#handBack(undefined);
    if (this.mailbox.size > 0) this.#wake();
    else if (this.idle) this.context.gone(this); // else it has a run left, which finds nothing to do
    return true;
  }

  #handBack(holder: string | undefined): void {
    const messages = this.mailbox.take();
    if (messages.length === 0 || this.context.handBack?.(this.key, messages, holder)) return;
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
      // Another owner took it while it was read.
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

  /** What waits goes to the node that has the actor now; where that cannot be, it waits for the next activation. */
  async #backOff(former: Former<K>): Promise<void> {
    this.#phase = { name: "backing off", former };
    const { clock, handBack, store } = this.context;
    this.#losses++;
    if (handBack !== undefined) {
      // Where it cannot be read who has it, the ring tells whom to ask.
      this.#handBack(await store.holderOf?.(this.key).catch(() => undefined));
    }
    clock.after(backoffMs(this.#losses, clock.random()), () => this.#sleep(former));
  }

  // --- turns ---

  /** Decides what waits, and sends what is to be stored. @param at by which it decides */
  #takeTurn(activation: Activation<K>, at: ClockReading): void {
    const { context: { clock, events, store, rules }, mailbox } = this;
    if (activation.isFull || mailbox.size === 0) return;
    const before = activation.last;
    const messages = mailbox.take();
    const lost = messages.findIndex((message) => message.lost !== undefined);
    if (lost > 0) mailbox.putBack(messages.splice(lost)); // all before it are decided first: they may be its first copy
    if (lost === 0) {
      // Another copy of a command may be in a turn in flight: it is looked up once that one is stored.
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
    const follows = isRefused && before !== undefined; // what it rests on confirms it
    const askedAt = follows ? before.sentAt : sentAt;
    const turn = new TurnInFlight(this, activation, messages, happened, number, askedAt, before);
    activation.sent(turn);
    this.#outstanding++;
    if (number !== undefined) store.append({ handle: activation.handle, turn: number, events: happened }, turn);
    else if (follows) before.follow(turn);
    else store.confirm(activation.handle, turn);
  }

  /** A turn was stored, or what it rests on. */
  stored(turn: TurnInFlight<K>): void {
    const { activation } = turn;
    activation.landed(turn);
    activation.confirmedAt = Math.max(activation.confirmedAt, turn.sentAt);
    // The next turn leaves before this one is answered, so that Postgres works meanwhile.
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

  /** The first turn in flight that fails ends its activation; the one behind it fails with it, or was stored. */
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

  /** Of messages whose turn may have been stored, answers those that were; all others are then decided in their order. */
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

  /** Answers those messages whose answers are stored. */
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

/** What becomes of a turn that was sent, and of one that rests on it. */
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
    if (this.number === undefined) { // it rests on the turn before it, whatever Postgres says of the epoch
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
