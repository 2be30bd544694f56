/**
 * How do many messages share one connection? By a link that is kept open, made by the node that dials: an exchange
 * costs a seventh of a request by `fetch`, and a message leaves in the tick in which it is sent.
 *
 * A message is `<number> <what> <text>`, numbered by its sender; reply.ts describes its reply. A node that leaves
 * answers the messages that it has taken and then says good-bye: it has not taken any other. A connection may be dead
 * without a sign: while messages are open, a silent end is pinged, and the link ends if nothing comes back.
 */
import type { Clock } from "../ports/mod.ts";
import { dial, type Dialled, type DialOptions, type NotLinked } from "./dial.ts";
import type { FrameStream } from "./frames.ts";
import { isSame, type Member } from "./member.ts";
import { decodeReply, type Status } from "./reply.ts";
import { BYE, MESSAGE, PING, PONG, type Session } from "./session.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** Time limit for the other end to prove that it is a peer, in milliseconds. */
export const DIAL_MS = 2_000;
/**
 * While messages are open, how often it is checked that the other end was heard, in milliseconds; after two silent
 * checks the link ends.
 */
const WATCH_MS = 1_000;

export interface Sending {
  readonly what: string;
  readonly text: string;
  /** The only node that may take it; undefined: any node that listens there. */
  readonly only?: Member;
}

/** A message that waits for its reply. */
interface Open {
  readonly sending: Sending;
  readonly onLine: (line: string) => void;
  readonly resolve: (status: Status) => void;
}

export interface LinkContext extends Omit<DialOptions, "signal"> {
  readonly clock: Clock;
  /** Called once, when the link takes no more messages. @param why no link was made, if none was */
  readonly gone: (link: Link, why?: NotLinked) => void;
}

/** The end of a link that dials and sends messages. */
export class Link {
  readonly #open = new Map<number, Open>();
  /** Undefined until both ends have proved who they are. */
  #session: Session | undefined;
  #frames: FrameStream | undefined;
  #sent = 0;
  #phase: "open" | "retired" | "ended" = "open";
  readonly #dialling = new AbortController();
  /** Cancels the next check that the other end was heard; undefined if none is due. */
  #unwatch: (() => void) | undefined;
  /** Checks since the other end was heard. */
  #silent = 0;

  /** Begins to connect. */
  constructor(readonly url: string, readonly context: LinkContext) {
    const cancel = context.clock.after(DIAL_MS, () => this.#dialling.abort());
    dial(url, { ...context, signal: this.#dialling.signal })
      .then((dialled) => this.#connected(dialled), (why) => this.#end(why.status ?? "ambiguous", why))
      .finally(cancel);
  }

  /** The version of the peers' protocol that both ends speak; undefined until there is a session. */
  get version(): number | undefined {
    return this.#session?.version;
  }

  /** Sends a message, as {@linkcode Transport.send}; a message that is given up ends the link. */
  send(sending: Sending, signal: AbortSignal, onLine: (line: string) => void): Promise<Status> {
    if (this.#phase !== "open") return Promise.resolve("ambiguous");
    return new Promise((resolve) => {
      const number = this.#sent++;
      this.#open.set(number, { sending, onLine, resolve });
      signal.addEventListener("abort", () => this.#giveUp(number), { once: true });
      if (this.#session !== undefined) this.#post(number);
      this.#watch();
    });
  }

  /** Ends the link; unanswered messages are ambiguous. */
  close(): void {
    this.#end("ambiguous");
  }

  #connected({ frames, session }: Dialled): void {
    if (this.#phase === "ended") return frames.close();
    this.#frames = frames;
    this.#session = session;
    frames.frameMax = MESSAGE_MAX;
    frames.onFrame = (frame) => this.#hear(frame);
    frames.onEnd = () => this.#end("ambiguous");
    for (const number of this.#open.keys()) this.#post(number);
  }

  #post(number: number): void {
    const { sending: { what, text, only }, resolve } = this.#open.get(number)!;
    if (only === undefined || isSame(only, this.#session!.remote)) {
      this.#say(MESSAGE, `${number} ${what} ${text}`);
    } else { // Another node listens there now.
      this.#open.delete(number);
      resolve("never_connected");
    }
  }

  #say(kind: number, text?: string): void {
    this.#frames!.send(this.#session!.seal(kind, text));
  }

  #watch(): void {
    this.#unwatch ??= this.context.clock.after(WATCH_MS, () => {
      this.#unwatch = undefined;
      if (this.#open.size === 0) return;
      if (this.#session !== undefined) {
        if (++this.#silent > 2) return this.#end("ambiguous");
        this.#say(PING);
      }
      this.#watch();
    });
  }

  #hear(frame: Uint8Array): void {
    const said = this.#session!.open(frame);
    if (said === undefined) return this.#end("ambiguous"); // not the other end's next frame
    this.#silent = 0;
    if (said.kind === MESSAGE) this.#hearLine(said.text);
    else if (said.kind === PING) this.#say(PONG);
    else if (said.kind === BYE) this.#end("never_connected"); // it has left
  }

  #hearLine(text: string): void {
    const part = decodeReply(text);
    const asked = part && this.#open.get(part.number);
    if (part === undefined || asked === undefined) return;
    const { number, status, line } = part;
    try {
      if (line !== undefined) asked.onLine(line);
    } catch {
      return this.#end("ambiguous"); // not a reply of a peer
    }
    if (status === undefined) return;
    this.#open.delete(number);
    asked.resolve(status);
    if (this.#phase === "retired" && this.#open.size === 0) this.close();
  }

  /** An unanswered message may mean that the connection is dead without a sign: no more is sent on it. */
  #giveUp(number: number): void {
    const asked = this.#open.get(number);
    if (asked === undefined) return;
    this.#open.delete(number);
    asked.resolve("ambiguous");
    this.#retire();
    if (this.#open.size === 0) this.close();
  }

  #retire(why?: NotLinked): void {
    if (this.#phase !== "open") return;
    this.#phase = "retired";
    this.context.gone(this, why);
  }

  /** @param status of what is open @param why no link was made, if none was */
  #end(status: Status, why?: NotLinked): void {
    if (this.#phase === "ended") return;
    this.#retire(why);
    this.#phase = "ended";
    this.#unwatch?.();
    this.#dialling.abort();
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { resolve } of open) resolve(status);
    this.#frames?.close();
  }
}
