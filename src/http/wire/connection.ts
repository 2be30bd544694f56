/** Serves one connection: its requests are answered in turn. */
import { Inbound } from "./inbound.ts";
import { type BodyWaits, IncomingBody, IncomingRequest } from "./incoming_request.ts";
import { send, type SendOptions, wholeOf } from "./outgoing.ts";
import { MalformedHead, parseHead, type WireRefusal } from "./request_head.ts";
import type { Turns } from "./turns.ts";

/** What the server knows about a request's connection. */
export interface ConnectionInfo {
  readonly remoteAddr: Deno.NetAddr;
}

export type Handler = (request: Request, info: ConnectionInfo) => Response | Promise<Response>;

export interface ConnectionHost {
  readonly handler: Handler;
  /** Makes the answer to what is not a request; for `http2`, it is only informed. */
  readonly refuse: (why: WireRefusal, detail: string) => Response;
  /** The authority of requests without one. */
  readonly fallbackHost: string;
  /** Whether connections are to be closed after the request that is being answered. */
  readonly isClosing: boolean;
  /** The current tick. */
  readonly tick: number;
  /** Ticks that a head may take once it has begun; Infinity means no limit. */
  readonly headTicks: number;
  /** Ticks for which a connection may be idle or an answer unread. */
  readonly quietTicks: number;
  readonly turns: Pick<Turns, "afterAnswer">;
  /** Ticks that a client may take to close its connection after the last answer. */
  readonly lingerTicks: number;
}

/**
 * What a connection waits for.
 *
 * - `head`: its client, for a request.
 * - `answer`: the handler, for an answer or its next part.
 * - `client`: its client, to send the rest of a body or to take what was answered.
 * - `end`: its client, to close it.
 */
export type Phase = "head" | "answer" | "client" | "end";

/** SETTINGS, then GOAWAY with HTTP_1_1_REQUIRED (RFC 9113, section 7), which tells the client what is wrong. */
const HTTP2_GOAWAY = new Uint8Array([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0d]);

export class Connection {
  phase: Phase = "head";
  /** The tick in which the current wait began. */
  since: number;
  /** The tick at which it is closed if it still waits for its client. */
  until: number;
  /** Number of answered requests. */
  answered = 0;
  readonly ended: Promise<void>;
  readonly #socket: Deno.TcpConn;
  readonly #host: ConnectionHost;
  readonly #inbound: Inbound;
  readonly #info: ConnectionInfo;
  /** The buffer for short answers, which are sent one after another. */
  readonly #room = new Uint8Array(1024);
  /** The tick in which an incomplete head began to arrive. */
  #begun: number | undefined;
  #aborted: AbortController | undefined;

  /** Serves a connection until its end. @throws Error if it has already ended */
  constructor(socket: Deno.TcpConn, host: ConnectionHost) {
    socket.setNoDelay(true);
    this.#socket = socket;
    this.#host = host;
    this.#inbound = new Inbound(socket);
    this.#info = { remoteAddr: socket.remoteAddr as Deno.NetAddr };
    this.since = host.tick;
    this.until = host.tick + host.headTicks;
    this.ended = this.#serve();
  }

  /** Ends it at once. */
  cut(): void {
    this.#aborted?.abort();
    try {
      this.#socket.close();
    } catch { // It has ended.
    }
  }

  async #serve(): Promise<void> {
    try {
      await this.#serveAll();
    } catch (error) { // The client left, the connection was cut, or what arrived is not a request.
      if (error instanceof MalformedHead) await this.#refuse(error.why, error.message).catch(() => {});
    } finally {
      this.cut();
    }
  }

  /** Answers each request. One function that awaits nothing needlessly: an await costs as much as parsing a field. */
  async #serveAll(): Promise<void> {
    const host = this.#host;
    const inbound = this.#inbound;
    this.#wait("head");
    for (;;) {
      const text = inbound.takeHead();
      if (text === undefined) {
        if (inbound.size > 0) this.#headBegun();
        if (!await inbound.more()) return;
        continue;
      }
      const head = parseHead(text);
      this.#wait("answer");
      const body = new IncomingBody(inbound, head.bodyLength, head.expectsContinue ? this.#continued : this.#waited);
      const request = new IncomingRequest(head, body, host.fallbackHost, this.#watched);
      // It has the part of a Request that handlers use.
      const answered = host.handler(request as unknown as Request, this.#info);
      const response = answered instanceof Promise ? await answered : answered;
      const isBodyTaken = body.isTaken || body.skip();
      if (!isBodyTaken) body.abandon();
      const keepAlive = head.keepAlive && isBodyTaken && !host.isClosing;
      const options: SendOptions = {
        isHead: head.method === "HEAD",
        isHttp10: head.isHttp10,
        keepAlive,
        watched: this.#watched,
      };
      const whole = wholeOf(response, options, this.#room);
      let mayFollow = keepAlive;
      if (whole === undefined) mayFollow = await send(response, options, this.#write);
      else {
        this.#waitForClient();
        const sent = await this.#socket.write(whole);
        if (sent < whole.length) await this.#write(whole.subarray(sent));
      }
      this.#aborted = undefined;
      this.answered++;
      if (!mayFollow || host.isClosing) {
        if (!isBodyTaken || inbound.size > 0) await this.#linger();
        return;
      }
      this.#begun = undefined;
      this.until = host.tick + host.quietTicks;
      this.#wait("head");
      const turn = host.turns.afterAnswer(inbound.size > 0);
      if (turn !== undefined) await turn;
    }
  }

  /** Part of a head arrived: from now on the head has a time limit. */
  #headBegun(): void {
    if (this.#inbound.isFull) throw new MalformedHead("the request's head is over 64 KiB", "head_too_large");
    this.#begun ??= this.#host.tick;
    this.until = Math.min(this.until, this.#begun + this.#host.headTicks);
  }

  readonly #waited: BodyWaits = {
    begun: () => this.#waitForClient(),
    ended: () => this.#wait("answer"),
  };

  readonly #continued: BodyWaits = {
    begun: async (isFirst) => {
      if (isFirst) await this.#write(CONTINUE);
      this.#waitForClient();
    },
    ended: () => this.#wait("answer"),
  };

  #waitForClient(): void {
    this.#wait("client");
    this.until = this.#host.tick + this.#host.quietTicks;
  }

  #wait(phase: Phase): void {
    this.phase = phase;
    this.since = this.#host.tick;
  }

  /** Notices that the client leaves while its request is being answered. */
  readonly #watched = (): AbortSignal => {
    if (this.#aborted === undefined) {
      const aborted = this.#aborted = new AbortController();
      this.#watch(aborted).catch(() => aborted.abort());
    }
    return this.#aborted.signal;
  };

  async #watch(aborted: AbortController): Promise<void> {
    while (this.#aborted === aborted && !this.#inbound.isFull) {
      if (!await this.#inbound.more()) return aborted.abort();
    }
  }

  readonly #write = async (bytes: Uint8Array): Promise<void> => {
    const { phase } = this;
    for (let sent = 0; sent < bytes.length;) {
      this.#waitForClient();
      sent += await this.#socket.write(sent === 0 ? bytes : bytes.subarray(sent));
    }
    this.#wait(phase);
  };

  async #refuse(why: WireRefusal, detail: string): Promise<void> {
    const response = this.#host.refuse(why, detail);
    const options = { isHead: false, isHttp10: false, keepAlive: false, watched: this.#watched };
    if (why === "http2") await this.#write(HTTP2_GOAWAY);
    else await send(response, options, this.#write);
    await this.#linger();
  }

  /** Reads what still arrives, as otherwise the client would see a reset instead of the answer. */
  async #linger(): Promise<void> {
    this.#wait("end");
    this.until = this.#host.tick + this.#host.lingerTicks;
    await this.#socket.closeWrite();
    do this.#inbound.skip(Infinity); while (await this.#inbound.more());
  }
}

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
