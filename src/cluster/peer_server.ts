/**
 * Who may speak to this node as a peer? Whoever shows the cluster's secret, on a listener of its own: the public port
 * never serves this. Without the secret there is nothing but 401, whatever is asked, and no body is read.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Reception, Sink } from "./reception.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** Where the peers' listener is. */
export interface PeerServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly secret: string;
  readonly reception: Reception;
}

/** The peers' listener. */
export interface PeerServer {
  readonly port: number;
  /** Takes no more messages; resolves once those that are being answered are. */
  close(): Promise<void>;
}

const ENCODER = new TextEncoder();
const LINES = { "content-type": "application/x-ndjson" };

/** Starts to listen. @throws Deno.errors.AddrInUse */
export function servePeers({ host, port, secret, reception }: PeerServerOptions): PeerServer {
  const wanted = digestOf(`Bearer ${secret}`);
  const isPeer = (request: Request) => timingSafeEqual(digestOf(request.headers.get("authorization") ?? ""), wanted);
  const server = Deno.serve({ hostname: host, port, onListen() {}, onError: () => empty(500) }, async (request) => {
    if (!isPeer(request)) return empty(401);
    if (request.method !== "POST") return empty(405);
    // A body that does not say how long it is is not a peer's.
    const length = Number(request.headers.get("content-length") ?? NaN);
    if (!(length <= MESSAGE_MAX)) return empty(413);
    const reply = reception.receive(new URL(request.url).pathname, await request.text());
    if (reply.write === undefined) return empty(reply.status);
    return await replyOf(reply.write);
  });
  return { port: server.addr.port, close: () => server.shutdown() };
}

/** Of equal length, so that comparing takes the same time whatever was shown. */
function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function empty(status: number): Response {
  return new Response(null, { status });
}

/**
 * A reply whose lines come in one tick is sent whole, which costs less than half of a stream; else it streams from its
 * first line on. Where nobody reads any more lines are dropped: what was asked is decided all the same.
 */
function replyOf(write: (sink: Sink) => void): Promise<Response> {
  return new Promise((resolve) => {
    let whole = "";
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isOver = false;
    const streamed = () => {
      const start = (controller: typeof stream) => {
        stream = controller;
        stream!.enqueue(ENCODER.encode(whole));
      };
      return new ReadableStream<Uint8Array>({ start, cancel: () => void (isOver = true) });
    };
    write({
      line(text) {
        if (isOver) return;
        if (stream !== undefined) stream.enqueue(ENCODER.encode(text + "\n"));
        else if (whole === "") queueMicrotask(() => isOver || resolve(new Response(streamed(), { headers: LINES })));
        if (stream === undefined) whole += text + "\n";
      },
      end() {
        if (isOver) return;
        isOver = true;
        if (stream === undefined) resolve(new Response(whole, { headers: LINES }));
        else stream.close();
      },
    });
  });
}
