/** Which commands wait for an actor? */
import type { Outcome } from "./ports.ts";
import { Fault } from "./faults.ts";

/** A command on its way, with the way back. */
export class Letter<Command, Answer, Refusal> {
  /** Set once it is decided; told once it is durable. */
  outcome: Outcome<Answer, Refusal> | undefined = undefined;
  /** Whether it was accepted before: its stored answer is due. */
  replayed = false;
  /** Whether a turn with it may or may not have been stored. */
  doubtful = false;
  /** Whether it came back from a fenced actor already. */
  redirected = false;

  /** @param deadline monotonic milliseconds after which it may not be decided any more */
  constructor(
    readonly command: Command,
    readonly deadline: number,
    readonly resolve: (outcome: Outcome<Answer, Refusal>) => void,
    readonly reject: (fault: Fault) => void,
  ) {}
}

/** A bounded first-in, first-out queue, emptied whole. When it is full the new letter is refused, none is dropped. */
export class Mailbox<L extends { readonly deadline: number; readonly reject: (fault: Fault) => void }> {
  #letters: L[] = [];

  /** @param max letters that may wait */
  constructor(readonly max: number) {}

  /** How many wait. */
  get size(): number {
    return this.#letters.length;
  }

  /** Puts a letter last; false where the mailbox is full. */
  push(letter: L): boolean {
    if (this.#letters.length >= this.max) return false;
    this.#letters.push(letter);
    return true;
  }

  /** Puts letters first that were here before; they may exceed the limit, since they were counted once. */
  putBack(letters: readonly L[]): void {
    this.#letters = [...letters, ...this.#letters];
  }

  /** Takes all that wait, or the first `count`. */
  take(count: number = this.#letters.length): L[] {
    if (count < this.#letters.length) return this.#letters.splice(0, count);
    const letters = this.#letters;
    this.#letters = [];
    return letters;
  }

  /** Drops those whose deadline has passed, each with a `deadline` Fault. */
  expire(now: number): void {
    const letters = this.#letters;
    if (letters.length === 0 || !letters.some((letter) => letter.deadline < now)) return;
    this.#letters = letters.filter((letter) => letter.deadline >= now);
    for (const letter of letters) if (letter.deadline < now) letter.reject(lateFault());
  }
}

/** The fault of a command that was not decided in time. */
export function lateFault(): Fault {
  return new Fault("deadline", "Command dropped: it was not decided before its deadline");
}
