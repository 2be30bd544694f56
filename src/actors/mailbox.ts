import type { Outcome } from "../ports/mod.ts";
import { Fault } from "../ports/faults.ts";

/** A turn that may or may not have been stored. */
export interface LostTurn<Answer, Refusal> {
  /** The epoch of the activation that sent it. */
  readonly epoch: number;
  readonly turn: number;
  /** The outcome that the message would have got. */
  readonly outcome: Outcome<Answer, Refusal>;
}

/** For a command that creates the actor, or that another node may have stored: only its id tells. */
export function lostElsewhere<Answer, Refusal>(outcome: Outcome<Answer, Refusal>): LostTurn<Answer, Refusal> {
  return { epoch: -2, turn: -2, outcome };
}

/** A command that waits for its actor, with its deadline and callbacks. */
export class Message<Command, Answer, Refusal> {
  /** Set once it is decided; returned once it is durable. */
  outcome: Outcome<Answer, Refusal> | undefined = undefined;
  /** Whether it was accepted before, so that its stored answer must be looked up. */
  replayed = false;
  /** Set while its turn may or may not have been stored. */
  lost: LostTurn<Answer, Refusal> | undefined = undefined;
  /** Whether it was in a fenced turn before. */
  fencedOnce = false;

  /** @param deadline monotonic time in milliseconds after which it must not be decided */
  constructor(
    readonly command: Command,
    readonly deadline: number,
    readonly resolve: (outcome: Outcome<Answer, Refusal>) => void,
    readonly reject: (fault: Fault) => void,
    /** How often an actor has redirected it. */
    readonly redirects: number = 0,
    /** Whether another node may have stored it. */
    readonly mayBeStoredElsewhere: boolean = false,
  ) {
    if (mayBeStoredElsewhere) this.lost = lostElsewhere({ kind: "done", answer: undefined as Answer });
  }

  /**
   * Whether it may be stored, as whoever takes it next must know. That it was not found when it was looked up here does
   * not settle it: another node may have the actor by then, with a turn of the first copy on its way to storage.
   */
  get mayBeStored(): boolean {
    return this.mayBeStoredElsewhere || this.lost !== undefined;
  }
}

/** What a mailbox needs to know of a message. */
interface Perishable {
  readonly deadline: number;
  readonly lost: unknown;
  readonly reject: (fault: Fault) => void;
}

/**
 * A bounded first-in, first-out queue that is emptied at once. When it is full, new messages are refused.
 *
 * An empty mailbox has no array: with thousands of actors that are used now and then, the arrays would survive into the old
 * generation.
 */
export class Mailbox<L extends Perishable> {
  /** Undefined if it is empty. */
  #messages: L[] | undefined = undefined;

  /** @param max maximum number of messages */
  constructor(readonly max: number) {}

  get size(): number {
    return this.#messages?.length ?? 0;
  }

  /** Appends a message. @returns false if the mailbox is full */
  push(message: L): boolean {
    if (this.size >= this.max) return false;
    if (this.#messages === undefined) this.#messages = [message];
    else this.#messages.push(message);
    return true;
  }

  /** Puts messages back at the front; they may exceed the limit, since they were counted before. */
  putBack(messages: readonly L[]): void {
    if (messages.length > 0) this.#messages = [...messages, ...this.#messages ?? []];
  }

  /** Takes all messages. */
  take(): L[] {
    const messages = this.#messages ?? [];
    this.#messages = undefined;
    return messages;
  }

  /** The waiting messages, without taking them. */
  waiting(): readonly L[] {
    return [...this.#messages ?? []];
  }

  /** Takes those of the given messages that still wait. */
  takeThose(some: readonly L[]): L[] {
    const wanted = new Set(some);
    const messages = this.take();
    this.putBack(messages.filter((message) => !wanted.has(message)));
    return messages.filter((message) => wanted.has(message));
  }

  /** Rejects messages whose deadline has passed, with {@linkcode lateFault}. */
  expire(now: number): void {
    const messages = this.#messages ?? [];
    if (!messages.some((message) => message.deadline < now)) return;
    const open = messages.filter((message) => message.deadline >= now);
    this.#messages = open.length > 0 ? open : undefined;
    for (const message of messages) if (message.deadline < now) message.reject(lateFault(message));
  }
}

/** The fault of a command that was not decided in time: `deadline`, or `storage_unavailable` if it may be stored. */
export function lateFault(message: Perishable): Fault {
  if (message.lost === undefined) {
    return new Fault("deadline", "Command dropped: it was not decided before its deadline");
  }
  return new Fault("storage_unavailable", "Command dropped: it was not known in time whether it was stored");
}
