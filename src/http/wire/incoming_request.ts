/** How does a handler see a request? As the part of a Request that this project uses, made without parsing its URL. */
import type { IncomingBody } from "./incoming_body.ts";
import type { RequestHead } from "./request_head.ts";

/** The header fields of a request, as a Headers has them. */
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

/** A request as it came. */
export class IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHeaders;
  readonly #body: IncomingBody;
  readonly #watch: () => AbortSignal;
  #isUsed = false;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | null | undefined;

  /**
   * @param fallbackHost where the request names none
   * @param watch called where somebody wants to know whether the client goes away before it is answered
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

  /** Null where there is none, and for GET and HEAD. */
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

  /** The body as text where all of it is here already, as short ones mostly are. Throws as `text`. */
  textIfHere(): string | undefined {
    if (this.#isUsed) throw new TypeError("Cannot read a body twice");
    const text = this.method === "GET" || this.method === "HEAD" ? "" : this.#body.takeText();
    this.#isUsed = text !== undefined;
    return text;
  }

  /** The body as text. @throws TypeError where it was read before; Error where it is malformed or breaks off */
  async text(): Promise<string> {
    const text = this.textIfHere();
    if (text !== undefined) return text;
    this.#isUsed = true;
    const decoder = new TextDecoder();
    let read = "";
    for (let chunk; (chunk = await this.#body.next()) !== undefined;) read += decoder.decode(chunk, { stream: true });
    return read + decoder.decode();
  }

  /** The body, which must be JSON. Throws as `text`, or SyntaxError. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** The target behind its authority, both as they were sent. */
function urlOf({ method, target, host }: RequestHead, fallbackHost: string): string {
  if (method === "CONNECT") return "http://" + target;
  if (target.startsWith("/")) return `http://${host || fallbackHost}${target}`;
  if (target === "*") return `http://${host || fallbackHost}/*`;
  return target.indexOf("/", 8) < 0 ? target + "/" : target;
}
