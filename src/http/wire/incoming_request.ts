/**
 * A request as handlers see it: the part of Request that this project uses, made without parsing the URL. Its body has a
 * length or consists of chunks (RFC 9112, sections 6 and 7.1).
 */
import { type BodyLength, checkField, CHUNKED, type RequestHead } from "./request_head.ts";
import type { Inbound } from "./inbound.ts";

const LINE_MAX = 4 * 1024;
const TRAILERS_MAX = 64 * 1024;
const CHUNK_MAX = 64 * 1024;
// deno-lint-ignore no-control-regex -- matches control characters
const CHUNK_SIZE = /^([\da-f]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?$/i;

/** Thrown if a body does not follow its transfer coding. */
export class MalformedBody extends Error {
  override readonly name = "MalformedBody";
}

export interface BodyWaits {
  /** Someone waits for more of the body; `isFirst` the first time. */
  begun(isFirst: boolean): Promise<void> | void;
  ended(): void;
}

/** A body that is read as it arrives. */
export class IncomingBody {
  readonly #inbound: Inbound;
  readonly #isChunked: boolean;
  /** Bytes left of the body, or of the current chunk. */
  #left: number;
  #isWhole: boolean;
  /** Whether the line break after a chunk is still to be read. */
  #isBetween = false;
  #isInTrailers = false;
  #hasWaited = false;
  #isAbandoned = false;
  #trailers = 0;

  constructor(inbound: Inbound, length: BodyLength, readonly waits: BodyWaits) {
    this.#inbound = inbound;
    this.#isChunked = length === CHUNKED;
    this.#left = Math.max(0, length);
    this.#isWhole = length === 0;
  }

  /** Whether all of it has been read. */
  get isTaken(): boolean {
    return this.#isWhole;
  }

  /** Takes all of it at once, as text; undefined if it is incomplete. */
  takeText(): string | undefined {
    if (this.#isChunked || this.#inbound.size < this.#left) return undefined;
    const text = this.#inbound.takeText(this.#left);
    this.#left = 0;
    this.#isWhole = true;
    return text;
  }

  /** Takes the rest if it has arrived. @returns whether it has */
  skip(): boolean {
    if (!this.#isChunked && !this.#isWhole && this.#inbound.size >= this.#left) {
      this.#inbound.skip(this.#left);
      this.#isWhole = true;
    }
    return this.#isWhole;
  }

  /** Fails further reads, as the request has been answered. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** The next bytes; undefined at the end. @throws MalformedBody; Error if the request has been answered meanwhile */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      // Many small chunks cost their reader no more than one large chunk.
      for (let part; (part = this.#takeNext()) !== undefined;) parts.push(part);
      if (parts.length > 0) return parts.length === 1 ? parts[0] : joined(parts);
      if (this.#isWhole) return undefined;
      await this.waits.begun(!this.#hasWaited);
      this.#hasWaited = true;
      const came = await this.#inbound.more();
      if (this.#isAbandoned) throw new Error("Cannot read the body: its request was answered");
      this.waits.ended();
      if (!came) throw new MalformedBody("it broke off");
    }
  }

  #takeNext(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#isWhole || this.#isChunked && !this.#atChunk()) return undefined;
    if (this.#inbound.size === 0) return undefined;
    const chunk = this.#inbound.take(Math.min(this.#left, CHUNK_MAX));
    this.#left -= chunk.length;
    if (this.#left === 0) {
      if (this.#isChunked) this.#isBetween = true;
      else this.#isWhole = true;
    }
    return chunk;
  }

  /** A line; undefined if it is incomplete. @throws MalformedBody */
  #takeLine(max: number): string | undefined {
    try {
      return this.#inbound.takeLine(max);
    } catch {
      throw new MalformedBody("its chunks are not valid");
    }
  }

  /** Whether bytes of a chunk follow; false if its size has not arrived yet, or at the end of the body. */
  #atChunk(): boolean {
    if (this.#isInTrailers) return this.#skipTrailers();
    if (this.#left > 0) return true;
    if (this.#isBetween) {
      const between = this.#takeLine(0);
      if (between === undefined) return false;
      this.#isBetween = false;
    }
    const line = this.#takeLine(LINE_MAX);
    if (line === undefined) return false;
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined) throw new MalformedBody("a chunk's size is not valid");
    this.#left = parseInt(size, 16);
    if (this.#left > 0) return true;
    this.#isInTrailers = true;
    return this.#skipTrailers();
  }

  #checkTrailer(line: string): void {
    try {
      checkField(line);
    } catch (error) {
      throw new MalformedBody(`in its trailers, ${(error as Error).message}`);
    }
  }

  /** Always false: no chunk follows. */
  #skipTrailers(): false {
    for (let line; (line = this.#takeLine(LINE_MAX)) !== undefined;) {
      if (line === "") {
        this.#isWhole = true;
        return false;
      }
      this.#checkTrailer(line);
      this.#trailers += line.length;
      if (this.#trailers > TRAILERS_MAX) throw new MalformedBody("its trailers are too long");
    }
    return false;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The header fields of a request, with the methods of Headers. */
class IncomingHeaders {
  readonly #fields: readonly string[];

  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  get(name: string): string | null {
    const fields = this.#fields;
    const wanted = name.toLowerCase();
    let value: string | null = null;
    for (let at = 0; at < fields.length; at += 2) {
      if (fields[at] !== wanted) continue;
      value = value === null ? fields[at + 1]! : `${value}, ${fields[at + 1]!}`;
    }
    return value;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }
}

export class IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHeaders;
  readonly #body: IncomingBody;
  readonly #watch: () => AbortSignal;
  #isUsed = false;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | null | undefined;

  /**
   * @param fallbackHost used if the request names no host
   * @param watch called if someone wants to know whether the client leaves before it is answered
   */
  constructor(head: RequestHead, body: IncomingBody, fallbackHost: string, watch: () => AbortSignal) {
    this.method = head.method;
    this.url = urlOf(head, fallbackHost);
    this.headers = new IncomingHeaders(head.fields);
    this.#body = body;
    this.#watch = watch;
  }

  get signal(): AbortSignal {
    return this.#watch();
  }

  get bodyUsed(): boolean {
    return this.#isUsed;
  }

  /** Null if there is none, and for GET and HEAD. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#stream ??= this.#open();
  }

  #open(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    const body = this.#body;
    if (body.isTaken || this.method === "GET" || this.method === "HEAD") return null;
    return new ReadableStream({
      pull: async (controller) => {
        this.#isUsed = true;
        const chunk = await body.next();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
  }

  /** The body as text if all of it has arrived, as with most short ones. Throws as `text`. */
  textIfHere(): string | undefined {
    if (this.#isUsed) throw new TypeError("Cannot read a body twice");
    const text = this.method === "GET" || this.method === "HEAD" ? "" : this.#body.takeText();
    this.#isUsed = text !== undefined;
    return text;
  }

  /** The body as text. @throws TypeError if it was read before; Error if it is malformed or incomplete */
  async text(): Promise<string> {
    const text = this.textIfHere();
    if (text !== undefined) return text;
    this.#isUsed = true;
    const decoder = new TextDecoder();
    let read = "";
    for (let chunk; (chunk = await this.#body.next()) !== undefined;) read += decoder.decode(chunk, { stream: true });
    return read + decoder.decode();
  }

  /** The body, parsed as JSON. Throws as `text`, or SyntaxError. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** The authority and the target, both as they were sent. */
function urlOf({ method, target, host }: RequestHead, fallbackHost: string): string {
  if (method === "CONNECT") return "http://" + target;
  if (target.startsWith("/")) return `http://${host || fallbackHost}${target}`;
  if (target === "*") return `http://${host || fallbackHost}/*`;
  return target.indexOf("/", 8) < 0 ? target + "/" : target;
}
