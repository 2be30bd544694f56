/** What does the cluster tell of its work? Counted and logged, never waited for. */
import type { Member } from "./member.ts";

/** Why a forwarded command was not answered by the node that was asked. */
export type FailureKind =
  /** It was not delivered: nothing listens there. */
  | "never_connected"
  /** It may have been delivered, and more is not known. */
  | "ambiguous"
  /** It was not decided there within its lease; nothing was done. */
  | "late"
  /** That node names another as the owner; nothing was done. */
  | "not_owner"
  /** That node would not take the batch; nothing was done. */
  | "rejected"
  /** It was not sent yet when that node left the ring. */
  | "unsent";

/** The cluster's events. */
export interface ClusterEvents {
  /** So many forwarded commands came back. */
  forwarded(outcome: "answered" | FailureKind, commands: number): void;
  /** The ring has other nodes than before. */
  ringChanged(nodes: readonly string[]): void;
  /** So many awake actors of this node have another owner now. */
  handedOff(actors: number): void;
  /** A command is decided here since its owner could not be reached. */
  tookOver(): void;
  /** A node is out of the ring, and why. */
  nodeGone(member: Member, why: "left" | "unreachable" | "expired"): void;
  /**
   * The registry lists a node that does not count: it is signed with another secret, for another database or not at all
   * (`unsigned`), or for another time, so that it was recorded and written back (`stale`).
   */
  strange(member: Member, why: "unsigned" | "stale"): void;
  /** What listens where a node is said to be is no peer of this one. */
  noPeer(url: string, why: string): void;
  /** The registry holds more than is read of it: so many ids, and so many entries that are too long. */
  registryCrowded(ids: number, tooLong: number): void;
  /** Where this node is to be reached by its peers something else answers, or nothing. */
  selfNotFound(self: Member): void;
  /** Another, younger process has this node's id. */
  displaced(by: Member): void;
  /** A peer asked for an act of an administrator that is not recorded; it was not done. */
  unrecorded(from: Member, act: string): void;
  /** A peer's message failed by no known fault. */
  unexpected(error: unknown): void;
  /** The registry did not answer. */
  registryFailed(error: Error): void;
}
