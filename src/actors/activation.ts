/**
 * What does an actor do while it is awake? It takes turns: decided in memory, stored by one `append`, answered after it,
 * refusals too. A state is not copied: a turn that was not stored is undone by dropping the state. Two turns may be in
 * flight: the second is stored only where the first was, by the number of its turn, so Postgres need not wait for us nor
 * we for it.
 */
import type { Kind } from "../domain/decision.ts";
import type { Mailbox } from "./mailbox.ts";
import type { ActorEvents, Clock, ClockReading, Handle, LoadedActor, Rules, Store } from "../ports/mod.ts";
import { Fault, Fenced } from "../ports/mod.ts";
import { asFault, decideMessages, type MessageOf, reopen } from "./turn.ts";
import { TurnInFlight } from "./turn_in_flight.ts";

/** A refusal is given from memory only so long, in milliseconds, after Postgres confirmed the epoch. */
export const TRUST_MS = 200;

/** What tenures work with; one for all actors of a kind. */
export interface ActivationContext<K extends Kind> {
  readonly rules: Rules<K>;
  readonly store: Store<K>;
  readonly clock: Clock;
  readonly events: ActorEvents;
}

/** The actor whose activation it is. */
export interface ActivationHost<K extends Kind> {
  readonly context: ActivationContext<K>;
  readonly mailbox: Mailbox<MessageOf<K>>;
  /** Whether this activation takes turns still. */
  goesOn(activation: Activation<K>): boolean;
  /** Something is under way that the actor is to wait for; each is ended once. */
  began(): void;
  ended(): void;
  /** Letters wait. */
  wake(): void;
  /** A turn failed, and with it what it began is ended. */
  failed(activation: Activation<K>, fenced: boolean): void;
}

/** One activation of an actor, from awakening to its first failure. */
export class Activation<K extends Kind> {
  readonly handle: Handle;
  /** Number of the last turn that was stored before it. */
  readonly #firstTurn: number;
  state: K["State"];
  /** Whether the state is what is stored, once no turn is in flight; else a failed turn could not be undone. */
  #sound = true;
  /** Number of the last turn sent. */
  #turn: number;
  /** Monotonic time at which Postgres was last asked and confirmed the epoch. */
  confirmedAt: number;
  /** Of the first turn that failed, which ended it. */
  failure: Error | undefined = undefined;
  /** Whether it is read which of the messages were stored; no turn is taken meanwhile. */
  settling = false;
  /** The last turn in flight; before it there may be one more. */
  #last: TurnInFlight<K> | undefined = undefined;

  /** @param since monotonic time before the activation */
  constructor(
    readonly host: ActivationHost<K>,
    { handle, turn, state }: LoadedActor<K["State"]>,
    readonly since: number,
  ) {
    this.handle = handle;
    this.#firstTurn = this.#turn = turn;
    this.state = state;
    this.confirmedAt = since;
  }

  /** Whether two turns are in flight: it can take none until one is stored. */
  get isFull(): boolean {
    return this.#last?.before !== undefined;
  }

  /** A state that once was true, where all that failed could be undone. */
  get staleState(): K["State"] | undefined {
    return this.#sound && this.#last === undefined ? this.state : undefined;
  }

  /** Decides what waits, and sends what is to be stored. @param at by which it decides */
  takeTurn(at: ClockReading): void {
    const { context: { clock, events, store, rules }, mailbox } = this.host;
    if (this.isFull || this.settling || mailbox.size === 0) return;
    const messages = mailbox.take();
    const lost = messages.findIndex((message) => message.lost !== undefined);
    if (lost > 0) mailbox.putBack(messages.splice(lost)); // all before it are decided first: they may be its first copy
    if (lost === 0) {
      // Another copy of a command may be in a turn in flight: it is looked up once that one is stored.
      if (this.#last !== undefined) mailbox.putBack(messages);
      else this.#settleLost(messages);
      return;
    }
    const sentAt = at.monotonic;
    const { events: happened, hasAbsence } = decideMessages<K>(messages, rules, this, at.now, sentAt);
    events.turned(messages.length);
    const isRefused = happened.length === 0 && !hasAbsence;
    const before = this.#last;
    if (isRefused && before === undefined && clock.monotonic() - this.confirmedAt <= TRUST_MS) {
      this.#answer(messages);
      if (mailbox.size > 0) this.host.wake();
      return;
    }
    const number = happened.length > 0 ? ++this.#turn : undefined;
    const follows = isRefused && before !== undefined; // what it rests on confirms it
    const askedAt = follows ? before.sentAt : sentAt;
    const turn = this.#last = new TurnInFlight(this, messages, happened, number, askedAt, before);
    this.host.began();
    if (number !== undefined) store.append({ handle: this.handle, turn: number, events: happened }, turn);
    else if (follows) before.follow(turn);
    else store.confirm(this.handle, turn);
  }

  /** A turn was stored, or what it rests on. */
  settle(turn: TurnInFlight<K>): void {
    this.#landed(turn);
    this.confirmedAt = Math.max(this.confirmedAt, turn.sentAt);
    // The next turn leaves before this one is answered, so that Postgres works meanwhile.
    const { context: { clock }, mailbox } = this.host;
    if (mailbox.size > 0 && this.host.goesOn(this)) {
      this.takeTurn({ now: clock.now(), monotonic: clock.monotonic() });
    }
    this.#answer(turn.messages);
    this.host.ended();
  }

  /** What a turn rests on was stored: but where that was asked long ago, Postgres is asked of the epoch once more. */
  settleOrAsk(turn: TurnInFlight<K>): void {
    const { clock, store } = this.host.context;
    const now = clock.monotonic();
    if (now - turn.sentAt <= TRUST_MS) return turn.done();
    turn.sentAt = now;
    store.confirm(this.handle, turn);
  }

  /** The first turn in flight that fails ends the activation; the one behind it fails with it, or was stored. */
  fail(turn: TurnInFlight<K>, error: Error): void {
    this.#landed(turn);
    this.failure ??= error;
    const { context: { rules }, mailbox } = this.host;
    mailbox.putBack(reopen(turn, this.handle.epoch, error));
    const before = error instanceof Fenced ? rules.undo?.(this.state, turn.events) : undefined;
    if (before === undefined) this.#sound = false;
    else this.state = before;
    this.host.failed(this, error instanceof Fenced);
  }

  #landed(turn: TurnInFlight<K>): void {
    if (this.#last === turn) this.#last = turn.before;
    else this.#last!.before = undefined;
  }

  #answer(messages: readonly MessageOf<K>[]): void {
    let replays: MessageOf<K>[] | undefined;
    for (const message of messages) {
      if (message.outcome !== undefined) message.resolve(message.outcome);
      else if (message.replayed) (replays ??= []).push(message);
    }
    if (replays !== undefined) {
      this.#recall(replays, (message) => {
        message.reject(new Fault("storage_unavailable", "Cannot replay an answer as its row is gone"));
      });
    }
  }

  /**
   * Of messages whose turn may have been stored, answers those that were; all others are then decided in their order.
   * Where this epoch follows that turn's own, no one else wrote between: the stored number tells. Else the ids do.
   */
  async #settleLost(messages: readonly MessageOf<K>[]): Promise<void> {
    const { mailbox } = this.host;
    this.settling = true;
    const open = new Set(messages);
    const unknown: MessageOf<K>[] = [];
    for (const message of messages) {
      if (message.lost === undefined) continue;
      const { epoch, turn, outcome } = message.lost;
      if (this.handle.epoch !== epoch + 1) {
        if (outcome.kind === "done") unknown.push(message);
        else message.lost = undefined;
      } else if (turn <= this.#firstTurn) {
        open.delete(message);
        message.resolve(outcome);
      } else {
        message.lost = undefined;
      }
    }
    if (unknown.length > 0) {
      for (const message of unknown) open.delete(message);
      await this.#recall(unknown, (message) => {
        message.lost = undefined;
        open.add(message);
      });
    }
    mailbox.putBack(messages.filter((message) => open.has(message)));
    this.settling = false;
    if (mailbox.size > 0) this.host.wake();
  }

  /** Answers those messages whose answers are stored. */
  async #recall(
    messages: readonly MessageOf<K>[],
    absent: (message: MessageOf<K>) => void,
  ): Promise<void> {
    this.host.began();
    try {
      const answers = await this.host.context.store.recall(this.handle, messages.map(({ command }) => command));
      for (const message of messages) {
        const answer = answers.get(message.command.id);
        if (answer === undefined) absent(message);
        else message.resolve({ kind: "done", answer });
      }
    } catch (error) {
      const fault = asFault(error);
      for (const message of messages) message.reject(fault);
    }
    this.host.ended();
  }
}
