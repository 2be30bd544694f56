/** What is a command on its way to another node, and what can go wrong with it there? */
import { Fault, type FaultCode } from "../actors/ports.ts";
import type { FailureKind } from "./events.ts";
import type { Member } from "./member.ts";
import type { Posted } from "./wire.ts";

/** A command on its way, with the way back. */
export interface Forward extends Posted {
  doubtful: boolean;
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

/** Faults that say that nothing happened; of a command that may be stored by another way that is not known. */
const NOTHING_HAPPENED: ReadonlySet<FaultCode> = new Set(["deadline", "overloaded", "moved", "stopping"]);
const FAULTS: ReadonlySet<string> = new Set<FaultCode>([...NOTHING_HAPPENED, "storage_unavailable", "data_error"]);

/** Tells a forward its fault, as much of it as is certain. */
export function fail(forward: Forward, code: string, message: string): void {
  const known = FAULTS.has(code) ? code as FaultCode : "storage_unavailable";
  const isUncertain = forward.doubtful && NOTHING_HAPPENED.has(known);
  forward.reject(new Fault(isUncertain ? "storage_unavailable" : known, message));
}
