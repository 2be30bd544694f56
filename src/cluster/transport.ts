/** How does a message reach another node? */
import type { Member } from "./member.ts";
import type { Status } from "./reply.ts";

/** Nothing listens there, or it leaves: the message was not taken, known for sure. */
export class NeverConnected extends Error {
  override readonly name = "NeverConnected";
}

/** What is said between nodes: a batch of commands … */
export const COMMANDS = "commands";
/** … a question who it is … */
export const PING = "ping";
/** … a greeting, and a good-bye. */
export const GREET = "greet";
export const LEAVE = "leave";

/** The network between nodes. Both ends of it know for sure who is at the other. */
export interface Transport {
  /**
   * Delivers a message: commands to this very process, all else to whichever node listens at its address.
   *
   * @param onLine told each line of the reply as it comes
   * @returns what became of it, once the reply has ended
   * @throws NeverConnected where it was not delivered; any other error where that is not known
   */
  send(
    member: Member,
    what: string,
    text: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Status>;
}
