/** How does a node answer what comes by a link? As {@linkcode Link} says; each message apart from all others. */
import type { Clock } from "../ports/mod.ts";
import type { FrameStream } from "./frames.ts";
import { encodeReply, type Reply } from "./reply.ts";
import { BYE, MESSAGE, PING, PONG, type Session } from "./session.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** The other end is listened for so often, in milliseconds; silent twice, it is given up. */
export const QUIET_MS = 30_000;
/** After its good-bye the other end has so long to hang up, in milliseconds. */
export const HANG_UP_MS = 500;
const HEAD = /^(\d{1,15}) ([a-z]{1,16}) /;

/** Answers a message of the node at the other end. */
export type Receive = (what: string, text: string) => Reply;

/** The other end of a link. */
export class LinkServer {
  #open = 0;
  #phase: "open" | "closing" | "ended" = "open";
  #silent = 0;
  #unwatch: () => void = () => {};
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    readonly frames: FrameStream,
    readonly session: Session,
    readonly clock: Clock,
    readonly receive: Receive,
  ) {
    frames.frameMax = MESSAGE_MAX;
    frames.onFrame = (frame) => this.#hear(frame);
    frames.onEnd = () => {
      this.#phase = "ended";
      this.#unwatch();
      this.#ended.resolve();
    };
    this.#watch();
  }

  /** Resolves once it has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Takes no more messages, and ends it once those that it has taken are answered; resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#phase === "open") this.#phase = "closing";
    this.#endOnceAnswered();
    await this.ended;
  }

  #hear(frame: Uint8Array): void {
    const said = this.session.open(frame);
    if (said === undefined) return this.frames.close(); // nothing that follows is to be believed
    this.#silent = 0;
    if (said.kind === PING) this.#say(PONG);
    else if (said.kind === MESSAGE && this.#phase === "open") this.#take(said.text);
  }

  #take(text: string): void {
    const [head, number, what] = HEAD.exec(text) ?? [];
    if (head === undefined) return this.frames.close();
    const reply = this.receive(what!, text.slice(head.length));
    if (reply.write === undefined) return this.#say(MESSAGE, encodeReply(number!, reply.status));
    this.#open++;
    reply.write((line, isLast) => {
      this.#say(MESSAGE, encodeReply(number!, isLast ? reply.status : undefined, line));
      if (!isLast) return;
      this.#open--;
      this.#endOnceAnswered();
    });
  }

  #say(kind: number, text?: string): void {
    if (this.#phase !== "ended") this.frames.send(this.session.seal(kind, text));
  }

  /** The other end hangs up, so that what is on its way to it is not lost with the connection. */
  #endOnceAnswered(): void {
    if (this.#phase !== "closing" || this.#open > 0) return;
    this.#say(BYE);
    this.#unwatch();
    this.#unwatch = this.clock.after(HANG_UP_MS, () => this.frames.close());
  }

  #watch(): void {
    this.#unwatch = this.clock.after(QUIET_MS, () => {
      if (++this.#silent > 2) return this.frames.close();
      this.#say(PING);
      this.#watch();
    });
  }
}
