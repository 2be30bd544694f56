/** Server-side failures, as thrown errors. */

/** Why a command could not be decided or stored. */
export type FaultCode =
  /** The actor's mailbox is full, or too many actors are awake. */
  | "overloaded"
  /** The command was not decided in time, and never will be. */
  | "deadline"
  /** Storage does not respond. */
  | "storage_unavailable"
  /** Another owner has the actor now. */
  | "moved"
  /** This node is leaving. */
  | "stopping"
  /** PostgreSQL refused the actor's rows. */
  | "data_error";

/** A server-side failure; the caller may retry. */
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

/** A turn is known not to be stored, since the row has another epoch or turn number. */
export class Fenced extends Error {
  override readonly name = "Fenced";

  /** @param staleState of an activation: an outdated state, from what was read so far */
  constructor(message: string, readonly staleState?: unknown) {
    super(message);
  }
}

/** A turn was sent and the response was lost: whether it was stored must be looked up. */
export class LostAnswer extends Error {
  override readonly name = "LostAnswer";
}
