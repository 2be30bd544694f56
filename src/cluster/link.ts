/**
 * How do many messages share one connection? Over a WebSocket (RFC 6455) that is kept open: an exchange costs a seventh
 * of what a request by `fetch` costs, and a message leaves in the tick in which it is sent. Deno's own WebSocket was
 * tried: without TCP_NODELAY a message of more than 1 KB stalls 44 ms.
 *
 * A message is `<number> <text>`, numbered by its sender; each line that answers it is `<number> <status> <line>`. The
 * status is 0 while more lines are to come. A node that leaves answers what it has taken and then closes with 1001: what
 * is unanswered by then it has not taken.
 */
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import type { Reply } from "./reception.ts";
import { NeverConnected } from "./transport.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** The status of a line that is not the last. */
const MORE = 0;
const GOING_AWAY = 1001;
const BAD_MESSAGE = 1007;
const MESSAGE = /^(\d{1,15}) /;
const LINE = /^(\d{1,15}) (\d{1,3})(?: |$)/;

/**
 * Options of both ends. Batches are short, and compressing them would cost more than it saves; a frozen peer does not
 * hold up the end of a link, in milliseconds.
 */
export const LINK_OPTIONS = { perMessageDeflate: false, maxPayload: MESSAGE_MAX, closeTimeout: 500 } as const;

/** What waits for its answer. */
interface Open {
  readonly onLine: (line: string) => void;
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

/** The sender's end of a link. */
export class Link {
  readonly #socket: WebSocket;
  readonly #open = new Map<number, Open>();
  /** Messages that wait for the connection, by their numbers; undefined once it is there. */
  #unsent: Map<number, string> | undefined = new Map();
  #sent = 0;
  #retired = false;

  /**
   * Begins to connect.
   *
   * @param gone told once nothing more is to be sent by it
   */
  constructor(readonly url: string, headers: Record<string, string>, readonly gone: (link: Link) => void) {
    this.#socket = new WebSocket(url.replace(/^http/, "ws"), { headers, ...LINK_OPTIONS });
    this.#socket.on("open", () => this.#connected());
    this.#socket.on("message", (data) => this.#hear(String(data)));
    this.#socket.on("error", (error) => this.#end(this.#isNeverConnected(error), error));
    this.#socket.on("close", (code) => this.#end(code === GOING_AWAY, undefined));
  }

  /** Sends a message. Returns and throws as {@linkcode Transport.send}; a message that is given up ends the link. */
  send(text: string, signal: AbortSignal, onLine: (line: string) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const number = this.#sent++;
      this.#open.set(number, { onLine, resolve, reject });
      signal.addEventListener("abort", () => this.#giveUp(number), { once: true });
      const message = `${number} ${text}`;
      if (this.#unsent === undefined) this.#socket.send(message);
      else this.#unsent.set(number, message);
    });
  }

  /** Ends it; what is unanswered is rejected. */
  close(): void {
    this.#end(false, undefined);
  }

  #connected(): void {
    for (const message of this.#unsent!.values()) this.#socket.send(message);
    this.#unsent = undefined;
  }

  #isNeverConnected(error: unknown): boolean {
    const { syscall } = error as { syscall?: string };
    return this.#unsent !== undefined && (syscall === "connect" || syscall === "getaddrinfo");
  }

  #hear(text: string): void {
    const [head, number, status] = LINE.exec(text) ?? [];
    const asked = this.#open.get(Number(number));
    if (head === undefined || asked === undefined) return;
    try {
      if (text.length > head.length) asked.onLine(text.slice(head.length));
    } catch (error) {
      this.#end(false, error as Error); // what speaks so is not a peer
      return;
    }
    if (Number(status) === MORE) return;
    this.#open.delete(Number(number));
    asked.resolve(Number(status));
    if (this.#retired && this.#open.size === 0) this.#end(false, undefined);
  }

  /** What is not answered may be on a connection that is dead without telling so: no more is sent by it. */
  #giveUp(number: number): void {
    const asked = this.#open.get(number);
    if (asked === undefined) return;
    this.#open.delete(number);
    this.#unsent?.delete(number);
    asked.reject(new Error("A message was given up"));
    this.#retire();
    if (this.#open.size === 0) this.#end(false, undefined);
  }

  #retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.gone(this);
  }

  /** @param notTaken whether it is known that the other end took nothing of what it did not answer */
  #end(notTaken: boolean, cause: Error | undefined): void {
    this.#retire();
    const open = [...this.#open.values()];
    this.#open.clear();
    const message = `Link to ${this.url} ended`;
    for (const { reject } of open) {
      reject(notTaken ? new NeverConnected(message, { cause }) : new Error(message, { cause }));
    }
    this.#socket.terminate();
  }
}

/** The other end of a link. */
export class LinkEnd {
  #open = 0;
  #closing = false;
  readonly #closed = Promise.withResolvers<void>();

  /** @param receive answers a message */
  constructor(readonly socket: WebSocket, readonly receive: (text: string) => Reply) {
    socket.on("message", (data, isBinary) => this.#take(isBinary ? "" : String(data)));
    socket.on("error", () => socket.terminate());
    socket.on("close", () => this.#closed.resolve());
  }

  /** Takes no more messages, and ends it once those that it has taken are answered; resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#endOnceAnswered();
    await this.#closed.promise;
  }

  #take(text: string): void {
    if (this.#closing) return;
    const [head, number] = MESSAGE.exec(text) ?? [];
    if (head === undefined) {
      this.socket.close(BAD_MESSAGE);
      return;
    }
    const reply = this.receive(text.slice(head.length));
    if (reply.write === undefined) {
      this.socket.send(`${number} ${reply.status}`);
      return;
    }
    this.#open++;
    reply.write((line, isLast) => {
      this.socket.send(`${number} ${isLast ? reply.status : MORE} ${line}`);
      if (!isLast) return;
      this.#open--;
      this.#endOnceAnswered();
    });
  }

  #endOnceAnswered(): void {
    if (this.#closing && this.#open === 0) this.socket.close(GOING_AWAY);
  }
}
