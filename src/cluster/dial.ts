/** How does a node connect to another's peer port, and know that a peer listens there? */
import { framedText, FrameStream, type Stream } from "./frames.ts";
import { Dialling, HANDSHAKE_MAX, type Trust } from "./handshake.ts";
import { connectTls, type PeerTls } from "./socket_stream.ts";
import type { Session } from "./session.ts";
import type { Status } from "./reply.ts";

export interface DialOptions {
  readonly trust: Trust;
  /** Undefined: connections are not encrypted. */
  readonly tls: PeerTls | undefined;
  readonly signal: AbortSignal;
}

/** This machine lacks files, ports or memory; nothing is known of the other end. */
const SHORT_OF: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "ENOMEM"]);
/** Nothing listens there. */
const NOT_THERE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH"]);
/** What listens there does not speak TLS, or its certificate is not valid for its address. */
const UNTRUSTED = /^ERR_(TLS|SSL)|CERT|VERIFY|SIGNED/;

/** No link was made, so nothing was taken. */
export class NotLinked extends Error {
  override readonly name = "NotLinked";

  /** @param status of the messages that wait for the link */
  constructor(
    readonly status: Extract<Status, "no_peer" | "unavailable" | "never_connected">,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A connection on which both ends have proved who they are. */
export interface Dialled {
  readonly frames: FrameStream;
  readonly session: Session;
}

/** Connects to a node. @throws NotLinked */
export async function dial(url: string, options: DialOptions): Promise<Dialled> {
  const frames = new FrameStream(await connect(url, options), HANDSHAKE_MAX);
  return { frames, session: await shakeHands(frames, url, options) };
}

async function connect(url: string, { tls, signal }: DialOptions): Promise<Stream> {
  const { protocol, hostname: named, port: given } = new URL(url);
  const isSecure = protocol === "https:";
  if (tls !== undefined && !isSecure) throw new NotLinked("no_peer", `Cannot link to ${url}: it has no TLS`);
  const hostname = named.replace(/^\[|\]$/g, "");
  const port = Number(given || (isSecure ? 443 : 80));
  try {
    if (isSecure) return await connectTls(hostname, port, { ca: tls?.ca }, signal);
    const plain = await Deno.connect({ hostname, port, signal });
    plain.setNoDelay(true);
    return plain;
  } catch (cause) {
    const { code = "" } = cause as { code?: string };
    if (signal.aborted || SHORT_OF.has(code) || (isSecure && !NOT_THERE.has(code) && !UNTRUSTED.test(code))) {
      throw new NotLinked("unavailable", `Cannot link to ${url}: no connection could be made`, { cause });
    }
    if (UNTRUSTED.test(code)) throw new NotLinked("no_peer", `Cannot link to ${url}: no TLS of a peer`, { cause });
    throw new NotLinked("never_connected", `Cannot connect to ${url}`, { cause });
  }
}

function shakeHands(frames: FrameStream, url: string, { trust, signal }: DialOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const dialling = new Dialling(trust);
    const decoder = new TextDecoder();
    const giveUp = () => fail("unavailable");
    const done = () => {
      signal.removeEventListener("abort", giveUp);
      frames.onFrame = () => {};
      frames.onEnd = () => {};
    };
    const fail = (status: NotLinked["status"], cause?: unknown) => {
      done();
      frames.close();
      const why = status === "no_peer" ? "the listener there is not a peer of this node" : "it does not answer";
      reject(new NotLinked(status, `Cannot link to ${url}: ${why}`, { cause }));
    };
    /** Takes the other end's next message. */
    const next = (take: (message: string) => void) => {
      frames.onFrame = (frame) => {
        try {
          take(decoder.decode(frame));
        } catch (error) {
          fail("no_peer", error);
        }
      };
    };
    frames.onEnd = (garbage) => fail(garbage ? "no_peer" : "unavailable");
    signal.addEventListener("abort", giveUp);
    next((challenge) => {
      frames.send(framedText(dialling.prove(challenge)));
      next((welcome) => {
        const session = dialling.end(welcome);
        done();
        resolve(session);
      });
    });
    frames.send(framedText(dialling.hello));
    frames.start();
  });
}
