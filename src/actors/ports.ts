/** What do the actors need of the rooms around them, and what do they offer? */
import type { CouponKind } from "../domain/coupon.ts";
import type { Decision, Kind } from "../domain/decision.ts";
import type { SaleKind } from "../domain/sale.ts";

export { Fault, type FaultCode, Fenced, LostAnswer } from "./faults.ts";
export type { AttemptCount, AuditPage, AuditRows, BuyerMisfit, CouponCount } from "./audit_rows.ts";
export type { HoldMisfit, ItemMisfit, SaleCount, Stray } from "./audit_rows.ts";
export type { ClaimView, CouponPage, CouponViews } from "./views.ts";
export type { AttemptView, HoldView, ItemState, ItemView, Page, SaleSummary, SaleViews } from "./views.ts";

/** What an asked actor says, once it is durable. */
export type Outcome<Answer, Refusal> =
  | { readonly kind: "done"; readonly answer: Answer }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What an actor of a kind says. */
export type OutcomeOf<K extends Kind> = Outcome<K["Answer"], K["Refusal"]>;

/** Whoever can be asked: the actors of this node, or the cluster. */
export interface Actors<K extends Kind> {
  /**
   * Sends a command to the actor of a key.
   *
   * @returns the answer, stored and durable, or a refusal that held when it was decided
   * @throws Fault where the machinery failed; `deadline` and `overloaded` mean that nothing happened
   */
  ask(key: string, command: K["Command"]): Promise<OutcomeOf<K>>;
}

/** The coupons, by the fold of their names. */
export type Coupons = Actors<CouponKind>;
/** The sales, by their hours. */
export type Sales = Actors<SaleKind>;

/** Time and chance, for those who may not have their own. */
export interface Clock {
  /** Postgres's time, in milliseconds since the Unix epoch; never runs backwards. */
  now(): number;
  /** This process's monotonic time, in milliseconds. */
  monotonic(): number;
  /** Calls back once the events that wait now have been handled; far sooner than a timer. */
  soon(callback: () => void): void;
  /** Calls back once after so many milliseconds; returns how to cancel it. */
  after(delayMs: number, callback: () => void): () => void;
  /** A random number, 0 or more and less than 1. */
  random(): number;
}

/** The rules of one kind of actor: a domain module's pure functions. */
export interface Rules<K extends Kind> {
  /** What a command asks for: equal for equal requests, whatever their ids. */
  contentOf(command: K["Command"]): string;
  /** Decides a command; undefined is an actor that does not exist. */
  decide(
    state: K["State"] | undefined,
    command: K["Command"],
    now: number,
  ): Decision<K["Event"], K["Answer"], K["Refusal"]>;
  /** The state after an event; may change the state given. */
  evolve(state: K["State"] | undefined, event: K["Event"]): K["State"];
  /**
   * The state before these events, the last ones that it evolved by; may change the state given.
   *
   * @returns undefined where that cannot be told; without this method it never can
   */
  undo?(state: K["State"], events: readonly K["Event"][]): K["State"] | undefined;
}

/** An activated actor's place in storage. */
export interface Handle {
  /** Its row. */
  readonly id: number;
  /** The fencing token that this activation raised. */
  readonly epoch: number;
  /** A small number that pins it to a lane. */
  readonly lane: number;
}

/** What an activation brings. */
export interface Activation<State> {
  readonly handle: Handle;
  /** Number of the last stored turn. */
  readonly turn: number;
  readonly state: State;
}

/** One turn of one actor, to be stored whole or not at all. */
export interface Part<Event> {
  readonly handle: Handle;
  /** The stored turn before it plus one. */
  readonly turn: number;
  /** At least one, in the order in which they happened. */
  readonly events: readonly Event[];
}

/** Where actors are kept. Every method throws a `storage_unavailable` Fault where nothing was changed. */
export interface Store<K extends Kind> {
  /**
   * Raises the actor's epoch, names this node as its holder, and reads its state.
   *
   * @param remnant a state that once was true, to be used up: only what has changed since need be read
   * @returns undefined where no such actor exists
   * @throws Fenced where another owner raised the epoch before the state was read; it may have a remnant
   */
  activate(key: string, remnant?: K["State"]): Promise<Activation<K["State"]> | undefined>;
  /**
   * Makes an actor by its first event, where none has its key.
   *
   * @returns where it is stored, awake at turn 0; undefined where the key is taken
   * @throws LostAnswer where it may have happened
   */
  create(key: string, event: K["Event"]): Promise<Handle | undefined>;
  /**
   * Stores a turn. Parts of one actor are stored in the order of their calls.
   *
   * @returns once it is durable
   * @throws Fenced where it is known not to have happened since another owner has the actor
   * @throws LostAnswer where it may have happened
   * @throws Fault `data_error` where its rows were refused, `storage_unavailable` where it was never sent
   */
  append(part: Part<K["Event"]>): Promise<void>;
  /**
   * Asks Postgres whether this activation is still the actor's.
   *
   * @throws Fenced where it is not; LostAnswer or Fault as `append`
   */
  confirm(handle: Handle): Promise<void>;
  /**
   * The stored answers of accepted commands.
   *
   * @returns id -> answer, without those that were never accepted
   */
  recall(handle: Handle, commands: readonly K["Command"][]): Promise<Map<string, K["Answer"]>>;
}

/** What the actors tell of their work; counted, never waited for. */
export interface ActorEvents {
  activated(): void;
  fenced(): void;
  turned(commands: number): void;
}
