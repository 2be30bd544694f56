/**
 * What is a command on its way to another node, and what can go wrong with it there?
 *
 * A refusal is not stored. So if one copy of a command is in the buffers of a frozen node, and a second one is refused,
 * the first could still act when the node continues. Therefore each copy has a lease, after which no node decides it. A
 * command is asked again only after the lease of a copy that may still exist.
 */
import { Fault, type FaultCode } from "../ports/mod.ts";
import type { FailureKind } from "./events.ts";
import type { Member } from "./member.ts";
import type { Posted } from "./wire.ts";

/** The part of a command's time that the first copy has; the rest is for a second. */
const FIRST_PART = 0.3;
/** Maximum difference between the clocks of two nodes, in milliseconds: both follow PostgreSQL's. */
const MARGIN_MS = 100;

/** A command on its way, with the callbacks that answer it. */
export interface Forward extends Posted {
  mayBeStored: boolean;
  /** Monotonic milliseconds after which no copy that was sent is decided. */
  lease: number;
  /** Whether it was asked a second time. */
  isAskedAgain: boolean;
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (fault: Fault) => void;
}

/** Why the node that was asked did not answer it. */
export interface Failure {
  readonly kind: FailureKind;
  /** Of `not_owner`: whom that node sees as the owner. */
  readonly owner?: Member;
}

export function forwardOf(start: Omit<Forward, "lease" | "isAskedAgain">): Forward {
  return { ...start, lease: -Infinity, isAskedAgain: false };
}

/** The lease of a copy that is sent now. */
export function leaseOf({ deadline, isAskedAgain }: Forward, now: number): number {
  return isAskedAgain ? deadline : now + Math.max(0, deadline - now) * FIRST_PART;
}

/** Milliseconds until no copy of it can be decided. */
export function untilLeaseEnds({ lease }: Forward, now: number): number {
  return Math.max(0, lease + MARGIN_MS - now);
}

/** Faults that say that nothing happened, which is not known of a command that may be stored already. */
const NOTHING_HAPPENED: ReadonlySet<FaultCode> = new Set(["deadline", "overloaded", "moved", "stopping"]);
const FAULTS: ReadonlySet<string> = new Set<FaultCode>([...NOTHING_HAPPENED, "storage_unavailable", "data_error"]);

/** Fails a forward, with a fault that claims no more than is certain. */
export function fail(forward: Forward, code: string, message: string): void {
  const known = FAULTS.has(code) ? code as FaultCode : "storage_unavailable";
  const isUncertain = forward.mayBeStored && NOTHING_HAPPENED.has(known);
  forward.reject(new Fault(isUncertain ? "storage_unavailable" : known, message));
}
