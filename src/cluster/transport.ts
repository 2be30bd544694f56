/** How does a message reach another node? */
import type { Member } from "./member.ts";
import type { Status } from "./reply.ts";

/** The messages between nodes: a batch of commands, … */
export const COMMANDS = "commands";
/** … a probe, … */
export const PING = "ping";
/** … the greeting of a node that joins, and its leave request. */
export const GREET = "greet";
export const LEAVE = "leave";

/** The network between nodes. Both ends have proved who they are. */
export interface Transport {
  /**
   * Delivers a message: commands to this incarnation only, all else to whichever node listens at its address.
   *
   * @param onLine called with each line of the reply as it arrives
   * @returns the status, once the reply has ended; never rejects
   */
  send(
    member: Member,
    what: string,
    text: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Status>;
}
