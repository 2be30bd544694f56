/** Which commands wait for an actor? */
import type { Outcome } from "../ports/mod.ts";
import { Fault } from "../ports/faults.ts";

/** A turn of which it is not known whether it was stored. */
export interface LostTurn<Answer, Refusal> {
  /** Of the activation that sent it. */
  readonly epoch: number;
  readonly turn: number;
  /** What the letter was to be told. */
  readonly outcome: Outcome<Answer, Refusal>;
}

/** Of a command whose turn has no number: it makes the actor, or another node may have stored it. Its id tells. */
export function lostElsewhere<Answer, Refusal>(outcome: Outcome<Answer, Refusal>): LostTurn<Answer, Refusal> {
  return { epoch: -2, turn: -2, outcome };
}

/** A command on its way, with the way back. */
export class Letter<Command, Answer, Refusal> {
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

/** What a mailbox needs to know of a letter. */
interface Perishable {
  readonly deadline: number;
  readonly lost: unknown;
  readonly reject: (fault: Fault) => void;
}

/**
 * A bounded first-in, first-out queue, emptied whole. When it is full the new letter is refused, none is dropped.
 *
 * An empty one holds no array of its own: of thousands of actors, each used now and then, such arrays outlive the young
 * generation only to be collected with the old one.
 */
export class Mailbox<L extends Perishable> {
  /** Undefined where it is empty. */
  #letters: L[] | undefined = undefined;

  /** @param max letters that may wait */
  constructor(readonly max: number) {}

  /** How many wait. */
  get size(): number {
    return this.#letters?.length ?? 0;
  }

  /** Puts a letter last; false where the mailbox is full. */
  push(letter: L): boolean {
    if (this.size >= this.max) return false;
    if (this.#letters === undefined) this.#letters = [letter];
    else this.#letters.push(letter);
    return true;
  }

  /** Puts letters first that were here before; they may exceed the limit, since they were counted once. */
  putBack(letters: readonly L[]): void {
    if (letters.length > 0) this.#letters = [...letters, ...this.#letters ?? []];
  }

  /** Takes all that wait. */
  take(): L[] {
    const letters = this.#letters ?? [];
    this.#letters = undefined;
    return letters;
  }

  /** All that wait now, which stay. */
  waiting(): readonly L[] {
    return [...this.#letters ?? []];
  }

  /** Takes those of some letters that still wait. */
  takeThose(some: readonly L[]): L[] {
    const wanted = new Set(some);
    const letters = this.take();
    this.putBack(letters.filter((letter) => !wanted.has(letter)));
    return letters.filter((letter) => wanted.has(letter));
  }

  /** Drops those whose deadline has passed, each with the Fault of {@linkcode lateFault}. */
  expire(now: number): void {
    const letters = this.#letters ?? [];
    if (!letters.some((letter) => letter.deadline < now)) return;
    const open = letters.filter((letter) => letter.deadline >= now);
    this.#letters = open.length > 0 ? open : undefined;
    for (const letter of letters) if (letter.deadline < now) letter.reject(lateFault(letter));
  }
}

/** The fault of a command that was not decided in time: `deadline`, or less where a turn with it may be stored. */
export function lateFault(letter: Perishable): Fault {
  if (letter.lost === undefined) {
    return new Fault("deadline", "Command dropped: it was not decided before its deadline");
  }
  return new Fault("storage_unavailable", "Command dropped: it was not known in time whether it was stored");
}
