/** What do nodes say to each other beside commands? Pings, greetings and leave requests, each with a time limit. */
import type { Clock } from "../ports/mod.ts";
import { type Member, memberOf } from "./member.ts";
import { parsedJson } from "./received.ts";
import type { Status } from "./reply.ts";
import { GREET, LEAVE, PING, type Transport } from "./transport.ts";

/** Time limit of a call, in milliseconds. */
export const CALL_MS = 500;

/** What a node says of itself. */
export interface Pong extends Member {
  /** Whether it has left the ring or is about to. */
  readonly leaving: boolean;
}

/** What a probe found: the node that answered, nothing or something else that listens there, or no answer. */
export type Found = Pong | "refused" | "silent";

/** Calls to other nodes. None throws. */
export class Calls {
  constructor(readonly transport: Transport, readonly clock: Clock) {}

  /** Asks a node who it is. */
  async ping(member: Member): Promise<Found> {
    const { status, told } = await this.#call(member, PING);
    const found = memberOf(told);
    if (found !== undefined) return { ...found, leaving: (told as Pong).leaving === true };
    return status === "unavailable" || status === "ambiguous" ? "silent" : "refused";
  }

  /** Tells a node of this one. @returns the nodes that it knows, itself among them; none where it does not answer */
  async greet(member: Member): Promise<Member[]> {
    const { told } = await this.#call(member, GREET);
    return Array.isArray(told) ? told.flatMap((each) => memberOf(each) ?? []) : [];
  }

  /** Tells a node that this one leaves. @returns whether it knows now */
  async leave(member: Member, timeoutMs: number): Promise<boolean> {
    return (await this.#call(member, LEAVE, timeoutMs)).told === true;
  }

  /** @returns the status, and the last line of an answer as a value */
  async #call(member: Member, what: string, timeoutMs: number = CALL_MS): Promise<{ status: Status; told: unknown }> {
    const giveUp = new AbortController();
    const cancel = this.clock.after(timeoutMs, () => giveUp.abort());
    let told: unknown;
    const onLine = (line: string) => void (told = parsedJson(line));
    const status = await this.transport.send(member, what, "", giveUp.signal, onLine);
    cancel();
    return { status, told: status === "answered" ? told : undefined };
  }
}
