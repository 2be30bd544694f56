/** What do nodes say to one another beside commands? A ping, a greeting, a good-bye: each in time, or it counts for none. */
import type { Clock } from "../ports/mod.ts";
import { type Member, memberOf } from "./member.ts";
import { parsedJson } from "./received.ts";
import type { Status } from "./reply.ts";
import { GREET, LEAVE, NeverConnected, PING, type Transport } from "./transport.ts";

/** A call that takes longer got no answer, in milliseconds. */
export const CALL_MS = 500;

/** What a node says of itself. */
export interface Pong extends Member {
  /** Whether it has said, or is about to say, good-bye. */
  readonly leaving: boolean;
}

/** How a node was found: by its own words, by nothing or something else that listens there, or not at all. */
export type Found = Pong | "refused" | "silent";

/** Calls to other nodes, which know for sure whose they are. None throws. */
export class Calls {
  constructor(readonly transport: Transport, readonly clock: Clock) {}

  /** Asks a node who it is. */
  async ping(member: Member): Promise<Found> {
    try {
      const { status, told } = await this.#call(member, PING);
      const found = memberOf(told);
      if (found !== undefined) return { ...found, leaving: (told as Pong).leaving === true };
      return status === "unavailable" ? "silent" : "refused";
    } catch (error) {
      return error instanceof NeverConnected ? "refused" : "silent";
    }
  }

  /** Tells a node of this one. @returns the nodes that it knows, itself among them; none where it does not answer */
  async greet(member: Member): Promise<Member[]> {
    try {
      const { told } = await this.#call(member, GREET);
      return Array.isArray(told) ? told.flatMap((each) => memberOf(each) ?? []) : [];
    } catch {
      return [];
    }
  }

  /** Tells a node that this one leaves. @returns whether it knows now */
  async leave(member: Member, timeoutMs: number): Promise<boolean> {
    try {
      return (await this.#call(member, LEAVE, timeoutMs)).told === true;
    } catch {
      return false;
    }
  }

  /** @returns the reply's status, and what it told; undefined where that was nothing of a peer's */
  async #call(member: Member, what: string, timeoutMs: number = CALL_MS): Promise<{ status: Status; told: unknown }> {
    const giveUp = new AbortController();
    const cancel = this.clock.after(timeoutMs, () => giveUp.abort());
    let told: unknown;
    try {
      const status = await this.transport.send(member, what, "", giveUp.signal, (line) => told = parsedJson(line));
      return { status, told };
    } finally {
      cancel();
    }
  }
}
