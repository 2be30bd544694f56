/** What do the modules ask of one another? */
import type { CouponKind } from "../domain/coupon.ts";
import type { Decision, Kind } from "../domain/decision.ts";
import type { SaleKind } from "../domain/sale.ts";
import type { Fault } from "./faults.ts";

export { Fault, type FaultCode, Fenced, LostAnswer } from "./faults.ts";
export type { Clock, ClockReading } from "./clock.ts";
import type { Page } from "./views.ts";
export type { AdminAct, AdminActs, AdminActView } from "./admin_acts.ts";
export type { AuditCheck, AuditPage, AuditPlace, AuditReport, AuditRows, Audits, Finding } from "./audit_rows.ts";
export type { ClaimView, CouponPage, CouponViews, EligibilityViews } from "./views.ts";
export type { BulkJob, BulkJobs, BulkRequest, BulkState, BulkTerms, BulkWork } from "./bulk.ts";
export type { Codes, CodesPage, LeasedJob } from "./bulk.ts";
export type { AttemptView, HoldView, ItemState, ItemView, ListPart, Page, SaleSummary, SaleViews } from "./views.ts";

export type { ExportViews, Memberships, Place, PurchaseView, SegmentCount, UserView } from "./user_views.ts";
export type { UserViews, WalletEntryView } from "./user_views.ts";

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

/** Of a command that was on another way before, or comes from another node. */
export interface Asking {
  /** Monotonic milliseconds after which it may not be decided any more. */
  readonly deadline?: number;
  /** Whether it may be stored already: then its stored answer is what it gets. */
  readonly mayBeStored?: boolean;
  /** Times that an actor has handed it back. */
  readonly handed?: number;
}

/** A command that waits for its actor, with the way back. */
export interface Waiting<K extends Kind> {
  readonly command: K["Command"];
  /** Monotonic milliseconds after which it may not be decided any more. */
  readonly deadline: number;
  /** Times that an actor has handed it back before. */
  readonly handed: number;
  readonly resolve: (outcome: OutcomeOf<K>) => void;
  readonly reject: (fault: Fault) => void;
}

/**
 * Takes commands that an actor does not decide since another node is to.
 *
 * @param holder whom the actor's row names, where the actor was fenced and that could be read
 * @returns false where they are to be decided here after all; then none was taken
 */
export type HandBack<K extends Kind> = (
  key: string,
  waiting: readonly Waiting<K>[],
  holder: string | undefined,
) => boolean;

/** The actors of this node, which others may own after it. */
export interface LocalActors<K extends Kind> extends Actors<K> {
  ask(key: string, command: K["Command"], asking?: Asking): Promise<OutcomeOf<K>>;
  /** {@linkcode ask} without a promise: of the callbacks one is called, once. */
  tell(
    key: string,
    command: K["Command"],
    asking: Asking | undefined,
    resolve: (outcome: OutcomeOf<K>) => void,
    reject: (fault: Fault) => void,
  ): void;
  /** Names who takes what fenced and released actors hand back; before that they keep it. */
  handBackTo(take: HandBack<K>): void;
  /**
   * Lets actors go: each finishes the turns that it has sent and hands back what waits.
   *
   * @param keeps whether the actor of a key stays
   * @returns how many go
   */
  release(keeps: (key: string) => boolean): number;
}

/** An actor of this node. */
export interface ActorView {
  readonly key: string;
  /** Of its activation; null while it has none. */
  readonly epoch: number | null;
  /** Commands that wait. */
  readonly mailboxDepth: number;
  /** When Postgres last confirmed that it is this node's, in milliseconds since the epoch; null where it never did. */
  readonly confirmedAt: number | null;
}

/** A node of the cluster, as this one sees it. */
export interface NodeView {
  readonly id: string;
  /** Where its peers reach it. */
  readonly url: string;
  /** Part of all keys that it owns, 0 to 1. */
  readonly share: number;
  readonly state: "in" | "unreachable";
}

/** What can be told of the cluster. */
export interface ClusterViews {
  /** This node's id. */
  readonly self: string;
  nodes(): readonly NodeView[];
  /** Whether the registry of nodes answers, and how long ago it did; null where it never did, or there is none. */
  registry(): { readonly state: "answers" | "silent" | "none"; readonly ageMs: number | null };
  /** The actors of this node, the most recently used first, and how many there are. */
  actors(kind: "coupon" | "sale", limit: number): Page<ActorView>;
  /** An actor of this node; undefined where it is not in memory here. */
  actor(kind: "coupon" | "sale", key: string): ActorView | undefined;
  /** The node that the ring names for an actor. */
  ownerOf(key: string): NodeView;
}

/** The coupons, by the fold of their names. */
export type Coupons = Actors<CouponKind>;
/** The sales, by their hours. */
export type Sales = Actors<SaleKind>;

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
export interface LoadedActor<State> {
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

/** Who waits for storage: one of both is called, once, and neither throws. A promise a turn would cost as much as its rules. */
export interface Completion {
  done(): void;
  failed(error: Error): void;
}

/** Where actors are kept. What fails without having changed anything fails with a `storage_unavailable` Fault. */
export interface Store<K extends Kind> {
  /**
   * Raises the actor's epoch, names this node as its holder, and reads its state.
   *
   * @param now by the actors' clock, in milliseconds since the Unix epoch: stored answers of 48 hours and more are left out
   * @param staleState a state that once was true, to be used up: only what has changed since need be read
   * @returns undefined where no such actor exists
   * @throws Fenced where another owner raised the epoch before the state was read; it may have a stale state
   */
  activate(key: string, now: number, staleState?: K["State"]): Promise<LoadedActor<K["State"]> | undefined>;
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
   * Done once it is durable. Failed with Fenced where it is known not to have happened since another owner has the actor;
   * LostAnswer where it may have happened; a Fault `data_error` where its rows were refused, `storage_unavailable` where
   * it was never sent. Never before the call returns.
   */
  append(part: Part<K["Event"]>, completion: Completion): void;
  /**
   * Asks Postgres whether this activation is still the actor's.
   *
   * Done where it is. Failed with Fenced where it is not; with LostAnswer or a Fault as `append`.
   */
  confirm(handle: Handle, completion: Completion): void;
  /**
   * The stored answers of accepted commands.
   *
   * @returns id -> answer, without those that were never accepted
   */
  recall(handle: Handle, commands: readonly K["Command"][]): Promise<Map<string, K["Answer"]>>;
  /** The text by which the last activation named its node; undefined where there is no such actor. */
  holderOf?(key: string): Promise<string | undefined>;
}

/**
 * Asked before each activation; where the activation is to wait, the promise resolves when it may begin.
 * A function without a promise where there is nothing to wait for: a node may activate tens of thousands of actors a second.
 */
export type Admit = () => Promise<void> | undefined;

/** What the actors tell of their work; counted, never waited for. */
export interface ActorEvents {
  activated(): void;
  fenced(): void;
  turned(commands: number): void;
}
