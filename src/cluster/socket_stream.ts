/**
 * How is TLS spoken between nodes? By `node:tls`: a connection of Deno's own cannot be closed during its handshake, on
 * either end, so an end that says nothing would hold it for ever.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { connect, createSecureContext, TLSSocket } from "node:tls";

import type { Stream } from "./frames.ts";

/** Certificates for the connections between nodes, as PEM. */
export interface PeerTls {
  /** This node's certificate, with the intermediate ones. */
  readonly cert: string;
  readonly key: string;
  /** The certificate of the authority that signed the nodes' certificates; undefined: a public authority. */
  readonly ca: string | undefined;
}

/** A socket with promises. */
export class SocketStream implements Stream {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => {};

  /** @param raw the socket under it, which is closed with it */
  constructor(readonly socket: Socket, readonly raw: Socket = socket) {
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    raw.on("error", end).on("close", end);
    socket.on("error", end).on("end", end).on("close", end).on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      socket.pause();
      this.#wake();
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#ended) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.socket.resume();
      await promise;
    }
    const chunk = this.#chunks[0]!;
    const part = chunk.subarray(0, buffer.length);
    buffer.set(part);
    if (part.length < chunk.length) this.#chunks[0] = chunk.subarray(part.length);
    else this.#chunks.shift();
    return part.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  close(): void {
    this.socket.destroy();
    this.raw.destroy();
  }
}

export interface TlsListener {
  readonly port: number;
  close(): void;
}

/** Listens. @param take gets each connection, before its handshake @throws Error if the port cannot be used */
export async function listenTls(
  host: string,
  port: number,
  { cert, key }: PeerTls,
  take: (stream: Stream) => void,
): Promise<TlsListener> {
  const secureContext = createSecureContext({ cert, key });
  const server = createServer((raw) => {
    raw.setNoDelay(true);
    take(new SocketStream(new TLSSocket(raw, { isServer: true, secureContext }), raw));
  });
  await new Promise<void>((resolve, reject) => server.on("error", reject).listen(port, host, resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** Connects by TLS, with the handshake done and the certificate checked. @throws Error */
export async function connectTls(
  host: string,
  port: number,
  { ca }: Pick<PeerTls, "ca">,
  signal: AbortSignal,
): Promise<Stream> {
  const socket = connect({ host, port, ...ca !== undefined && { ca } });
  socket.setNoDelay(true);
  const giveUp = () => socket.destroy(new Error("It does not answer"));
  signal.addEventListener("abort", giveUp);
  try {
    await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return new SocketStream(socket);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
