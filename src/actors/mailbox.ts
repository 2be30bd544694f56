/** Which commands wait for an actor? */
import type { Outcome } from "../ports/mod.ts";
import { Fault } from "../ports/faults.ts";

/** A turn of which it is not known whether it was stored. */
export interface LostTurn<Answer, Refusal> {
  /** Of the activation that sent it. */
  readonly epoch: number;
  readonly turn: number;
  /** What the message was to be told. */
  readonly outcome: Outcome<Answer, Refusal>;
}

/** Of a command whose turn has no number: it makes the actor, or another node may have stored it. Its id tells. */
export function lostElsewhere<Answer, Refusal>(outcome: Outcome<Answer, Refusal>): LostTurn<Answer, Refusal> {
  return { epoch: -2, turn: -2, outcome };
}

/** A command on its way, with the way back. */
export class Message<Command, Answer, Refusal> {
  /** Set once it is decided; told once it is durable. */
  outcome: Outcome<Answer, Refusal> | undefined = undefined;
  /** Whether it was accepted before: its stored answer is due. */
  replayed = false;
  /** Set while a turn with it may or may not have been stored. */
  lost: LostTurn<Answer, Refusal> | undefined = undefined;
  /** Whether it came back from a fenced actor already. */
  redirected = false;

  /** @param deadline monotonic milliseconds after which it may not be decided any more */
  constructor(
    readonly command: Command,
    readonly deadline: number,
    readonly resolve: (outcome: Outcome<Answer, Refusal>) => void,
    readonly reject: (fault: Fault) => void,
    /** Times that an actor has handed it back before. */
    readonly handed: number = 0,
  ) {}
}

/** What a mailbox needs to know of a message. */
interface Perishable {
  readonly deadline: number;
  readonly lost: unknown;
  readonly reject: (fault: Fault) => void;
}

/**
 * A bounded first-in, first-out queue, emptied whole. When it is full the new message is refused, none is dropped.
 *
 * An empty one holds no array of its own: of thousands of actors, each used now and then, such arrays outlive the young
 * generation only to be collected with the old one.
 */
export class Mailbox<L extends Perishable> {
  /** Undefined where it is empty. */
  #messages: L[] | undefined = undefined;

  /** @param max messages that may wait */
  constructor(readonly max: number) {}

  /** How many wait. */
  get size(): number {
    return this.#messages?.length ?? 0;
  }

  /** Puts a message last; false where the mailbox is full. */
  push(message: L): boolean {
    if (this.size >= this.max) return false;
    if (this.#messages === undefined) this.#messages = [message];
    else this.#messages.push(message);
    return true;
  }

  /** Puts messages first that were here before; they may exceed the limit, since they were counted once. */
  putBack(messages: readonly L[]): void {
    if (messages.length > 0) this.#messages = [...messages, ...this.#messages ?? []];
  }

  /** Takes all that wait. */
  take(): L[] {
    const messages = this.#messages ?? [];
    this.#messages = undefined;
    return messages;
  }

  /** All that wait now, which stay. */
  waiting(): readonly L[] {
    return [...this.#messages ?? []];
  }

  /** Takes those of some messages that still wait. */
  takeThose(some: readonly L[]): L[] {
    const wanted = new Set(some);
    const messages = this.take();
    this.putBack(messages.filter((message) => !wanted.has(message)));
    return messages.filter((message) => wanted.has(message));
  }

  /** Drops those whose deadline has passed, each with the Fault of {@linkcode lateFault}. */
  expire(now: number): void {
    const messages = this.#messages ?? [];
    if (!messages.some((message) => message.deadline < now)) return;
    const open = messages.filter((message) => message.deadline >= now);
    this.#messages = open.length > 0 ? open : undefined;
    for (const message of messages) if (message.deadline < now) message.reject(lateFault(message));
  }
}

/** The fault of a command that was not decided in time: `deadline`, or less where a turn with it may be stored. */
export function lateFault(message: Perishable): Fault {
  if (message.lost === undefined) {
    return new Fault("deadline", "Command dropped: it was not decided before its deadline");
  }
  return new Fault("storage_unavailable", "Command dropped: it was not known in time whether it was stored");
}
