/** How can the machinery fail? Each fault is thrown; none says anything about the rules. */

/** Why the machinery could not decide or store a command. */
export type FaultCode =
  /** The actor's mailbox is full, or too many actors are awake. */
  | "overloaded"
  /** Not decided in time; it never acts later. */
  | "deadline"
  /** Storage does not answer. */
  | "storage_unavailable"
  /** Another owner has the actor now. */
  | "moved"
  /** This node is leaving. */
  | "stopping"
  /** A row refused to be stored: the guilty actor's commands alone. */
  | "data_error";

/** Trouble of the machinery: the caller may ask again. */
export class Fault extends Error {
  override readonly name = "Fault";

  /**
   * @param code what failed
   * @param message action, reason, current value; for logs, never for a client
   */
  constructor(readonly code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A part was known not to be stored, since its epoch or turn is no longer the row's. */
export class Fenced extends Error {
  override readonly name = "Fenced";

  /** @param staleState of an activation: a state that once was true, from what was read so far */
  constructor(message: string, readonly staleState?: unknown) {
    super(message);
  }
}

/** A part was sent and its answer lost: whether it was stored is to be read. */
export class LostAnswer extends Error {
  override readonly name = "LostAnswer";
}
