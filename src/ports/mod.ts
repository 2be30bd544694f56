/** The interfaces between modules. */
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

/** An actor's response to a command, once it is durable. */
export type Outcome<Answer, Refusal> =
  | { readonly kind: "done"; readonly answer: Answer }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type OutcomeOf<K extends Kind> = Outcome<K["Answer"], K["Refusal"]>;

/** Actors that can be asked: those of this node, or those of the cluster. */
export interface Actors<K extends Kind> {
  /**
   * Sends a command to the actor of a key.
   *
   * @returns the answer, which is durable, or a refusal that was true when it was decided
   * @throws Fault after a server-side failure; `deadline` and `overloaded` mean that nothing happened
   */
  ask(key: string, command: K["Command"]): Promise<OutcomeOf<K>>;
}

/** About a command that was sent before, or that comes from another node. */
export interface Asking {
  /** Monotonic time in milliseconds after which it must not be decided. */
  readonly deadline?: number;
  /** Whether it may be stored already; then its stored answer is looked up first. */
  readonly mayBeStored?: boolean;
  /** How often an actor has redirected it. */
  readonly redirects?: number;
}

/** A waiting command, with its callbacks. */
export interface Waiting<K extends Kind> {
  readonly command: K["Command"];
  /** Monotonic time in milliseconds after which it must not be decided. */
  readonly deadline: number;
  /** How often an actor has redirected it. */
  readonly redirects: number;
  /** Whether it may be stored already. */
  readonly mayBeStored: boolean;
  readonly resolve: (outcome: OutcomeOf<K>) => void;
  readonly reject: (fault: Fault) => void;
}

/**
 * Takes commands that another node is to decide.
 *
 * @param holder the node that the actor's row names, if the actor was fenced and the row could be read
 * @returns false if they are to be decided here after all; then none was taken
 */
export type Redirect<K extends Kind> = (
  key: string,
  waiting: readonly Waiting<K>[],
  holder: string | undefined,
) => boolean;

/** The actors of this node. */
export interface LocalActors<K extends Kind> extends Actors<K> {
  ask(key: string, command: K["Command"], asking?: Asking): Promise<OutcomeOf<K>>;
  /** {@linkcode ask} without a promise: one of the callbacks is called, once. */
  tell(
    key: string,
    command: K["Command"],
    asking: Asking | undefined,
    resolve: (outcome: OutcomeOf<K>) => void,
    reject: (fault: Fault) => void,
  ): void;
  /** Sets who takes the commands of fenced and released actors; without it, actors keep them. */
  redirectTo(take: Redirect<K>): void;
  /**
   * Releases actors: each finishes the turns that it has sent and redirects its waiting commands.
   *
   * @param keeps whether the actor of a key stays
   * @returns how many are released
   */
  release(keeps: (key: string) => boolean): number;
  /** Actors in memory, the most recently used first, and how many there are. */
  list(limit: number): Page<ActorView>;
  /** An actor in memory; undefined where it is not. */
  view(key: string): ActorView | undefined;
}

/** An actor of this node. */
export interface ActorView {
  readonly key: string;
  /** The epoch of its activation; null while it has none. */
  readonly epoch: number | null;
  /** Number of waiting commands. */
  readonly mailboxDepth: number;
  /** When PostgreSQL last confirmed that this node has it, in milliseconds since the epoch; null if it never did. */
  readonly confirmedAt: number | null;
}

/** A node, as this one sees it. */
export interface NodeView {
  readonly id: string;
  /** The address at which its peers reach it. */
  readonly url: string;
  /** The share of all keys that it owns, 0 to 1. */
  readonly share: number;
  readonly state: "in" | "unreachable";
}

/** The cluster, as this node sees it. */
export interface ClusterViews {
  /** This node's id. */
  readonly self: string;
  nodes(): readonly NodeView[];
  /** Whether the registry of nodes answers, and when it last did; `ageMs` is null if it never did or there is none. */
  registry(): { readonly state: "answers" | "silent" | "none"; readonly ageMs: number | null };
  /** This node's most recently used actors, and the total number. */
  actors(kind: "coupon" | "sale", limit: number): Page<ActorView>;
  /** An actor of this node; undefined if it is not in memory. */
  actor(kind: "coupon" | "sale", key: string): ActorView | undefined;
  /** An actor's owner by the ring. */
  ownerOf(key: string): NodeView;
}

/** The coupons, by their name keys. */
export type Coupons = Actors<CouponKind>;
/** The sales, by their ids. */
export type Sales = Actors<SaleKind>;

/** The rules of a kind of actor: pure functions of the domain. */
export interface Rules<K extends Kind> {
  /** The request fingerprint: equal for equal requests, whatever their ids. */
  contentOf(command: K["Command"]): string;
  /** Decides a command; the state is undefined if the actor does not exist. */
  decide(
    state: K["State"] | undefined,
    command: K["Command"],
    now: number,
  ): Decision<K["Event"], K["Answer"], K["Refusal"]>;
  /** The state after an event; may change the given state. */
  evolve(state: K["State"] | undefined, event: K["Event"]): K["State"];
  /**
   * The state before these events, which were the last ones; may change the given state.
   *
   * @returns undefined if they cannot be undone; without this method they never can
   */
  undo?(state: K["State"], events: readonly K["Event"][]): K["State"] | undefined;
}

/** An activated actor's place in storage. */
export interface Handle {
  /** Its row. */
  readonly id: number;
  /** The fencing token that this activation raised. */
  readonly epoch: number;
  /** A number that pins it to a lane. */
  readonly lane: number;
}

/** What an activation loads. */
export interface LoadedActor<State> {
  readonly handle: Handle;
  /** Number of the last stored turn. */
  readonly turn: number;
  readonly state: State;
}

/** One turn of one actor, to be stored entirely or not at all. */
export interface Part<Event> {
  readonly handle: Handle;
  /** The number of the last stored turn plus one. */
  readonly turn: number;
  /** At least one, in order. */
  readonly events: readonly Event[];
}

/** Callbacks of a stored turn: one of them is called, once, and must not throw. A promise per turn would cost as much as its rules. */
export interface Completion {
  done(): void;
  failed(error: Error): void;
}

/** Storage of actors. Operations that failed without a change throw a `storage_unavailable` Fault. */
export interface Store<K extends Kind> {
  /**
   * Raises the actor's epoch, records this node as its owner, and reads its state.
   *
   * @param now the actors' time, in milliseconds since the Unix epoch: stored answers older than 48 hours are not loaded
   * @param staleState an outdated state, which is consumed: only what has changed since then is read
   * @returns undefined if the actor does not exist
   * @throws Fenced if another node raised the epoch before the state was read; may contain a stale state
   */
  activate(key: string, now: number, staleState?: K["State"]): Promise<LoadedActor<K["State"]> | undefined>;
  /**
   * Creates an actor by its first event, if its key is free.
   *
   * @returns its place, at turn 0; undefined if the key is taken
   * @throws LostAnswer if it may have happened
   */
  create(key: string, event: K["Event"]): Promise<Handle | undefined>;
  /**
   * Stores a turn. An actor's turns are stored in the order of the calls.
   *
   * Done once it is durable. Fails with Fenced if it was not stored because another node has the actor; with LostAnswer if it
   * may have been stored; with a Fault `data_error` if its rows were refused, `storage_unavailable` if it was never sent.
   * Calls back only after the call has returned.
   */
  append(part: Part<K["Event"]>, completion: Completion): void;
  /**
   * Asks PostgreSQL whether this activation still has the actor.
   *
   * Done if it has. Fails with Fenced if it has not; with LostAnswer or a Fault as `append`.
   */
  confirm(handle: Handle, completion: Completion): void;
  /**
   * Looks up the stored answers of commands.
   *
   * @returns the answers by command id, without commands that were not accepted
   */
  recall(handle: Handle, commands: readonly K["Command"][]): Promise<Map<string, K["Answer"]>>;
  /** The node that the last activation recorded, as text; undefined if the actor does not exist. */
  holderOf?(key: string): Promise<string | undefined>;
}

/**
 * Asked before each activation; where the activation is to wait, the promise resolves when it may begin.
 * A function without a promise where there is nothing to wait for: a node may activate tens of thousands of actors a second.
 */
export type Admit = () => Promise<void> | undefined;

/** Events of actors, for metrics. */
export interface ActorEvents {
  activated(): void;
  fenced(): void;
  turned(commands: number): void;
}
