/** What do nodes say to one another beside commands? A ping, a greeting, a good-bye: each in time, or it counts for none. */
import type { Clock } from "../actors/ports.ts";
import { type Member, memberOf, PROTOCOL } from "./member.ts";
import { NeverConnected, type Transport } from "./transport.ts";

/** A call that takes longer got no answer, in milliseconds. */
export const CALL_MS = 500;

/** What a node says of itself. */
export interface Pong extends Member {
  /** Whether it has said, or is about to say, good-bye. */
  readonly leaving: boolean;
}

/** How a node was found: by its own words, by nothing or something else that listens there, or not at all. */
export type Found = Pong | "refused" | "silent";

/** Where each message goes. Batches of commands share a link; a node of version 2 takes each as a request. */
export const PATHS = { link: "/link", commands: "/commands", ping: "/ping", greet: "/greet", leave: "/leave" } as const;

/** Calls to other nodes. None throws. */
export class Calls {
  constructor(readonly transport: Transport, readonly clock: Clock) {}

  /** Asks a node who it is. */
  async ping(member: Member): Promise<Found> {
    try {
      const { status, told } = await this.#call(member, PATHS.ping, []);
      const found = memberOf(told);
      if (found !== undefined) return { ...found, leaving: (told as Pong).leaving === true };
      return status < 500 ? "refused" : "silent";
    } catch (error) {
      return error instanceof NeverConnected ? "refused" : "silent";
    }
  }

  /** Tells a node of this one. @returns the nodes that it knows, itself among them; none where it does not answer */
  async greet(member: Member, self: Member): Promise<Member[]> {
    try {
      const { told } = await this.#call(member, PATHS.greet, [self]);
      return Array.isArray(told) ? told.flatMap((each) => memberOf(each) ?? []) : [];
    } catch {
      return [];
    }
  }

  /** Tells a node that this one leaves. @returns whether it knows now */
  async leave(member: Member, { id, incarnation }: Member, timeoutMs: number): Promise<boolean> {
    try {
      return (await this.#call(member, PATHS.leave, [id, incarnation], timeoutMs)).told === true;
    } catch {
      return false;
    }
  }

  /** @returns the reply's status, and what it told; undefined where that was nothing of a peer's */
  async #call(
    member: Member,
    path: string,
    parts: unknown[],
    timeoutMs: number = CALL_MS,
  ): Promise<{ status: number; told: unknown }> {
    const giveUp = new AbortController();
    const cancel = this.clock.after(timeoutMs, () => giveUp.abort());
    let told: unknown;
    const message = JSON.stringify([Math.min(PROTOCOL, member.version), ...parts]);
    try {
      const status = await this.transport.send(member.url, path, message, giveUp.signal, (line) => told = parsed(line));
      return { status, told };
    } finally {
      cancel();
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
