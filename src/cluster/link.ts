/**
 * How do many messages share one connection? Over a WebSocket (RFC 6455) that is kept open: an exchange costs a seventh
 * of what a request by `fetch` costs, and a message leaves in the tick in which it is sent. Deno's own WebSocket was
 * tried: without TCP_NODELAY a message of more than 1 KB stalls 44 ms.
 *
 * A message is `<number> <text>`, numbered by its sender; each line that answers it is `<number> <status> <line>`. The
 * status is 0 while more lines are to come. A node that leaves answers what it has taken and then closes with 1001: what
 * is unanswered by then it has not taken. A connection may be dead without telling so: while messages are open an end
 * that is silent is pinged, and the link ended where nothing comes back.
 */
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import type { Clock } from "../actors/ports.ts";
import { NeverConnected } from "./transport.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** The status of a line that is not the last. */
export const MORE = 0;
/** With it a node that leaves closes a link. */
export const GOING_AWAY = 1001;
/** While messages are open the other end is listened for so often, in milliseconds; silent twice, it is given up. */
const WATCH_MS = 1_000;
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
  /** Ends the next look at whether the other end is silent; undefined where none is due. */
  #unwatch: (() => void) | undefined;
  /** Looks since the other end was heard. */
  #silent = 0;

  /**
   * Begins to connect.
   *
   * @param gone told once nothing more is to be sent by it
   */
  constructor(
    readonly url: string,
    headers: Record<string, string>,
    readonly clock: Clock,
    readonly gone: (link: Link) => void,
  ) {
    this.#socket = new WebSocket(url.replace(/^http/, "ws"), { headers, ...LINK_OPTIONS });
    this.#socket.on("open", () => this.#connected());
    this.#socket.on("message", (data) => this.#hear(String(data)));
    this.#socket.on("pong", () => void (this.#silent = 0));
    this.#socket.on("unexpected-response", (_, response) => this.#end(response.statusCode!));
    this.#socket.on("error", (error) => this.#end(this.#ended(this.#isNeverConnected(error), error)));
    this.#socket.on("close", (code) => this.#end(this.#ended(code === GOING_AWAY)));
  }

  /** Sends a message. Returns and throws as {@linkcode Transport.send}; a message that is given up ends the link. */
  send(text: string, signal: AbortSignal, onLine: (line: string) => void): Promise<number> {
    if (this.#retired) return Promise.reject(this.#ended(false));
    return new Promise((resolve, reject) => {
      const number = this.#sent++;
      this.#open.set(number, { onLine, resolve, reject });
      signal.addEventListener("abort", () => this.#giveUp(number), { once: true });
      const message = `${number} ${text}`;
      if (this.#unsent === undefined) this.#socket.send(message);
      else this.#unsent.set(number, message);
      this.#watch();
    });
  }

  /** Ends it; what is unanswered is rejected. */
  close(): void {
    this.#end(this.#ended(false));
  }

  #connected(): void {
    for (const message of this.#unsent!.values()) this.#socket.send(message);
    this.#unsent = undefined;
  }

  #isNeverConnected(error: unknown): boolean {
    const { syscall } = error as { syscall?: string };
    return this.#unsent !== undefined && (syscall === "connect" || syscall === "getaddrinfo");
  }

  #watch(): void {
    this.#unwatch ??= this.clock.after(WATCH_MS, () => {
      this.#unwatch = undefined;
      if (this.#open.size === 0) return;
      if (++this.#silent > 2) return this.#end(this.#ended(false));
      if (this.#unsent === undefined) this.#socket.ping();
      this.#watch();
    });
  }

  #hear(text: string): void {
    this.#silent = 0;
    const [head, number, status] = LINE.exec(text) ?? [];
    const asked = this.#open.get(Number(number));
    if (head === undefined || asked === undefined) return;
    try {
      if (text.length > head.length) asked.onLine(text.slice(head.length));
    } catch (error) {
      this.#end(this.#ended(false, error)); // what speaks so is not a peer
      return;
    }
    if (Number(status) === MORE) return;
    this.#open.delete(Number(number));
    asked.resolve(Number(status));
    if (this.#retired && this.#open.size === 0) this.close();
  }

  /** What is not answered may be on a connection that is dead without telling so: no more is sent by it. */
  #giveUp(number: number): void {
    const asked = this.#open.get(number);
    if (asked === undefined) return;
    this.#open.delete(number);
    this.#unsent?.delete(number);
    asked.reject(new Error("A message was given up"));
    this.#retire();
    if (this.#open.size === 0) this.close();
  }

  #retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.gone(this);
  }

  /** @param notTaken whether it is known that the other end took nothing of what it did not answer */
  #ended(notTaken: boolean, cause?: unknown): Error {
    const message = `Link to ${this.url} ended`;
    return notTaken ? new NeverConnected(message, { cause }) : new Error(message, { cause });
  }

  /** @param why of whatever is open: the status that it is answered with, or the error */
  #end(why: number | Error): void {
    this.#retire();
    this.#unwatch?.();
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { resolve, reject } of open) typeof why === "number" ? resolve(why) : reject(why);
    this.#socket.terminate();
  }
}
