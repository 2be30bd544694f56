/**
 * Who may speak to this node as a peer? A node that proves that it knows the cluster's secret, on a port for peers
 * only. Others learn nothing and can use little: one of a limited number of connections, for a few seconds, with a
 * message of at most two kilobytes.
 */
import type { Clock } from "../ports/mod.ts";
import type { PeerTls } from "./socket_stream.ts";
import { framedText, FrameStream, type Stream } from "./frames.ts";
import { HANDSHAKE_MAX, Listening, type Trust } from "./handshake.ts";
import { HANG_UP_MS, LinkServer } from "./link_server.ts";
import type { PeerRequestHandler } from "./peer_request_handler.ts";
import { listenTls, type TlsListener } from "./socket_stream.ts";

export interface PeerServerOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly trust: Trust;
  /** Undefined: connections are not encrypted. */
  readonly tls: PeerTls | undefined;
  readonly clock: Clock;
  readonly peerRequestHandler: Pick<PeerRequestHandler, "receive">;
}

/** Time limit for a connection to prove that it is a peer's, in milliseconds. */
export const STRANGER_MS = 10_000;
/** Maximum of unproved connections; for one more the oldest is closed, so that strangers cannot shut peers out. */
export const STRANGERS_MAX = 128;
/** Maximum of links; one more is refused. A peer has one. */
export const LINKS_MAX = 1_024;
/** Pause after a connection could not be accepted, in milliseconds: the process may have too many open files. */
const PAUSE_MS = 20;
/** Not a message of a handshake, so the node that dialled knows that it was refused. */
const REFUSED = "[]";
/** Errors of a connection that its sender has already ended; the next one is accepted at once. */
const GONE = [Deno.errors.ConnectionReset, Deno.errors.ConnectionAborted, Deno.errors.NotConnected];

/** The listener for peers. */
export class PeerServer {
  #listener: Pick<TlsListener, "close"> | undefined;
  #port = 0;
  /** Unproved connections, the oldest first. */
  readonly #strangers = new Set<FrameStream>();
  readonly #ends = new Set<LinkServer>();
  #closing = false;
  #accepting: Promise<void> | undefined;

  private constructor(readonly options: PeerServerOptions) {}

  /** @throws Error if the port cannot be used or the certificate is invalid */
  static async start(options: PeerServerOptions): Promise<PeerServer> {
    const server = new PeerServer(options);
    await server.#listen();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  async #listen(): Promise<void> {
    const { host, port, tls } = this.options;
    if (tls !== undefined) {
      const listener = await listenTls(host, port, tls, (stream) => this.#shakeHands(stream));
      this.#listener = listener;
      this.#port = listener.port;
      return;
    }
    const listener = Deno.listen({ hostname: host, port });
    this.#listener = listener;
    this.#port = listener.addr.port;
    this.#accepting = this.#acceptAll(listener);
  }

  /** Takes no more messages; resolves when those taken are answered. */
  async close(): Promise<void> {
    if (!this.#closing) this.#listener?.close();
    this.#closing = true;
    for (const frames of this.#strangers) frames.close();
    await Promise.all([this.#accepting, ...[...this.#ends].map((end) => end.close())]);
  }

  async #acceptAll(listener: Deno.TcpListener): Promise<void> {
    while (!this.#closing) {
      try {
        const connection = await listener.accept();
        this.#shakeHands(connection);
        connection.setNoDelay(true); // throws if it was reset meanwhile, which reading it finds as well
      } catch (error) {
        if (this.#closing || GONE.some((kind) => error instanceof kind)) continue;
        await new Promise<void>((resolve) => this.options.clock.after(PAUSE_MS, resolve));
      }
    }
  }

  #shakeHands(stream: Stream): void {
    const { clock, trust } = this.options;
    const frames = new FrameStream(stream, HANDSHAKE_MAX);
    const [oldest] = this.#strangers;
    if (this.#strangers.size >= STRANGERS_MAX) oldest!.close();
    this.#strangers.add(frames);
    let cancel = clock.after(STRANGER_MS, () => frames.close());
    const known = () => {
      cancel();
      this.#strangers.delete(frames);
    };
    frames.onEnd = known;
    const listening = new Listening(trust);
    const decoder = new TextDecoder();
    const refuse = () => {
      frames.onFrame = () => {};
      frames.send(framedText(REFUSED));
      cancel();
      cancel = clock.after(HANG_UP_MS, () => frames.close());
    };
    const next = (take: (message: string) => void) => {
      frames.onFrame = (frame) => {
        try {
          take(decoder.decode(frame));
        } catch {
          refuse();
        }
      };
    };
    next((hello) => {
      const { message, isAgreed } = listening.challenge(hello);
      frames.send(framedText(message));
      next((claim) => {
        if (!isAgreed || this.#ends.size >= LINKS_MAX) return refuse();
        const { message, session } = listening.end(claim);
        known();
        frames.send(framedText(message));
        this.#link(frames, session);
      });
    });
    frames.start();
  }

  #link(frames: FrameStream, session: ReturnType<Listening["end"]>["session"]): void {
    const { clock, peerRequestHandler } = this.options;
    const end = new LinkServer(
      frames,
      session,
      clock,
      (what, text) => peerRequestHandler.receive(session.remote, what, text),
    );
    this.#ends.add(end);
    end.ended.then(() => this.#ends.delete(end));
  }
}
