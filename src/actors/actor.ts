/**
 * How does one actor work? Commands wait in the mailbox; the next turn is whatever waits. A turn is decided in memory,
 * stored by one `append`, and answered after it, refusals too. A state is not copied: a turn that was not stored is
 * undone by dropping the state and activating again.
 */
import type { Kind } from "../domain/decision.ts";
import { BACKOFF_RESET_MS, backoffMs } from "./backoff.ts";
import { lateFault, Letter, Mailbox } from "./mailbox.ts";
import type { ActorEvents, Clock, Handle, OutcomeOf, Rules, Store } from "./ports.ts";
import { Fault, Fenced, LostAnswer } from "./ports.ts";

/** A refusal is given from memory only so long, in milliseconds, after Postgres confirmed the epoch. */
export const TRUST_MS = 200;

/** What an actor works with. */
export interface ActorContext<K extends Kind> {
  readonly rules: Rules<K>;
  readonly store: Store<K>;
  readonly clock: Clock;
  readonly events: ActorEvents;
  /** Letters that may wait. */
  readonly mailboxMax: number;
  /** Lets the actor's turn run soon, together with others'. */
  readonly schedule: (actor: Actor<K>) => void;
  /** Told, in the same tick, when the actor has no state and no letters: its entry is to be removed. */
  readonly gone: (actor: Actor<K>) => void;
}

type LetterOf<K extends Kind> = Letter<K["Command"], K["Answer"], K["Refusal"]>;

/** One actor of this node: activating, awake, or gone. */
export class Actor<K extends Kind> {
  readonly #mailbox: Mailbox<LetterOf<K>>;
  #state: K["State"] | undefined = undefined;
  #handle: Handle | undefined = undefined;
  #turn = 0;
  /** Whether a turn, an activation or a back-off is under way. */
  #busy = false;
  #scheduled = false;
  #lastNow = 0;
  /** Monotonic time at which Postgres was last asked and confirmed the epoch. */
  #confirmedAt = -Infinity;
  #activatedAt = -Infinity;
  #losses = 0;
  /** Monotonic time of the last command. */
  lastUsed = 0;

  constructor(readonly key: string, readonly context: ActorContext<K>) {
    this.#mailbox = new Mailbox(context.mailboxMax);
  }

  /** Letters that wait. */
  get depth(): number {
    return this.#mailbox.size;
  }

  /** Whether it may be passivated: no letter waits and nothing is under way. */
  get idle(): boolean {
    return !this.#busy && !this.#scheduled && this.#mailbox.size === 0;
  }

  /** Puts a command in the mailbox. @throws Fault (as a rejection) of {@linkcode Actors.ask} */
  tell(command: K["Command"], now: number, timeoutMs: number): Promise<OutcomeOf<K>> {
    this.lastUsed = now;
    return new Promise((resolve, reject) => {
      const letter: LetterOf<K> = new Letter(command, now + timeoutMs, resolve, reject);
      if (!this.#mailbox.push(letter)) {
        reject(new Fault("overloaded", `Cannot take a command as the mailbox is full: ${this.#mailbox.size} wait`));
        return;
      }
      this.#wake();
    });
  }

  /** Drops letters whose deadline has passed. */
  expire(now: number): void {
    this.#mailbox.expire(now);
  }

  /** Runs the scheduled turn. */
  run(): void {
    this.#scheduled = false;
    if (this.#busy) return;
    if (this.#handle === undefined) this.#activate();
    else this.#takeTurn(this.#handle);
  }

  #wake(): void {
    if (this.#busy || this.#scheduled) return;
    this.#scheduled = true;
    this.context.schedule(this);
  }

  // --- the turn ---

  #takeTurn(handle: Handle): void {
    const { rules, clock, events, store } = this.context;
    const letters = this.#mailbox.take();
    if (letters.length === 0) return;
    const monotonic = clock.monotonic();
    const now = this.#lastNow = Math.max(this.#lastNow, clock.now());
    const accepted: K["Event"][] = [];
    for (const letter of letters) {
      if (letter.deadline < monotonic) {
        letter.reject(lateFault());
        continue;
      }
      const decision = rules.decide(this.#state, letter.command, now);
      switch (decision.kind) {
        case "accepted":
          this.#state = rules.evolve(this.#state, decision.event);
          accepted.push(decision.event);
          letter.outcome = { kind: "done", answer: decision.answer };
          break;
        case "allowed":
          letter.outcome = { kind: "done", answer: decision.answer };
          break;
        case "refused":
          letter.outcome = decision;
          break;
        case "replay":
          letter.replayed = true;
      }
    }
    events.turned(letters.length);
    if (accepted.length > 0) {
      this.#busy = true;
      this.#settle(handle, letters, store.append({ handle, turn: ++this.#turn, events: accepted }), monotonic);
    } else if (monotonic - this.#confirmedAt <= TRUST_MS) {
      this.#answer(handle, letters);
    } else {
      this.#busy = true;
      this.#settle(handle, letters, store.confirm(handle), monotonic);
    }
  }

  async #settle(handle: Handle, letters: LetterOf<K>[], stored: Promise<void>, sentAt: number): Promise<void> {
    try {
      await stored;
    } catch (error) {
      this.#busy = false;
      this.#fail(error, letters);
      return;
    }
    this.#busy = false;
    this.#confirmedAt = sentAt;
    // The next turn leaves before this one is answered, so that Postgres works meanwhile.
    this.#takeTurn(handle);
    this.#answer(handle, letters);
  }

  #answer(handle: Handle, letters: readonly LetterOf<K>[]): void {
    let replays: LetterOf<K>[] | undefined;
    for (const letter of letters) {
      if (letter.outcome !== undefined) letter.resolve(letter.outcome);
      else if (letter.replayed) (replays ??= []).push(letter);
    }
    if (replays !== undefined) this.#replay(handle, replays);
  }

  async #replay(handle: Handle, letters: readonly LetterOf<K>[]): Promise<void> {
    try {
      for (const letter of await this.#recall(handle, letters)) {
        letter.reject(new Fault("storage_unavailable", "Cannot replay an answer as its row is gone"));
      }
    } catch (error) {
      const fault = asFault(error);
      for (const letter of letters) letter.reject(fault);
    }
  }

  /** Answers those letters whose answers are stored; returns the others. */
  async #recall(handle: Handle, letters: readonly LetterOf<K>[]): Promise<LetterOf<K>[]> {
    const { rules, store } = this.context;
    const wanted = letters.map(({ command }) => ({ id: command.id, content: rules.contentOf(command) }));
    const answers = await store.recall(handle, wanted);
    return letters.filter((letter) => {
      const answer = answers.get(letter.command.id);
      if (answer !== undefined) letter.resolve({ kind: "done", answer });
      return answer === undefined;
    });
  }

  // --- what a failure means ---

  #fail(error: unknown, letters: LetterOf<K>[]): void {
    const { clock, events } = this.context;
    this.#drop();
    const open = letters.filter((letter) => letter.outcome !== undefined || letter.replayed);
    for (const letter of open) {
      letter.doubtful ||= error instanceof LostAnswer && letter.outcome?.kind === "done";
      letter.outcome = undefined;
      letter.replayed = false;
    }
    if (error instanceof Fenced) {
      events.fenced();
      const lasted = clock.monotonic() - this.#activatedAt;
      this.#losses = lasted > BACKOFF_RESET_MS ? 1 : this.#losses + 1;
      this.#mailbox.putBack(redirect([...open, ...this.#mailbox.take()]));
      this.#busy = true;
      clock.after(backoffMs(this.#losses, clock.random()), () => this.#retry());
    } else if (error instanceof LostAnswer) {
      this.#mailbox.putBack(open);
      this.#activate();
    } else {
      const fault = asFault(error);
      for (const letter of open) letter.reject(fault);
      this.#retry();
    }
  }

  #drop(): void {
    this.#state = undefined;
    this.#handle = undefined;
    this.#confirmedAt = -Infinity;
  }

  #retry(): void {
    this.#busy = false;
    if (this.#mailbox.size === 0) this.context.gone(this);
    else this.#activate();
  }

  // --- activation ---

  async #activate(): Promise<void> {
    this.#busy = true;
    const { store, clock, events } = this.context;
    const asked = this.#mailbox.size;
    const sentAt = clock.monotonic();
    try {
      const activation = await store.activate(this.key);
      if (activation === undefined) {
        await this.#absent(asked);
        return;
      }
      events.activated();
      await this.#settleDoubts(activation.handle);
      this.#awake(activation.handle, activation.turn, activation.state, sentAt);
    } catch (error) {
      if (error instanceof LostAnswer) {
        this.#retry();
        return;
      }
      const fault = asFault(error);
      for (const letter of this.#mailbox.take()) letter.reject(fault);
      this.#retry();
    }
  }

  #awake(handle: Handle, turn: number, state: K["State"], confirmedAt: number): void {
    this.#state = state;
    this.#handle = handle;
    this.#turn = turn;
    this.#confirmedAt = this.#activatedAt = confirmedAt;
    this.#busy = false;
    this.#wake();
  }

  /** Of commands that may have been stored, answers those that were; the others are decided again. */
  async #settleDoubts(handle: Handle): Promise<void> {
    const letters = this.#mailbox.take();
    const doubtful = letters.filter((letter) => letter.doubtful);
    if (doubtful.length === 0) {
      this.#mailbox.putBack(letters);
      return;
    }
    let open: Set<LetterOf<K>>;
    try {
      open = new Set(await this.#recall(handle, doubtful));
    } catch (error) {
      this.#mailbox.putBack(letters);
      throw error;
    }
    for (const letter of doubtful) letter.doubtful = false;
    this.#mailbox.putBack(letters.filter((letter) => open.has(letter) || !doubtful.includes(letter)));
  }

  /**
   * There was no such actor when the first `asked` letters were here already: those are decided on nothing, and the
   * first of them that makes the actor is stored.
   */
  async #absent(asked: number): Promise<void> {
    const { rules, store, clock } = this.context;
    const letters = this.#mailbox.take(asked);
    for (const [index, letter] of letters.entries()) {
      const decision = rules.decide(undefined, letter.command, clock.now());
      if (decision.kind === "refused") letter.resolve(decision);
      if (decision.kind !== "accepted") continue;
      const sentAt = clock.monotonic();
      let handle: Handle | undefined;
      try {
        handle = await store.create(this.key, decision.event);
      } catch (error) {
        letter.doubtful = error instanceof LostAnswer;
        this.#mailbox.putBack(letters.slice(index));
        throw error;
      }
      if (handle === undefined) { // someone else made it meanwhile
        this.#mailbox.putBack(letters.slice(index));
        break;
      }
      this.#mailbox.putBack(letters.slice(index + 1));
      this.#awake(handle, 0, rules.evolve(undefined, decision.event), sentAt);
      letter.resolve({ kind: "done", answer: decision.answer });
      return;
    }
    this.#retry();
  }
}

function redirect<L extends { redirected: boolean; reject: (fault: Fault) => void }>(letters: L[]): L[] {
  return letters.filter((letter) => {
    if (letter.redirected) letter.reject(new Fault("moved", "Command dropped: its actor was fenced twice"));
    const keep = !letter.redirected;
    letter.redirected = true;
    return keep;
  });
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("storage_unavailable", "Storage failed", { cause: error });
}
