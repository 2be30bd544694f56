/**
 * What is a command on its way to another node, and what can go wrong with it there?
 *
 * A refusal is not remembered. So of two copies of a command, one in the buffers of a frozen node and one that was
 * asked again and refused, the first could still act once the node goes on. Therefore a copy has a lease, after which no
 * node decides it any more, and a command of which a copy may be about is asked again only after that.
 */
import { Fault, type FaultCode } from "../ports/mod.ts";
import type { FailureKind } from "./events.ts";
import type { Member } from "./member.ts";
import type { Posted } from "./wire.ts";

/** The first copy of a command has this part of its time; what is left is for a second. */
const FIRST_PART = 0.3;
/** Clocks of two nodes may differ by so much, in milliseconds: both follow Postgres's. */
const MARGIN_MS = 100;

/** A command on its way, with the way back. */
export interface Forward extends Posted {
  mayBeStored: boolean;
  /** Monotonic milliseconds after which no copy that was sent is decided any more. */
  lease: number;
  /** Whether it was asked again already. */
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

/** A command that sets out. */
export function forwardOf(start: Omit<Forward, "lease" | "isAskedAgain">): Forward {
  return { ...start, lease: -Infinity, isAskedAgain: false };
}

/** The lease of a copy that is sent now. */
export function leaseOf({ deadline, isAskedAgain }: Forward, now: number): number {
  return isAskedAgain ? deadline : now + Math.max(0, deadline - now) * FIRST_PART;
}

/** How long to wait, in milliseconds, until no copy of it can be decided. */
export function untilLeaseEnds({ lease }: Forward, now: number): number {
  return Math.max(0, lease + MARGIN_MS - now);
}

/** Faults that say that nothing happened. Of a command that may be stored already that is not known. */
const NOTHING_HAPPENED: ReadonlySet<FaultCode> = new Set(["deadline", "overloaded", "moved", "stopping"]);
const FAULTS: ReadonlySet<string> = new Set<FaultCode>([...NOTHING_HAPPENED, "storage_unavailable", "data_error"]);

/** Fails a forward, with a fault that claims no more than is certain. */
export function fail(forward: Forward, code: string, message: string): void {
  const known = FAULTS.has(code) ? code as FaultCode : "storage_unavailable";
  const isUncertain = forward.mayBeStored && NOTHING_HAPPENED.has(known);
  forward.reject(new Fault(isUncertain ? "storage_unavailable" : known, message));
}
