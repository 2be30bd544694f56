/**
 * How does one actor work? Commands wait in the mailbox; the next turn is whatever waits. A turn is decided in memory,
 * stored by one `append`, and answered after it, refusals too. A state is not copied: a turn that was not stored is
 * undone by dropping the state and activating again. Two turns may be in flight: the second is stored only where the
 * first was, by the number of its turn, so Postgres need not wait for us nor we for it.
 */
import type { Kind } from "../domain/decision.ts";
import { BACKOFF_RESET_MS, backoffMs } from "./backoff.ts";
import { lateFault, Letter, Mailbox } from "./mailbox.ts";
import type { Activation, ActorEvents, Asking, Clock, HandBack, Handle, OutcomeOf, Rules, Store } from "./ports.ts";
import { Fault, Fenced, LostAnswer } from "./ports.ts";
import { asFault, decideLetters, type LetterOf, reopen, type Turn } from "./turn.ts";

/** A refusal is given from memory only so long, in milliseconds, after Postgres confirmed the epoch. */
export const TRUST_MS = 200;

/** Turns of one actor that may be sent and not yet stored. */
const TURNS_IN_FLIGHT = 2;

/** Of a command whose turn has no number: that it makes the actor, or that another node sent it. */
const NONE = -2;
/** Of a command that another node may have stored: whether it did is found by its id. */
const ELSEWHERE = { epoch: NONE, turn: NONE, outcome: { kind: "done", answer: undefined } } as const;

/** One activation, from awakening to its first failure. */
interface Awake<K extends Kind> {
  readonly handle: Handle;
  /** Number of the last turn that was stored before it. */
  readonly firstTurn: number;
  state: K["State"];
  /** Whether the state is what is stored, once no turn is in flight; else a failed turn could not be undone. */
  sound: boolean;
  /** Number of the last turn sent. */
  turn: number;
  /** Monotonic time before the activation. */
  readonly since: number;
  /** Monotonic time at which Postgres was last asked and confirmed the epoch. */
  confirmedAt: number;
  inFlight: number;
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
  /** Undefined on a node that is alone. */
  handBack?: HandBack<K>;
}

/** One actor of this node: activating, awake, or gone. */
export class Actor<K extends Kind> {
  readonly #mailbox: Mailbox<LetterOf<K>>;
  /** Undefined while it is activating, backing off, or gone. */
  #awake: Awake<K> | undefined = undefined;
  /** Of the last activation, where it was fenced: what it knew need not be read again. */
  #former: Pick<Awake<K>, "state" | "sound" | "inFlight"> | undefined = undefined;
  #activating = false;
  #scheduled = false;
  /** Whether it is to be let go once nothing is under way. */
  #releasing = false;
  /** Turns in flight and readings of stored answers, of this activation and of former ones. */
  #outstanding = 0;
  #lastNow = 0;
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

  /** The epoch of its activation, and the monotonic time at which Postgres confirmed it; undefined while it has none. */
  get activation(): { readonly epoch: number; readonly confirmedAt: number } | undefined {
    return this.#awake && { epoch: this.#awake.handle.epoch, confirmedAt: this.#awake.confirmedAt };
  }

  /** Whether it may be passivated: no letter waits and nothing is under way. */
  get idle(): boolean {
    return !this.#activating && !this.#scheduled && this.#outstanding === 0 && this.#mailbox.size === 0;
  }

  /** Puts a command in the mailbox. @throws Fault (as a rejection) of {@linkcode Actors.ask} */
  tell(command: K["Command"], now: number, timeoutMs: number, asking?: Asking): Promise<OutcomeOf<K>> {
    this.lastUsed = now;
    return new Promise((resolve, reject) => {
      const deadline = Math.min(now + timeoutMs, asking?.deadline ?? Infinity);
      const letter: LetterOf<K> = new Letter(command, deadline, resolve, reject, asking?.handed);
      if (asking?.doubtful) letter.lost = ELSEWHERE;
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
    if (this.#awake === undefined) this.#retry();
    else this.#takeTurn(this.#awake);
  }

  /** Takes no more turns; once nothing is under way, hands back what waits and lets the state go. */
  release(): void {
    this.#releasing = true;
    this.#letGo();
  }

  #letGo(): void {
    if (!this.#releasing || this.#activating || this.#outstanding > 0 || this.#awake?.settling) return;
    this.#releasing = false;
    this.#awake = undefined;
    this.#handBack(undefined);
    if (this.#mailbox.size > 0) this.#wake();
    else if (this.idle) this.context.gone(this); // else it has a run left, which finds nothing to do
  }

  #handBack(holder: string | undefined): void {
    const letters = this.#mailbox.take();
    if (letters.length === 0 || this.context.handBack?.(this.key, letters, holder)) return;
    this.#mailbox.putBack(letters);
  }

  #wake(): void {
    if (this.#scheduled || this.#activating || this.#awake?.inFlight === TURNS_IN_FLIGHT) return;
    this.#scheduled = true;
    this.context.schedule(this);
  }

  // --- the turn ---

  #takeTurn(awake: Awake<K>): void {
    if (this.#releasing) return this.#letGo();
    if (awake.inFlight === TURNS_IN_FLIGHT || awake.settling || this.#mailbox.size === 0) return;
    const letters = this.#mailbox.take();
    if (letters.some((letter) => letter.lost !== undefined)) {
      this.#settleLost(awake, letters);
      return;
    }
    const { clock, events, store, rules } = this.context;
    const sentAt = clock.monotonic();
    const now = this.#lastNow = Math.max(this.#lastNow, clock.now());
    const { events: happened, hasAbsence } = decideLetters<K>(letters, rules, awake, now, sentAt);
    events.turned(letters.length);
    let number: number | undefined;
    if (happened.length > 0) {
      number = ++awake.turn;
      awake.last = store.append({ handle: awake.handle, turn: number, events: happened });
    } else if (awake.inFlight === 0 || hasAbsence) {
      if (!hasAbsence && sentAt - awake.confirmedAt <= TRUST_MS) {
        this.#answer(awake, letters);
        return;
      }
      awake.last = store.confirm(awake.handle);
    } // else: refusals that rest on a turn in flight hold once that one is stored
    awake.inFlight++;
    this.#outstanding++;
    const turn: Turn<K> = { letters, events: happened, number, sentAt };
    awake.last!.then(() => this.#settle(awake, turn), (error) => this.#fail(awake, turn, error));
  }

  #settle(awake: Awake<K>, turn: Turn<K>): void {
    awake.inFlight--;
    this.#outstanding--;
    awake.confirmedAt = Math.max(awake.confirmedAt, turn.sentAt);
    // The next turn leaves before this one is answered, so that Postgres works meanwhile.
    if (this.#awake === awake) this.#takeTurn(awake);
    this.#answer(awake, turn.letters);
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

  /**
   * Of letters whose turn may have been stored, answers those that were; all others are then decided in their order.
   * Where this epoch follows that turn's own, no one else wrote between: the stored number tells. Else the ids do.
   */
  async #settleLost(awake: Awake<K>, letters: readonly LetterOf<K>[]): Promise<void> {
    awake.settling = true;
    const open = new Set(letters);
    const unknown: LetterOf<K>[] = [];
    for (const letter of letters) {
      if (letter.lost === undefined) continue;
      const { epoch, turn, outcome } = letter.lost;
      if (awake.handle.epoch !== epoch + 1) {
        if (outcome.kind === "done") unknown.push(letter);
        else letter.lost = undefined;
      } else if (turn <= awake.firstTurn) {
        open.delete(letter);
        letter.resolve(outcome);
      } else {
        letter.lost = undefined;
      }
    }
    if (unknown.length > 0) {
      for (const letter of unknown) open.delete(letter);
      await this.#recall(awake, unknown, (letter) => {
        letter.lost = undefined;
        open.add(letter);
      });
    }
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
    this.#outstanding++;
    try {
      const answers = await this.context.store.recall(awake.handle, letters.map(({ command }) => command));
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
    this.#letGo();
  }

  // --- what a failure means ---

  /** The first turn in flight that fails ends the activation; those behind it fail with it, or were stored. */
  #fail(awake: Awake<K>, turn: Turn<K>, error: unknown): void {
    awake.inFlight--;
    this.#outstanding--;
    this.#mailbox.putBack(reopen(turn, awake.handle.epoch, error));
    const before = error instanceof Fenced ? this.context.rules.undo?.(awake.state, turn.events) : undefined;
    if (before === undefined) awake.sound = false;
    else awake.state = before;
    if (this.#awake === awake) this.#drop(awake, error instanceof Fenced);
    else if (this.#mailbox.size > 0) this.#wake();
    this.#letGo();
  }

  #drop(awake: Awake<K>, fenced: boolean): void {
    const { clock, events } = this.context;
    this.#awake = undefined;
    if (!fenced) {
      this.#retry();
      return;
    }
    this.#former = awake;
    events.fenced();
    if (clock.monotonic() - awake.since > BACKOFF_RESET_MS) this.#losses = 0;
    this.#backOff();
  }

  async #backOff(): Promise<void> {
    const { clock, handBack } = this.context;
    this.#losses++;
    this.#activating = true;
    if (handBack !== undefined) await this.#askHolder();
    clock.after(backoffMs(this.#losses, clock.random()), () => this.#retry());
  }

  /** What waits goes to the node that has the actor now; where that cannot be, it waits for the next activation. */
  async #askHolder(): Promise<void> {
    let holder: string | undefined;
    try {
      holder = await this.context.store.holderOf?.(this.key);
    } catch {
      // Then the ring tells whom to ask.
    }
    this.#handBack(holder);
  }

  #retry(): void {
    this.#activating = false;
    if (this.#releasing) this.#letGo();
    else if (this.#mailbox.size > 0) this.#activate();
    else if (this.idle) this.context.gone(this); // else the sweep finds it once it is
  }

  // --- activation ---

  async #activate(): Promise<void> {
    this.#activating = true;
    const { store, clock, events } = this.context;
    const asked = this.#mailbox.size;
    const since = clock.monotonic();
    const former = this.#former;
    this.#former = undefined;
    try {
      const activation = await store.activate(
        this.key,
        former?.sound && former.inFlight === 0 ? former.state : undefined,
      );
      if (activation === undefined) {
        await this.#absent(asked);
        return;
      }
      events.activated();
      this.#awaken(activation, since);
    } catch (error) {
      if (error instanceof Fenced) { // another owner took it while it was read
        this.#former = { state: error.remnant as K["State"], sound: error.remnant !== undefined, inFlight: 0 };
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

  #awaken({ handle, turn, state }: Activation<K["State"]>, since: number): void {
    this.#activating = false;
    const beginning = { sound: true, inFlight: 0, last: undefined, settling: false };
    this.#awake = { handle, firstTurn: turn, turn, state, since, confirmedAt: since, ...beginning };
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
        letter.reject(lateFault(letter));
        continue;
      }
      const decision = rules.decide(undefined, letter.command, clock.now());
      if (decision.kind === "refused") letter.resolve(decision);
      if (decision.kind !== "accepted") continue;
      const since = clock.monotonic();
      let handle: Handle | undefined;
      try {
        handle = await store.create(this.key, decision.event);
      } catch (error) {
        if (error instanceof LostAnswer) {
          letter.lost = { epoch: NONE, turn: NONE, outcome: { kind: "done", answer: decision.answer } };
        }
        this.#mailbox.putBack(letters.slice(index));
        throw error;
      }
      if (handle === undefined) { // someone else made it meanwhile
        this.#mailbox.putBack(letters.slice(index));
        break;
      }
      this.#mailbox.putBack(letters.slice(index + 1));
      letter.resolve({ kind: "done", answer: decision.answer });
      this.#awaken({ handle, turn: 0, state: rules.evolve(undefined, decision.event) }, since);
      return;
    }
    this.#retry();
  }
}
