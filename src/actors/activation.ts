/**
 * What does an actor know while it is awake? Its place in storage, its state, and the turns that it has sent and not yet
 * seen stored. The state is not copied: a turn that was not stored is undone by dropping the state.
 *
 * A turn is messages that are decided one by one over one state, stored together, and answered together.
 */
import type { Kind } from "../domain/decision.ts";
import { type Completion, Fault, Fenced, type Handle, type LoadedActor, LostAnswer, type Rules } from "../ports/mod.ts";
import { lateFault, type Message } from "./mailbox.ts";

/** A message to an actor of a kind. */
export type MessageOf<K extends Kind> = Message<K["Command"], K["Answer"], K["Refusal"]>;

/** A turn on its way to storage. */
export interface Turn<K extends Kind> {
  readonly messages: readonly MessageOf<K>[];
  readonly events: readonly K["Event"][];
  /** Its number; undefined where it has nothing to store. */
  readonly number: number | undefined;
  /** Monotonic time before Postgres was asked of it, or of what it rests on. */
  readonly sentAt: number;
}

/**
 * Decides each message in its order.
 *
 * @param draft its state becomes what it is after the events
 * @param now milliseconds since the epoch
 * @param monotonic the same moment by the monotonic clock, for deadlines
 * @returns the events, to be stored as one, and whether an absence is to be told
 */
export function decideMessages<K extends Kind>(
  messages: readonly MessageOf<K>[],
  rules: Rules<K>,
  draft: { state: K["State"] },
  now: number,
  monotonic: number,
): { events: K["Event"][]; hasAbsence: boolean } {
  let events: K["Event"][] | undefined;
  let hasAbsence = false;
  for (const message of messages) {
    if (message.deadline < monotonic) {
      message.reject(lateFault(message));
      continue;
    }
    const decision = rules.decide(draft.state, message.command, now);
    if (decision.kind === "replay") {
      message.replayed = true;
      continue;
    }
    message.outcome = decision.kind === "refused"
      ? { kind: "refused", refusal: decision.refusal }
      : { kind: "done", answer: decision.answer };
    if (decision.kind === "refused" && decision.isAbsence) hasAbsence = true;
    if (decision.kind === "allowed" || decision.event === undefined) continue;
    draft.state = rules.evolve(draft.state, decision.event);
    // Of one event is what most turns of many actors are: an array that is pushed to makes room for 17.
    if (events === undefined) events = [decision.event];
    else events.push(decision.event);
  }
  return { events: events ?? [], hasAbsence };
}

/**
 * Takes back what the messages of a failed turn were to be told.
 *
 * @returns those that are to be decided again; all others have their fault
 */
export function reopen<K extends Kind>(turn: Turn<K>, epoch: number, error: unknown): MessageOf<K>[] {
  const open = turn.messages.filter((message) => message.outcome !== undefined || message.replayed);
  for (const message of open) {
    const { outcome } = message;
    if (error instanceof LostAnswer && turn.number !== undefined && outcome !== undefined) {
      message.lost = { epoch, turn: turn.number, outcome };
    }
    message.outcome = undefined;
    message.replayed = false;
  }
  if (error instanceof LostAnswer) return open;
  if (error instanceof Fenced) return open.filter((message) => isFirstRedirect(message));
  const fault = asFault(error);
  for (const message of open) message.reject(fault);
  return [];
}

function isFirstRedirect<K extends Kind>(message: MessageOf<K>): boolean {
  if (message.redirected) message.reject(new Fault("moved", "Command dropped: its actor was fenced twice"));
  const isFirst = !message.redirected;
  message.redirected = true;
  return isFirst;
}

/** Any error as a Fault: storage's own words stay in its cause. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("storage_unavailable", "Storage failed", { cause: error });
}

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
