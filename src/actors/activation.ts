/**
 * What an actor knows while it is awake: its place in storage, its state, and its turns in flight. The state is changed in
 * place: a turn that was not stored is undone by dropping the state.
 *
 * A turn is a list of messages that are decided one by one on one state, stored together and answered together.
 */
import type { Kind } from "../domain/decision.ts";
import { type Completion, Fault, Fenced, type Handle, type LoadedActor, LostAnswer, type Rules } from "../ports/mod.ts";
import { lateFault, type Message } from "./mailbox.ts";

export type MessageOf<K extends Kind> = Message<K["Command"], K["Answer"], K["Refusal"]>;

/** A turn on its way to storage. */
export interface Turn<K extends Kind> {
  readonly messages: readonly MessageOf<K>[];
  readonly events: readonly K["Event"][];
  /** Its number; undefined if it has nothing to store. */
  readonly number: number | undefined;
  /** Monotonic time before PostgreSQL was asked about it, or about the turn that it depends on. */
  readonly sentAt: number;
}

/**
 * Decides messages in order.
 *
 * @param draft its state is replaced by the state after the events
 * @param now milliseconds since the epoch
 * @param monotonic the same moment by the monotonic clock, for deadlines
 * @returns the events, which are stored together, and whether a refusal says that something is absent
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
    // With many actors most turns have one event, and push() on an empty array allocates room for 17.
    if (events === undefined) events = [decision.event];
    else events.push(decision.event);
  }
  return { events: events ?? [], hasAbsence };
}

/**
 * Withdraws the outcomes of a failed turn's messages.
 *
 * @returns the messages to be decided again; all others have been rejected
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
  if (error instanceof Fenced) return open.filter((message) => isFirstFence(message));
  const fault = asFault(error);
  for (const message of open) message.reject(fault);
  return [];
}

function isFirstFence<K extends Kind>(message: MessageOf<K>): boolean {
  if (message.fencedOnce) message.reject(new Fault("moved", "Command dropped: its actor was fenced twice"));
  const isFirst = !message.fencedOnce;
  message.fencedOnce = true;
  return isFirst;
}

/** Any error as a Fault. The original error becomes its cause. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("storage_unavailable", "Storage failed", { cause: error });
}

/** A turn in flight: it was sent, or it depends on one that was. */
export interface SentTurn<K extends Kind> extends Turn<K>, Completion {
  /** The turn before it, while that is in flight. */
  before: SentTurn<K> | undefined;
  /** Gives another turn the same result, right after this one. */
  follow(turn: SentTurn<K>): void;
  /** The turn that it depends on was stored. If that was sent too long ago, asks PostgreSQL for the epoch again. */
  confirm(): void;
}

/** One activation of an actor, from awakening to its first failure. */
export class Activation<K extends Kind> {
  readonly handle: Handle;
  state: K["State"];
  /** Monotonic time of the last request by which PostgreSQL confirmed the epoch. */
  confirmedAt: number;
  /** The error of the first failed turn, which ended the activation. */
  failure: Error | undefined = undefined;
  /** Number of the last turn that was stored before this activation. */
  readonly #firstTurn: number;
  /** Number of the last turn sent. */
  #turn: number;
  /** Whether the state is what is stored, apart from turns in flight; false if a failed turn could not be undone. */
  #sound = true;
  #last: SentTurn<K> | undefined = undefined;

  /** @param since monotonic time before it was requested */
  constructor({ handle, turn, state }: LoadedActor<K["State"]>, readonly since: number) {
    this.handle = handle;
    this.#firstTurn = this.#turn = turn;
    this.state = state;
    this.confirmedAt = since;
  }

  /** The last turn in flight; there may be one more before it. */
  get last(): SentTurn<K> | undefined {
    return this.#last;
  }

  /** Whether two turns are in flight, so that no more can be taken. */
  get isFull(): boolean {
    return this.#last?.before !== undefined;
  }

  /** An outdated but consistent state, if all failed turns could be undone. */
  get staleState(): K["State"] | undefined {
    return this.#sound && this.#last === undefined ? this.state : undefined;
  }

  /** Takes the number of the next turn that stores something. */
  nextTurn(): number {
    return ++this.#turn;
  }

  sent(turn: SentTurn<K>): void {
    this.#last = turn;
  }

  /** A turn is no longer in flight. */
  landed(turn: SentTurn<K>): void {
    if (this.#last === turn) this.#last = turn.before;
    else this.#last!.before = undefined;
  }

  /** Restores the state before a turn that was not stored, if that is possible. */
  undo(turn: SentTurn<K>, error: Error, { undo }: Rules<K>): void {
    this.failure ??= error;
    const before = error instanceof Fenced ? undo?.(this.state, turn.events) : undefined;
    if (before === undefined) this.#sound = false;
    else this.state = before;
  }

  /**
   * Finds out which messages of lost turns were stored, and which must be looked up by their ids. If this epoch is the lost
   * turn's epoch plus one, no other node wrote in between, and the stored turn number tells. All others were not stored.
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
