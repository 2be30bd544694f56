/**
 * How does a node answer the messages of a link? Each by itself, in any order; {@linkcode Link} describes the
 * protocol.
 */
import type { Clock } from "../ports/mod.ts";
import type { FrameStream } from "./frames.ts";
import { encodeReply, type Reply } from "./reply.ts";
import { BYE, MESSAGE, PING, PONG, type Session } from "./session.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** How often it is checked that the other end was heard, in milliseconds; after two silent checks the link ends. */
export const QUIET_MS = 30_000;
/** Time limit for the other end to hang up after the good-bye, in milliseconds. */
export const HANG_UP_MS = 500;
const HEAD = /^(\d{1,15}) ([a-z]{1,16}) /;

/** Answers a message of the node at the other end. */
export type Receive = (what: string, text: string) => Reply;

/** The end of a link that listens and answers messages. */
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

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Takes no more messages; resolves when those taken are answered and the link has ended. */
  async close(): Promise<void> {
    if (this.#phase === "open") this.#phase = "closing";
    this.#endOnceAnswered();
    await this.ended;
  }

  #hear(frame: Uint8Array): void {
    const said = this.session.open(frame);
    if (said === undefined) return this.frames.close(); // nothing that follows can be trusted
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

  /** Lets the other end hang up, so that answers on their way are not lost with the connection. */
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
