/**
 * Who may speak to this node as a peer? Whoever proves that it knows the cluster's secret, on a listener of its own: the
 * public port never serves this. Whoever does not is told nothing, and can hold little: a connection for a few seconds,
 * of which but so many are kept, and a message of two kilobytes.
 */
import type { Clock } from "../ports/mod.ts";
import type { PeerTls } from "./socket_stream.ts";
import { framedText, FrameStream, type Stream } from "./frames.ts";
import { HANDSHAKE_MAX, Listening, type Trust } from "./handshake.ts";
import { HANG_UP_MS, LinkServer } from "./link_server.ts";
import type { PeerRequestHandler } from "./peer_request_handler.ts";
import { listenTls, type TlsListener } from "./socket_stream.ts";

/** Where the peers' listener is. */
export interface PeerServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly trust: Trust;
  /** Undefined: connections are not encrypted. */
  readonly tls: PeerTls | undefined;
  readonly clock: Clock;
  readonly peerRequestHandler: Pick<PeerRequestHandler, "receive">;
}

/** Who connects has so long to prove that it is a peer, in milliseconds. */
export const STRANGER_MS = 10_000;
/** Connections that have not proved it; of one more the oldest is closed, so that nobody shuts peers out. */
export const STRANGERS_MAX = 128;
/** Links; one more is closed. A peer has one. */
export const LINKS_MAX = 1_024;
/** Milliseconds to the next try where a connection cannot be taken: the process may hold too many files. */
const PAUSE_MS = 20;
/** What no peer would say: so whoever dialled knows that it was refused. */
const REFUSED = "[]";
/** Of a connection that its sender has ended already; the next one is taken at once. */
const GONE = [Deno.errors.ConnectionReset, Deno.errors.ConnectionAborted, Deno.errors.NotConnected];

/** The peers' listener. */
export class PeerServer {
  /** Undefined until it listens. */
  #listener: Pick<TlsListener, "close"> | undefined;
  #port = 0;
  /** The oldest first. */
  readonly #strangers = new Set<FrameStream>();
  readonly #ends = new Set<LinkServer>();
  #closing = false;
  #accepting: Promise<void> | undefined;

  private constructor(readonly options: PeerServerOptions) {}

  /** Starts to listen. @throws Error where its port cannot be had, or its certificate is none */
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

  /** Takes no more messages; resolves once those that are being answered are. */
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
        connection.setNoDelay(true); // throws where it was reset meanwhile; then it is read and found to be
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
