/** What does the cluster report for metrics and the log? Calls are never awaited. */
import type { Member } from "./member.ts";

/** Why a forwarded command was not answered by the node that was asked. */
export type FailureKind =
  /** It was not delivered: nothing listens there. */
  | "never_connected"
  /** It may have been delivered; nothing else is known. */
  | "ambiguous"
  /** It was not decided there within its lease; nothing was done. */
  | "late"
  /** That node names another as the owner; nothing was done. */
  | "not_owner"
  /** That node did not take the batch; nothing was done. */
  | "rejected"
  /** It was not sent yet when that node left the ring. */
  | "unsent";

export interface ClusterEvents {
  /** The outcome of a number of forwarded commands. */
  forwarded(outcome: "answered" | FailureKind, commands: number): void;
  /** The nodes of the ring changed. */
  ringChanged(nodes: readonly string[]): void;
  /** The number of actors awake on this node that have another owner now. */
  handedOff(actors: number): void;
  /** A command is decided here because its owner could not be reached. */
  tookOver(): void;
  /** A node is out of the ring. */
  nodeGone(member: Member, why: "left" | "unreachable" | "expired"): void;
  /**
   * The registry lists a node that does not count, told once for each entry: it is signed with another secret, for
   * another database or not at all (`unsigned`), or for another time, so that it was recorded and written back
   * (`stale`).
   */
  strange(member: Member, why: "unsigned" | "stale"): void;
  /** What listens at a node's address is not a peer of this node. */
  noPeer(url: string, why: string): void;
  /** The registry begins to hold more than is read: the number of ids, and of entries that are too long. */
  registryCrowded(ids: number, tooLong: number): void;
  /** At this node's address for peers something else answers, or nothing. */
  selfNotFound(self: Member): void;
  /** Another, younger process has this node's id. */
  displaced(by: Member): void;
  /** A peer asked for an act of an administrator that is not recorded; it was not done. */
  unrecorded(from: Member, act: string): void;
  /** A peer's message failed with an error that is not a fault. */
  unexpected(error: unknown): void;
  registryFailed(error: Error): void;
}
