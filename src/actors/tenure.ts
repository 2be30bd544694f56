/**
 * What does an actor do while it is awake? It takes turns: decided in memory, stored by one `append`, answered after it,
 * refusals too. A state is not copied: a turn that was not stored is undone by dropping the state. Two turns may be in
 * flight: the second is stored only where the first was, by the number of its turn, so Postgres need not wait for us nor
 * we for it.
 */
import type { Kind } from "../domain/decision.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Activation, ActorEvents, Clock, Handle, Moment, Rules, Store } from "../ports/mod.ts";
import { Fault, Fenced } from "../ports/mod.ts";
import { asFault, decideLetters, type LetterOf, reopen } from "./turn.ts";
import { TurnInFlight } from "./turn_in_flight.ts";

/** A refusal is given from memory only so long, in milliseconds, after Postgres confirmed the epoch. */
export const TRUST_MS = 200;

/** What tenures work with; one for all actors of a kind. */
export interface TenureContext<K extends Kind> {
  readonly rules: Rules<K>;
  readonly store: Store<K>;
  readonly clock: Clock;
  readonly events: ActorEvents;
}

/** The actor whose tenure it is. */
export interface TenureHost<K extends Kind> {
  readonly context: TenureContext<K>;
  readonly mailbox: Mailbox<LetterOf<K>>;
  /** Whether this tenure takes turns still. */
  goesOn(tenure: Tenure<K>): boolean;
  /** Something is under way that the actor is to wait for; each is ended once. */
  began(): void;
  ended(): void;
  /** Letters wait. */
  wake(): void;
  /** A turn failed, and with it what it began is ended. */
  failed(tenure: Tenure<K>, fenced: boolean): void;
}

/** One activation of an actor, from awakening to its first failure. */
export class Tenure<K extends Kind> {
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
  /** Whether it is read which of the letters were stored; no turn is taken meanwhile. */
  settling = false;
  /** The last turn in flight; before it there may be one more. */
  #last: TurnInFlight<K> | undefined = undefined;

  /** @param since monotonic time before the activation */
  constructor(readonly host: TenureHost<K>, { handle, turn, state }: Activation<K["State"]>, readonly since: number) {
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
  get remnant(): K["State"] | undefined {
    return this.#sound && this.#last === undefined ? this.state : undefined;
  }

  /** Decides what waits, and sends what is to be stored. @param at by which it decides */
  takeTurn(at: Moment): void {
    const { context: { clock, events, store, rules }, mailbox } = this.host;
    if (this.isFull || this.settling || mailbox.size === 0) return;
    const letters = mailbox.take();
    const lost = letters.findIndex((letter) => letter.lost !== undefined);
    if (lost > 0) mailbox.putBack(letters.splice(lost)); // all before it are decided first: they may be its first copy
    if (lost === 0) {
      // Another copy of a command may be in a turn in flight: it is looked up once that one is stored.
      if (this.#last !== undefined) mailbox.putBack(letters);
      else this.#settleLost(letters);
      return;
    }
    const sentAt = at.monotonic;
    const { events: happened, hasAbsence } = decideLetters<K>(letters, rules, this, at.now, sentAt);
    events.turned(letters.length);
    const isRefused = happened.length === 0 && !hasAbsence;
    const before = this.#last;
    if (isRefused && before === undefined && clock.monotonic() - this.confirmedAt <= TRUST_MS) {
      this.#answer(letters);
      if (mailbox.size > 0) this.host.wake();
      return;
    }
    const number = happened.length > 0 ? ++this.#turn : undefined;
    const follows = isRefused && before !== undefined; // what it rests on confirms it
    const askedAt = follows ? before.sentAt : sentAt;
    const turn = this.#last = new TurnInFlight(this, letters, happened, number, askedAt, before);
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
    this.#answer(turn.letters);
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

  /** The first turn in flight that fails ends the tenure; the one behind it fails with it, or was stored. */
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

  #answer(letters: readonly LetterOf<K>[]): void {
    let replays: LetterOf<K>[] | undefined;
    for (const letter of letters) {
      if (letter.outcome !== undefined) letter.resolve(letter.outcome);
      else if (letter.replayed) (replays ??= []).push(letter);
    }
    if (replays !== undefined) {
      this.#recall(replays, (letter) => {
        letter.reject(new Fault("storage_unavailable", "Cannot replay an answer as its row is gone"));
      });
    }
  }

  /**
   * Of letters whose turn may have been stored, answers those that were; all others are then decided in their order.
   * Where this epoch follows that turn's own, no one else wrote between: the stored number tells. Else the ids do.
   */
  async #settleLost(letters: readonly LetterOf<K>[]): Promise<void> {
    const { mailbox } = this.host;
    this.settling = true;
    const open = new Set(letters);
    const unknown: LetterOf<K>[] = [];
    for (const letter of letters) {
      if (letter.lost === undefined) continue;
      const { epoch, turn, outcome } = letter.lost;
      if (this.handle.epoch !== epoch + 1) {
        if (outcome.kind === "done") unknown.push(letter);
        else letter.lost = undefined;
      } else if (turn <= this.#firstTurn) {
        open.delete(letter);
        letter.resolve(outcome);
      } else {
        letter.lost = undefined;
      }
    }
    if (unknown.length > 0) {
      for (const letter of unknown) open.delete(letter);
      await this.#recall(unknown, (letter) => {
        letter.lost = undefined;
        open.add(letter);
      });
    }
    mailbox.putBack(letters.filter((letter) => open.has(letter)));
    this.settling = false;
    if (mailbox.size > 0) this.host.wake();
  }

  /** Answers those letters whose answers are stored. */
  async #recall(
    letters: readonly LetterOf<K>[],
    absent: (letter: LetterOf<K>) => void,
  ): Promise<void> {
    this.host.began();
    try {
      const answers = await this.host.context.store.recall(this.handle, letters.map(({ command }) => command));
      for (const letter of letters) {
        const answer = answers.get(letter.command.id);
        if (answer === undefined) absent(letter);
        else letter.resolve({ kind: "done", answer });
      }
    } catch (error) {
      const fault = asFault(error);
      for (const letter of letters) letter.reject(fault);
    }
    this.host.ended();
  }
}
