/** How are the requests of one connection answered? In turn: the next one is read when the one before it is answered. */
import { Inbound } from "./inbound.ts";
import { type BodyWaits, IncomingBody, IncomingRequest } from "./incoming_request.ts";
import { send, type SendOptions, wholeOf } from "./outgoing.ts";
import { MalformedHead, parseHead, type WireRefusal } from "./request_head.ts";
import type { Turns } from "./turns.ts";

/** What a server tells of a request's connection. */
export interface ConnectionInfo {
  readonly remoteAddr: Deno.NetAddr;
}

/** What answers a request. */
export type Handler = (request: Request, info: ConnectionInfo) => Response | Promise<Response>;

/** What a connection needs of its listener. */
export interface ConnectionHost {
  readonly handler: Handler;
  /** Makes the answer to what is no request; with `http2` it is only told. */
  readonly refuse: (why: WireRefusal, detail: string) => Response;
  /** Authority of a request that names none. */
  readonly fallbackHost: string;
  /** Whether no request is to follow the one that is being answered. */
  readonly isClosing: boolean;
  /** The tick that it is. */
  readonly tick: number;
  /** Ticks for a head that has begun; Infinity: as many as its client likes. */
  readonly headTicks: number;
  /** Ticks for which a connection may rest, and an answer may stay unread. */
  readonly quietTicks: number;
  readonly turns: Pick<Turns, "afterAnswer">;
  /** Ticks in which a client that gets no further answer must have closed. */
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

/** SETTINGS, then GOAWAY with HTTP_1_1_REQUIRED (RFC 9113, section 7): the client is told what is wrong. */
const HTTP2_GOAWAY = new Uint8Array([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0d]);

/** A connection that is served. */
export class Connection {
  phase: Phase = "head";
  /** The tick in which it began to wait for what it waits for. */
  since: number;
  /** The tick at which it is closed where it waits for its client still. */
  until: number;
  /** Requests that were answered. */
  answered = 0;
  readonly ended: Promise<void>;
  readonly #socket: Deno.TcpConn;
  readonly #host: ConnectionHost;
  readonly #inbound: Inbound;
  readonly #info: ConnectionInfo;
  /** Of short answers, which leave one after another. */
  readonly #room = new Uint8Array(1024);
  /** The tick in which a head began to come of which the rest is missing. */
  #begun: number | undefined;
  #aborted: AbortController | undefined;

  /** Takes a connection and serves it until its end. @throws Error where it is gone already */
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
    } catch (error) { // Its client is gone, or it was cut; or what came is no request.
      if (error instanceof MalformedHead) await this.#refuse(error.why, error.message).catch(() => {});
    } finally {
      this.cut();
    }
  }

  /** Answers each request. It is one function, and waits for nothing in vain: each wait costs as much as parsing a field. */
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
      // It is as much of a Request as handlers use.
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

  /** A part of a head came: the rest of it is not waited for longer than for that of others. */
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

  /** Tells of the client's end while its request is being answered. */
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

  /** What is on its way is taken, else the client would see its connection reset and not the answer. */
  async #linger(): Promise<void> {
    this.#wait("end");
    this.until = this.#host.tick + this.#host.lingerTicks;
    await this.#socket.closeWrite();
    do this.#inbound.skip(Infinity); while (await this.#inbound.more());
  }
}

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
