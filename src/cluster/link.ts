/**
 * How do many messages share one connection? On a link that is kept open, from the node that dialled: an exchange costs a
 * seventh of what a request by `fetch` costs, and a message leaves in the tick in which it is sent.
 *
 * A message is `<number> <what> <text>`, numbered by its sender; what answers it is in reply.ts. A node that leaves answers what it has taken and then says good-bye: what
 * is unanswered by then it has not taken. A connection may be dead without telling so: while messages are open an end
 * that is silent is pinged, and the link ended where nothing comes back.
 */
import type { Clock } from "../ports/mod.ts";
import { dial, type Dialled, type DialOptions, NotLinked } from "./dial.ts";
import type { FrameStream } from "./frames.ts";
import { isSame, type Member } from "./member.ts";
import { decodeReply, type Status } from "./reply.ts";
import { BYE, MESSAGE, PING, PONG, type Session } from "./session.ts";
import { NeverConnected } from "./transport.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** What takes longer to prove that it is a peer is given up, in milliseconds. */
export const DIAL_MS = 2_000;
/** While messages are open the other end is listened for so often, in milliseconds; silent twice, it is given up. */
const WATCH_MS = 1_000;

/** What is sent by a link. */
export interface Sending {
  readonly what: string;
  readonly text: string;
  /** The one that alone may take it; undefined: whichever node listens there. */
  readonly only?: Member;
}

/** What waits for its answer. */
interface Open {
  readonly sending: Sending;
  readonly onLine: (line: string) => void;
  readonly resolve: (status: Status) => void;
  readonly reject: (error: Error) => void;
}

/** What a link works with. */
export interface LinkContext extends Omit<DialOptions, "signal"> {
  readonly clock: Clock;
  /** Told once nothing more is to be sent by it. @param why it did not come about, where it did not */
  readonly gone: (link: Link, why?: NotLinked) => void;
}

/** The sender's end of a link. */
export class Link {
  readonly #open = new Map<number, Open>();
  /** Undefined until both ends have proved who they are. */
  #session: Session | undefined;
  #frames: FrameStream | undefined;
  #sent = 0;
  #phase: "open" | "retired" | "ended" = "open";
  readonly #dialling = new AbortController();
  /** Ends the next look at whether the other end is silent; undefined where none is due. */
  #unwatch: (() => void) | undefined;
  /** Looks since the other end was heard. */
  #silent = 0;

  /** Begins to connect. */
  constructor(readonly url: string, readonly context: LinkContext) {
    const cancel = context.clock.after(DIAL_MS, () => this.#dialling.abort());
    dial(url, { ...context, signal: this.#dialling.signal })
      .then((dialled) => this.#connected(dialled), (error) => this.#end(error))
      .finally(cancel);
  }

  /** Of the peers' protocol, as both ends speak it; undefined while that is not known. */
  get version(): number | undefined {
    return this.#session?.version;
  }

  /** Sends a message. Returns and throws as {@linkcode Transport.send}; a message that is given up ends the link. */
  send(sending: Sending, signal: AbortSignal, onLine: (line: string) => void): Promise<Status> {
    if (this.#phase !== "open") return Promise.reject(this.#lost());
    return new Promise((resolve, reject) => {
      const number = this.#sent++;
      this.#open.set(number, { sending, onLine, resolve, reject });
      signal.addEventListener("abort", () => this.#giveUp(number), { once: true });
      if (this.#session !== undefined) this.#post(number);
      this.#watch();
    });
  }

  /** Ends it; what is unanswered is rejected. */
  close(): void {
    this.#end(this.#lost());
  }

  #connected({ frames, session }: Dialled): void {
    if (this.#phase === "ended") return frames.close();
    this.#frames = frames;
    this.#session = session;
    frames.frameMax = MESSAGE_MAX;
    frames.onFrame = (frame) => this.#hear(frame);
    frames.onEnd = () => this.#end(this.#lost());
    for (const number of this.#open.keys()) this.#post(number);
  }

  #post(number: number): void {
    const { sending: { what, text, only }, reject } = this.#open.get(number)!;
    if (only === undefined || isSame(only, this.#session!.remote)) {
      this.#say(MESSAGE, `${number} ${what} ${text}`);
    } else { // Another node listens there now: the one that is meant does not.
      this.#open.delete(number);
      reject(new NeverConnected(`${only.id} does not listen at ${this.url}`));
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
        if (++this.#silent > 2) return this.#end(this.#lost());
        this.#say(PING);
      }
      this.#watch();
    });
  }

  #hear(frame: Uint8Array): void {
    const said = this.#session!.open(frame);
    if (said === undefined) return this.#end(this.#lost(new Error("A frame was not the other end's next")));
    this.#silent = 0;
    if (said.kind === MESSAGE) this.#hearLine(said.text);
    else if (said.kind === PING) this.#say(PONG);
    else if (said.kind === BYE) this.#end(new NeverConnected(`${this.url} has left`));
  }

  #hearLine(text: string): void {
    const part = decodeReply(text);
    const asked = part && this.#open.get(part.number);
    if (part === undefined || asked === undefined) return;
    const { number, status, line } = part;
    try {
      if (line !== undefined) asked.onLine(line);
    } catch (error) {
      return this.#end(this.#lost(error)); // what speaks so is not a peer
    }
    if (status === undefined) return;
    this.#open.delete(number);
    asked.resolve(status);
    if (this.#phase === "retired" && this.#open.size === 0) this.close();
  }

  /** What is not answered may be on a connection that is dead without telling so: no more is sent by it. */
  #giveUp(number: number): void {
    const asked = this.#open.get(number);
    if (asked === undefined) return;
    this.#open.delete(number);
    asked.reject(new Error("A message was given up"));
    this.#retire();
    if (this.#open.size === 0) this.close();
  }

  #retire(why?: NotLinked): void {
    if (this.#phase !== "open") return;
    this.#phase = "retired";
    this.context.gone(this, why);
  }

  /** Of what was sent nothing is known. */
  #lost(cause?: unknown): Error {
    return new Error(`Link to ${this.url} ended`, { cause });
  }

  /** @param why of whatever is open; where there was never a link, the status that it is answered with */
  #end(why: Error): void {
    if (this.#phase === "ended") return;
    this.#retire(why instanceof NotLinked ? why : undefined);
    this.#phase = "ended";
    this.#unwatch?.();
    this.#dialling.abort();
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { resolve, reject } of open) why instanceof NotLinked ? resolve(why.status) : reject(why);
    this.#frames?.close();
  }
}
