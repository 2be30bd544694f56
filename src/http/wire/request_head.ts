/**
 * Parses the head of an HTTP/1.1 request (RFC 9112). A head is refused if two parsers could disagree about where the request
 * ends: request smuggling needs such a head.
 */

/** Largest head, in bytes. */
export const HEAD_MAX = 64 * 1024;
/** Maximum number of header fields. */
export const FIELDS_MAX = 128;

/** The length of the body in bytes; -1 if it is chunked. */
export type BodyLength = number;
export const CHUNKED: BodyLength = -1;

export interface RequestHead {
  readonly method: string;
  /** As it was sent, decoded as UTF-8. */
  readonly target: string;
  /** The header fields: lower-case name, value, name, value … */
  readonly fields: readonly string[];
  readonly host: string | undefined;
  readonly bodyLength: BodyLength;
  /** Whether the client accepts another answer on this connection. */
  readonly keepAlive: boolean;
  readonly isHttp10: boolean;
  readonly expectsContinue: boolean;
}

/** Why it is not a request. */
export type WireRefusal = "malformed" | "head_too_large" | "http2";

/** Thrown if a head is malformed or ambiguous. */
export class MalformedHead extends Error {
  override readonly name = "MalformedHead";

  constructor(message: string, readonly why: WireRefusal = "malformed") {
    super(message);
  }
}

// deno-lint-ignore no-control-regex -- matches control characters
const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]{1,32}) ([^\x00-\x20\x7f]+) HTTP\/1\.([01])$/;
const TARGET = /^(?:\/|\*$|https?:\/\/[^/?#]+(?:\/|$))/i;
const FIELD_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
// deno-lint-ignore no-control-regex -- matches control characters
const NOT_IN_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;
const LENGTH = /^\d{1,15}$/;
/** Names that were found to be well-formed, with their lower-case forms. */
const NAMES = new Map<string, string>();
const NAMES_MAX = 512;

function nameOf(written: string): string {
  const known = NAMES.get(written);
  if (known !== undefined) return known;
  if (!FIELD_NAME.test(written)) throw new MalformedHead("a header field's name is not valid");
  const name = written.toLowerCase();
  if (NAMES.size < NAMES_MAX && written.length <= 64) NAMES.set(written, name);
  return name;
}

/** Checks a header line. @throws MalformedHead */
export function checkField(line: string): void {
  const colon = line.indexOf(":");
  if (colon < 0) throw new MalformedHead("a header field has no colon");
  nameOf(line.slice(0, colon));
  checkValue(line.slice(colon + 1));
}

function checkValue(value: string): void {
  if (NOT_IN_VALUE.test(value)) throw new MalformedHead("a header field's value is not valid");
}

/** Trims blanks and tabs. */
function trimmed(line: string, begin: number, end: number): string {
  while (begin < end && isBlank(line.charCodeAt(begin))) begin++;
  while (end > begin && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(begin, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function hasToken(list: string, token: string): boolean {
  return list.split(",").some((it) => it.trim().toLowerCase() === token);
}

/** What certain fields say together. */
class Framing {
  host: string | undefined;
  length: string | undefined;
  coding: string | undefined;
  connection = "";
  expect = "";

  see(name: string, value: string): void {
    switch (name) {
      case "host":
        this.host = this.#once(this.host, value);
        break;
      case "content-length":
        this.length = this.#once(this.length, value);
        break;
      case "transfer-encoding":
        this.coding = this.#once(this.coding, value);
        break;
      case "connection":
        this.connection += "," + value;
        break;
      case "expect":
        this.expect = value;
        break;
    }
  }

  #once(known: string | undefined, value: string): string {
    if (known !== undefined) throw new MalformedHead("a header field that may appear only once appears twice");
    return value;
  }

  bodyLength(isHttp10: boolean): BodyLength {
    const { length, coding } = this;
    if (coding !== undefined) {
      if (length !== undefined || isHttp10) throw new MalformedHead("the body has two lengths");
      if (coding.toLowerCase() !== "chunked") throw new MalformedHead("the transfer coding is not supported");
      return CHUNKED;
    }
    if (length === undefined) return 0;
    if (!LENGTH.test(length)) throw new MalformedHead("Content-Length is not valid");
    return Number(length);
  }
}

/**
 * Parses a head. An offer to upgrade the connection is ignored, which RFC 9110 allows (section 7.8).
 *
 * @param text its bytes as Latin-1, without the empty line at the end
 * @throws MalformedHead
 */
export function parseHead(text: string): RequestHead {
  let end = text.indexOf("\r\n");
  if (end < 0) end = text.length;
  const [, method, target, minor] = REQUEST_LINE.exec(text.slice(0, end)) ?? [];
  if (text.startsWith("PRI * HTTP/2")) throw new MalformedHead("this node does not speak HTTP/2", "http2");
  if (method === undefined || method !== "CONNECT" && !TARGET.test(target!)) {
    throw new MalformedHead("the request line is not valid");
  }
  const fields: string[] = [];
  const framing = new Framing();
  while (end < text.length) {
    const begin = end + 2;
    end = text.indexOf("\r\n", begin);
    if (end < 0) end = text.length;
    const colon = text.indexOf(":", begin);
    if (colon < 0 || colon > end) throw new MalformedHead("a header field has no colon");
    const name = nameOf(text.slice(begin, colon));
    const value = trimmed(text, colon + 1, end);
    checkValue(value);
    if (fields.push(name, value) > 2 * FIELDS_MAX) throw new MalformedHead("there are too many header fields");
    framing.see(name, value);
  }
  const isHttp10 = minor === "0";
  const { host, connection } = framing;
  if (host === undefined && !isHttp10) throw new MalformedHead("Host is missing");
  const isSimple = connection === "";
  return {
    method,
    target: decoded(target!),
    fields,
    host,
    bodyLength: framing.bodyLength(isHttp10),
    keepAlive: isSimple
      ? !isHttp10
      : !hasToken(connection, "close") && (!isHttp10 || hasToken(connection, "keep-alive")),
    isHttp10,
    expectsContinue: !isHttp10 && framing.expect.toLowerCase() === "100-continue",
  };
}

// deno-lint-ignore no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;
const utf8 = new TextDecoder();

function decoded(target: string): string {
  return ASCII.test(target) ? target : utf8.decode(Uint8Array.from(target, (letter) => letter.charCodeAt(0)));
}
