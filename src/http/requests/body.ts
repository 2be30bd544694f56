/** Reads JSON bodies of at most 16 KiB, with a time limit. */
import { parseMediaType } from "./media_type.ts";
import { invalid, type InvalidRequest } from "../../contract/invalid.ts";
import { BadRequest } from "../answers/answer.ts";
import { IncomingRequest, MalformedBody } from "../wire/incoming_request.ts";

/** Largest body, in bytes. */
export const BODY_MAX = 16 * 1024;
/** Milliseconds that a body may take to arrive. */
export const BODY_TIMEOUT_MS = 10_000;

/** Names of UTF-8 and of ASCII, which is a subset of it. */
const UTF_8 = /^(?:utf-?8|(?:us-)?ascii)$/i;
/** U+FEFF, which some clients send first; a parser may ignore it (RFC 8259, section 8.1). */
const BYTE_ORDER_MARK = 0xfeff;

/** Ticks in the time that a body may take; a late body is refused within one more tick. */
const TICKS = 10;

/** A body that is arriving, in a list by age. */
class Waiting {
  before: Waiting | undefined;
  after: Waiting | undefined;
  listed = true;

  constructor(readonly since: number, readonly giveUp: (error: BadRequest) => void) {}
}

/** Reads bodies and refuses those that do not arrive in time. One timer serves all of them. */
export class BodyReader {
  /** The ends of the list. So a body costs no clock reading, no timer and no hash. */
  #oldest: Waiting | undefined;
  #newest: Waiting | undefined;
  #tick = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param timeoutMs as {@linkcode BODY_TIMEOUT_MS} */
  constructor(timeoutMs: number = BODY_TIMEOUT_MS) {
    this.#timer = setInterval(() => this.#look(), timeoutMs / TICKS);
  }

  /** Stops the timer. */
  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#tick++;
    for (let one = this.#oldest; one !== undefined && this.#tick - one.since > TICKS; one = this.#oldest) {
      this.#remove(one);
      one.giveUp(new BadRequest("request_timeout"));
    }
  }

  #add(giveUp: (error: BadRequest) => void): Waiting {
    const one = new Waiting(this.#tick, giveUp);
    one.before = this.#newest;
    if (this.#newest === undefined) this.#oldest = one;
    else this.#newest.after = one;
    this.#newest = one;
    return one;
  }

  #remove(one: Waiting): void {
    if (!one.listed) return;
    one.listed = false;
    if (one.before !== undefined) one.before.after = one.after;
    else if (this.#oldest === one) this.#oldest = one.after;
    if (one.after !== undefined) one.after.before = one.before;
    else if (this.#newest === one) this.#newest = one.before;
    // Else an entry in the old generation would keep all later entries alive until that generation is collected.
    one.before = one.after = undefined;
  }

  /**
   * The body, which must be JSON.
   *
   * @throws BadRequest `unsupported_media_type`, `body_too_large`, `request_timeout`; InvalidRequest
   */
  json(request: Request): Promise<unknown> {
    const { headers } = request;
    const fault = formFault(headers);
    if (fault !== undefined) return Promise.reject(fault);
    const length = headers.get("content-length");
    if (length !== null && Number(length) > BODY_MAX) return Promise.reject(new BadRequest("body_too_large"));
    if (length === null) return this.#inTime(textOf(request), parse);
    const here = request instanceof IncomingRequest ? request.textIfHere() : undefined;
    // text() removes a byte order mark; json() does not.
    return here === undefined ? this.#inTime(request.text(), JSON.parse) : parsed(here);
  }

  /** As `json`, but undefined if there is no body. */
  async optionalJson(request: Request): Promise<unknown> {
    const length = request.headers.get("content-length");
    if (request.body === null || length === "0") return undefined;
    if (length !== null) return await this.json(request);
    // Whether there is a body of unknown length is known only once it arrives, whatever its type.
    return await this.#inTime(textOf(request), (text) => {
      if (text === "") return undefined;
      const fault = formFault(request.headers);
      if (fault !== undefined) throw fault;
      return parse(text);
    });
  }

  #inTime(read: Promise<string>, parse: (text: string) => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting = this.#add(reject);
      const refuse = (error: unknown) => reject(refusalOf(error));
      read.then((text) => {
        this.#remove(waiting);
        try {
          resolve(parse(text));
        } catch (error) {
          refuse(error);
        }
      }, (error) => {
        this.#remove(waiting);
        refuse(error);
      });
    });
  }
}

/** The last Content-Type that was parsed and accepted: usually that of the next body too. */
let known = "application/json";

/** What is wrong with a body's type or encoding; checked before it is read. */
function formFault(headers: Headers): BadRequest | undefined {
  const type = headers.get("content-type");
  if (type !== "application/json" && type !== known) {
    const { essence, parameters } = parseMediaType(type ?? "") ?? {};
    if (essence !== "application/json") {
      return new BadRequest("unsupported_media_type", undefined, "Content-Type");
    }
    // application/json has no parameters, so they are ignored; but text in another encoding would be misread.
    const charset = parameters!.get("charset");
    if (charset !== undefined && !UTF_8.test(charset)) {
      return new BadRequest(
        "unsupported_media_type",
        "The body must be UTF-8: charset can only be utf-8",
        "Content-Type",
      );
    }
    known = type!;
  }
  const coding = headers.get("content-encoding");
  if (coding === null || coding.toLowerCase() === "identity") return undefined;
  return new BadRequest(
    "unsupported_media_type",
    "The body must not have a Content-Encoding",
    "Content-Encoding",
  );
}

function refusalOf(error: unknown): Error {
  if (error instanceof MalformedBody) return invalid(`The body could not be read: ${error.message}`);
  return error instanceof BadRequest ? error : notJson();
}

function notJson(): InvalidRequest {
  return invalid("The body is not valid JSON");
}

function parsed(text: string): Promise<unknown> {
  try {
    return Promise.resolve(JSON.parse(text));
  } catch {
    return Promise.reject(notJson());
  }
}

/** Parses JSON that may begin with a byte order mark. */
function parse(text: string): unknown {
  return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
}

/** The text of a body of unknown length. */
async function textOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > BODY_MAX) throw new BadRequest("body_too_large");
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    await new Blob(chunks as BlobPart[]).bytes(),
  );
}
