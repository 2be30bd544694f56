/**
 * What does an actor know while it is awake? Its place in storage, its state, and the turns that it has sent and not yet
 * seen stored. The state is not copied: a turn that was not stored is undone by dropping the state.
 */
import type { Kind } from "../domain/decision.ts";
import { type Completion, Fenced, type Handle, type LoadedActor, type Rules } from "../ports/mod.ts";
import type { MessageOf, Turn } from "./turn.ts";

/** A turn that was sent, or rests on one that was. */
export interface SentTurn<K extends Kind> extends Turn<K>, Completion {
  /** The one before it, while that is in flight. */
  before: SentTurn<K> | undefined;
  /** What becomes of this one becomes of that one, right after it. */
  follow(turn: SentTurn<K>): void;
  /** What it rests on was stored: but where that was asked long ago, Postgres is asked of the epoch once more. */
  confirm(): void;
}

/** One activation of an actor, from awakening to its first failure. */
export class Activation<K extends Kind> {
  readonly handle: Handle;
  state: K["State"];
  /** Monotonic time at which Postgres was last asked and confirmed the epoch. */
  confirmedAt: number;
  /** Of the first turn that failed, which ended it. */
  failure: Error | undefined = undefined;
  /** Number of the last turn that was stored before it. */
  readonly #firstTurn: number;
  /** Number of the last turn sent. */
  #turn: number;
  /** Whether the state is what is stored, once no turn is in flight; else a failed turn could not be undone. */
  #sound = true;
  #last: SentTurn<K> | undefined = undefined;

  /** @param since monotonic time before the activation */
  constructor({ handle, turn, state }: LoadedActor<K["State"]>, readonly since: number) {
    this.handle = handle;
    this.#firstTurn = this.#turn = turn;
    this.state = state;
    this.confirmedAt = since;
  }

  /** The last turn in flight; before it there may be one more. */
  get last(): SentTurn<K> | undefined {
    return this.#last;
  }

  /** Whether two turns are in flight: it can take none until one is stored. */
  get isFull(): boolean {
    return this.#last?.before !== undefined;
  }

  /** A state that once was true, where all that failed could be undone. */
  get staleState(): K["State"] | undefined {
    return this.#sound && this.#last === undefined ? this.state : undefined;
  }

  /** The number of the next turn that stores something. */
  nextTurn(): number {
    return ++this.#turn;
  }

  /** A turn was sent. */
  sent(turn: SentTurn<K>): void {
    this.#last = turn;
  }

  /** A turn is in flight no more. */
  landed(turn: SentTurn<K>): void {
    if (this.#last === turn) this.#last = turn.before;
    else this.#last!.before = undefined;
  }

  /** A turn was not stored, or that is not known: the state is what it was before the turn, where that can be told. */
  undo(turn: SentTurn<K>, error: Error, { undo }: Rules<K>): void {
    this.failure ??= error;
    const before = error instanceof Fenced ? undo?.(this.state, turn.events) : undefined;
    if (before === undefined) this.#sound = false;
    else this.state = before;
  }

  /**
   * Of messages whose turn may have been stored, tells those that were, and those of which only the stored answers tell. Where
   * this epoch follows that turn's own, no one else wrote between: the stored number tells. All others were not stored.
   */
  findLost(messages: readonly MessageOf<K>[]): { stored: MessageOf<K>[]; unknown: MessageOf<K>[] } {
    const stored: MessageOf<K>[] = [];
    const unknown: MessageOf<K>[] = [];
    for (const message of messages) {
      if (message.lost === undefined) continue;
      const { epoch, turn, outcome } = message.lost;
      const isNext = this.handle.epoch === epoch + 1;
      if (isNext && turn <= this.#firstTurn) stored.push(message);
      else if (!isNext && outcome.kind === "done") unknown.push(message);
      else message.lost = undefined;
    }
    return { stored, unknown };
  }
}
