/**
 * How does one actor work? Commands wait in the mailbox; the next turn is whatever waits. A turn is decided in memory,
 * stored by one `append`, and answered after it, refusals too. A state is not copied: a turn that was not stored is
 * undone by dropping the state and activating again. Two turns may be in flight: the second is stored only where the
 * first was, by the number of its turn, so Postgres need not wait for us nor we for it.
 */
import type { Kind } from "../domain/decision.ts";
import { BACKOFF_RESET_MS, backoffMs, RELOAD_MS } from "./backoff.ts";
import { lateFault, Letter, Mailbox } from "./mailbox.ts";
import type { ActorEvents, Clock, Handle, OutcomeOf, Rules, Store } from "./ports.ts";
import { Fault, Fenced, LostAnswer } from "./ports.ts";

/** A refusal is given from memory only so long, in milliseconds, after Postgres confirmed the epoch. */
export const TRUST_MS = 200;

/** Turns of one actor that may be sent and not yet stored. */
const TURNS_IN_FLIGHT = 2;

/** One activation, from awakening to its first failure. */
interface Awake<K extends Kind> {
  readonly handle: Handle;
  state: K["State"];
  /** Number of the last turn sent. */
  turn: number;
  /** Monotonic time before the activation. */
  readonly since: number;
  /** Monotonic time at which Postgres was last asked and confirmed the epoch. */
  confirmedAt: number;
  inFlight: number;
  /** Accepted commands since the activation: what the next one has to read more. */
  accepted: number;
  /** Whether it is read which of the letters were stored; no turn is taken meanwhile. */
  settling: boolean;
  /** The last turn sent. */
  last: Promise<void> | undefined;
}

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
  /** Undefined while it is activating, backing off, or gone. */
  #awake: Awake<K> | undefined = undefined;
  #activating = false;
  #scheduled = false;
  /** Turns in flight and readings of stored answers, of this activation and of former ones. */
  #outstanding = 0;
  #lastNow = 0;
  #losses = 0;
  /** What an activation takes, as far as is known, in milliseconds. */
  #activationMs = 0;
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
    return !this.#activating && !this.#scheduled && this.#outstanding === 0 && this.#mailbox.size === 0;
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
    if (this.#activating) return;
    if (this.#awake === undefined) this.#activate();
    else this.#takeTurn(this.#awake);
  }

  #wake(): void {
    if (this.#scheduled || this.#activating || this.#awake?.inFlight === TURNS_IN_FLIGHT) return;
    this.#scheduled = true;
    this.context.schedule(this);
  }

  // --- the turn ---

  #takeTurn(awake: Awake<K>): void {
    if (awake.inFlight === TURNS_IN_FLIGHT || awake.settling || this.#mailbox.size === 0) return;
    const letters = this.#mailbox.take();
    if (letters.some((letter) => letter.doubtful)) {
      this.#settleDoubts(awake, letters);
      return;
    }
    const { clock, events, store } = this.context;
    const monotonic = clock.monotonic();
    const draft = this.#decide(awake, letters, monotonic);
    events.turned(letters.length);
    if (draft.length > 0) {
      const { handle } = awake;
      awake.last = store.append({ handle, turn: ++awake.turn, events: draft });
    } else if (awake.inFlight === 0) {
      if (monotonic - awake.confirmedAt <= TRUST_MS) {
        this.#answer(awake, letters);
        return;
      }
      awake.last = store.confirm(awake.handle);
    } // else: refusals that rest on a turn in flight hold once that one is stored
    awake.inFlight++;
    this.#outstanding++;
    this.#settle(awake, letters, awake.last!, monotonic);
  }

  /** Decides each letter and evolves the draft; returns what is to be stored. */
  #decide(awake: Awake<K>, letters: readonly LetterOf<K>[], monotonic: number): K["Event"][] {
    const { rules, clock } = this.context;
    const now = this.#lastNow = Math.max(this.#lastNow, clock.now());
    const draft: K["Event"][] = [];
    for (const letter of letters) {
      if (letter.deadline < monotonic) {
        letter.reject(lateFault());
        continue;
      }
      const decision = rules.decide(awake.state, letter.command, now);
      switch (decision.kind) {
        case "accepted":
          awake.state = rules.evolve(awake.state, decision.event);
          draft.push(decision.event);
          awake.accepted++;
          letter.outcome = { kind: "done", answer: decision.answer };
          break;
        case "allowed":
          letter.outcome = { kind: "done", answer: decision.answer };
          break;
        case "refused":
          if (decision.event !== undefined) {
            awake.state = rules.evolve(awake.state, decision.event);
            draft.push(decision.event);
          }
          letter.outcome = { kind: "refused", refusal: decision.refusal };
          break;
        case "replay":
          letter.replayed = true;
      }
    }
    return draft;
  }

  async #settle(awake: Awake<K>, letters: LetterOf<K>[], stored: Promise<void>, sentAt: number): Promise<void> {
    try {
      await stored;
    } catch (error) {
      awake.inFlight--;
      this.#outstanding--;
      this.#fail(awake, error, letters);
      return;
    }
    awake.inFlight--;
    this.#outstanding--;
    awake.confirmedAt = Math.max(awake.confirmedAt, sentAt);
    // The next turn leaves before this one is answered, so that Postgres works meanwhile.
    if (this.#awake === awake) this.#takeTurn(awake);
    this.#answer(awake, letters);
  }

  #answer(awake: Awake<K>, letters: readonly LetterOf<K>[]): void {
    let replays: LetterOf<K>[] | undefined;
    for (const letter of letters) {
      if (letter.outcome !== undefined) letter.resolve(letter.outcome);
      else if (letter.replayed) (replays ??= []).push(letter);
    }
    if (replays !== undefined) {
      this.#recall(awake, replays, (letter) => {
        letter.reject(new Fault("storage_unavailable", "Cannot replay an answer as its row is gone"));
      });
    }
  }

  /** Of letters whose turn may have been stored, answers those that were; all others are then decided in their order. */
  async #settleDoubts(awake: Awake<K>, letters: readonly LetterOf<K>[]): Promise<void> {
    awake.settling = true;
    const open = new Set(letters);
    for (const letter of letters) if (letter.doubtful) open.delete(letter);
    await this.#recall(awake, letters.filter((letter) => letter.doubtful), (letter) => {
      letter.doubtful = false;
      open.add(letter);
    });
    this.#mailbox.putBack(letters.filter((letter) => open.has(letter)));
    awake.settling = false;
    if (this.#mailbox.size > 0) this.#wake();
  }

  /** Answers those letters whose answers are stored. */
  async #recall(
    awake: Awake<K>,
    letters: readonly LetterOf<K>[],
    absent: (letter: LetterOf<K>) => void,
  ): Promise<void> {
    const { rules, store } = this.context;
    this.#outstanding++;
    try {
      const wanted = letters.map(({ command }) => ({ id: command.id, content: rules.contentOf(command) }));
      const answers = await store.recall(awake.handle, wanted);
      for (const letter of letters) {
        const answer = answers.get(letter.command.id);
        if (answer === undefined) absent(letter);
        else letter.resolve({ kind: "done", answer });
      }
    } catch (error) {
      const fault = asFault(error);
      for (const letter of letters) letter.reject(fault);
    }
    this.#outstanding--;
  }

  // --- what a failure means ---

  /** The first turn in flight that fails ends the activation; those behind it fail with it, or were stored. */
  #fail(awake: Awake<K>, error: unknown, letters: readonly LetterOf<K>[]): void {
    const open = letters.filter((letter) => letter.outcome !== undefined || letter.replayed);
    for (const letter of open) {
      letter.doubtful = error instanceof LostAnswer && letter.outcome?.kind === "done";
      letter.outcome = undefined;
      letter.replayed = false;
    }
    if (error instanceof Fenced) {
      this.#mailbox.putBack(redirect(open));
    } else if (error instanceof LostAnswer) {
      this.#mailbox.putBack(open);
    } else {
      const fault = asFault(error);
      for (const letter of open) letter.reject(fault);
    }
    if (this.#awake === awake) this.#drop(awake, error instanceof Fenced);
    else if (this.#mailbox.size > 0) this.#wake();
  }

  #drop(awake: Awake<K>, fenced: boolean): void {
    const { clock, events } = this.context;
    this.#awake = undefined;
    if (!fenced) {
      this.#retry();
      return;
    }
    events.fenced();
    if (clock.monotonic() - awake.since > BACKOFF_RESET_MS) this.#losses = 0;
    this.#activationMs += awake.accepted * RELOAD_MS;
    this.#backOff();
  }

  #backOff(): void {
    const { clock } = this.context;
    this.#losses++;
    this.#activating = true;
    clock.after(backoffMs(this.#losses, this.#activationMs, clock.random()), () => this.#retry());
  }

  #retry(): void {
    this.#activating = false;
    if (this.#mailbox.size > 0) this.#activate();
    else if (this.idle) this.context.gone(this); // else the sweep finds it once it is
  }

  // --- activation ---

  async #activate(): Promise<void> {
    this.#activating = true;
    const { store, clock, events } = this.context;
    const asked = this.#mailbox.size;
    const since = clock.monotonic();
    try {
      const activation = await store.activate(this.key);
      if (activation === undefined) {
        await this.#absent(asked);
        return;
      }
      events.activated();
      this.#activationMs = clock.monotonic() - since;
      this.#awaken(activation.handle, activation.turn, activation.state, since);
    } catch (error) {
      if (error instanceof Fenced) { // another owner took it while it was read
        this.#activationMs = clock.monotonic() - since;
        this.#backOff();
        return;
      }
      if (!(error instanceof LostAnswer)) {
        const fault = asFault(error);
        for (const letter of this.#mailbox.take()) letter.reject(fault);
      }
      this.#retry();
    }
  }

  #awaken(handle: Handle, turn: number, state: K["State"], since: number): void {
    this.#activating = false;
    this.#awake = {
      handle,
      turn,
      state,
      since,
      confirmedAt: since,
      inFlight: 0,
      accepted: 0,
      last: undefined,
      settling: false,
    };
    this.#wake();
  }

  /**
   * There was no such actor when the first `asked` letters were here already: those are decided on nothing, and the
   * first of them that makes the actor is stored.
   */
  async #absent(asked: number): Promise<void> {
    const { rules, store, clock } = this.context;
    const letters = this.#mailbox.take(asked);
    for (const [index, letter] of letters.entries()) {
      if (letter.deadline < clock.monotonic()) {
        letter.reject(lateFault());
        continue;
      }
      const decision = rules.decide(undefined, letter.command, clock.now());
      // What is not there has nowhere to store an event: such a refusal has none.
      if (decision.kind === "refused") letter.resolve({ kind: "refused", refusal: decision.refusal });
      if (decision.kind !== "accepted") continue;
      const since = clock.monotonic();
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
      letter.resolve({ kind: "done", answer: decision.answer });
      this.#awaken(handle, 0, rules.evolve(undefined, decision.event), since);
      return;
    }
    this.#retry();
  }
}

function redirect<L extends { redirected: boolean; reject: (fault: Fault) => void }>(letters: readonly L[]): L[] {
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
