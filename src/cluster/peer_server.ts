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
    return new Response(streamOf(reply.write), { headers: { "content-type": "application/x-ndjson" } });
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

/** Lines as bytes. Where nobody reads them any more they are dropped: what was asked is decided all the same. */
function streamOf(write: (sink: Sink) => void): ReadableStream<Uint8Array> {
  let isCancelled = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      write({
        line: (text) => isCancelled || controller.enqueue(ENCODER.encode(text + "\n")),
        end: () => isCancelled || controller.close(),
      });
    },
    cancel() {
      isCancelled = true;
    },
  });
}
