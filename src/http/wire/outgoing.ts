/** Sends answers (RFC 9112), each part when the client has taken the previous one. */
import { Buffer } from "node:buffer";
import { Reply } from "../answers/answer.ts";

export interface SendOptions {
  /** The request was HEAD: the answer has no body. */
  readonly isHead: boolean;
  readonly isHttp10: boolean;
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
  /** Resolves when the client leaves, from the first call on. */
  readonly watched: () => AbortSignal;
}

/** Writes all bytes. @throws Error if the connection has ended */
export type Write = (bytes: Uint8Array) => Promise<void>;

const REASONS: Readonly<Record<number, string>> = {
  ...{ 100: "Continue", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content" },
  ...{ 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect" },
  ...{ 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found" },
  ...{ 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone" },
  ...{ 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type" },
  ...{ 422: "Unprocessable Content", 429: "Too Many Requests", 431: "Request Header Fields Too Large" },
  ...{ 500: "Internal Server Error", 503: "Service Unavailable", 505: "HTTP Version Not Supported" },
};
/** Largest body, in bytes, that is sent in one piece with the head. */
const TOGETHER_MAX = 64 * 1024;
const EVENT_STREAM = "content-type: text/event-stream";
/** Microtasks after which the end of a body that is completely known shows. */
const TURNS = 8;

// deno-lint-ignore no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;
const encoder = new TextEncoder();
const NO_ROOM = new Uint8Array();

let dateLine = "";
let dateSecond = -1;

function date(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateLine = `date: ${new Date(second * 1_000).toUTCString()}\r\n`;
  }
  return dateLine;
}

function startOf(status: number): string {
  return `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;
}

function connectionLine({ isHttp10, keepAlive }: SendOptions): string {
  if (!keepAlive) return "connection: close\r\n";
  return isHttp10 ? "connection: keep-alive\r\n" : "";
}

/**
 * An answer in one piece; undefined if it has to be sent in parts. It does not end the connection by itself.
 *
 * @param room used for short answers, which is much faster than to allocate a buffer
 */
export function wholeOf(response: Response, options: SendOptions, room: Uint8Array): Uint8Array | undefined {
  const made = response instanceof Reply ? response.asMade : undefined;
  // Only this server decides about Connection.
  if (made === undefined || options.isHead || made.fields["connection"] !== undefined) return undefined;
  const { fields, content } = made;
  let lines = "";
  for (const name in fields) lines += `${name}: ${fields[name]}\r\n`;
  const size = ASCII.test(content) ? content.length : Buffer.byteLength(content);
  const text = `${startOf(made.status)}${lines}content-length: ${size}\r\n${date()}${
    connectionLine(options)
  }\r\n${content}`;
  const { read, written } = encoder.encodeInto(text, room);
  return read === text.length ? room.subarray(0, written) : encoder.encode(text);
}

/** The body's reader, its first bytes, and whether these are all. */
interface Opened {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly first: Uint8Array;
  readonly next: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
}

async function open(body: ReadableStream<Uint8Array>): Promise<Opened> {
  const reader = body.getReader();
  const { value: first = new Uint8Array(), done } = await reader.read();
  if (done) return { reader, first, next: undefined };
  const next = reader.read();
  let isEnd = false;
  next.then(({ done }) => isEnd = done, () => {});
  for (let turn = 0; turn < TURNS && !isEnd; turn++) await undefined;
  return { reader, first, next: isEnd ? undefined : next };
}

/** Sends an answer. @returns whether another request may follow @throws Error if the connection has ended */
export async function send(response: Response, options: SendOptions, write: Write): Promise<boolean> {
  const whole = wholeOf(response, options, NO_ROOM);
  if (whole !== undefined) {
    await write(whole);
    return options.keepAlive;
  }
  const { status, headers, body } = response;
  let lines = "";
  let length: string | undefined;
  let keepAlive = options.keepAlive;
  for (const [name, value] of headers) {
    if (name === "connection") keepAlive &&= value.toLowerCase() !== "close";
    else if (name === "content-length") length = value;
    else if (name !== "transfer-encoding" && name !== "date") lines += `${name}: ${value}\r\n`;
  }
  const head = (size: string, mayFollow: boolean) =>
    Buffer.from(
      startOf(status) + lines + size + date() + connectionLine({ ...options, keepAlive: mayFollow }) + "\r\n",
      "latin1",
    );
  const lengthLine = (size: string | number) => `content-length: ${size}\r\n`;
  if (options.isHead || status === 204 || status === 304) {
    const cancelled = body?.cancel();
    await write(head(length === undefined || status === 204 ? "" : lengthLine(length), keepAlive));
    await cancelled;
    return keepAlive;
  }
  if (body === null) {
    await write(head(lengthLine(0), keepAlive));
    return keepAlive;
  }
  const { reader, first, next } = await open(body);
  try {
    if (next === undefined) {
      await writeTogether(head(lengthLine(first.length), keepAlive), first, write);
      return keepAlive;
    }
    const isChunked = length === undefined && !options.isHttp10;
    // An event stream may be silent for long, so that no failing write would show that its client left. With a file that
    // shows soon, and its client may have closed only its own side.
    const gone = lines.includes(EVENT_STREAM) ? options.watched() : undefined;
    gone?.addEventListener("abort", () => reader.cancel().catch(() => {}), { once: true });
    // Without a length or chunks, the body ends with the connection.
    const mayFollow = keepAlive && (isChunked || length !== undefined);
    const coding = length !== undefined ? lengthLine(length) : isChunked ? "transfer-encoding: chunked\r\n" : "";
    await writeTogether(head(coding, mayFollow), isChunked ? asChunk(first) : first, write);
    for (let { value, done } = await next; !done; { value, done } = await reader.read()) {
      if (value!.length > 0) await write(isChunked ? asChunk(value!) : value!);
    }
    gone?.throwIfAborted();
    if (isChunked) await write(Buffer.from("0\r\n\r\n"));
    return mayFollow;
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  }
}

function asChunk(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  return Buffer.concat([Buffer.from(bytes.length.toString(16) + "\r\n"), bytes, Buffer.from("\r\n")]);
}

async function writeTogether(head: Uint8Array, body: Uint8Array, write: Write): Promise<void> {
  if (body.length === 0) return await write(head);
  if (body.length <= TOGETHER_MAX) return await write(Buffer.concat([head, body]));
  await write(head);
  await write(body);
}
