/** Two nodes' ends of a link over a real connection: what one has proved to the other is the test's to choose. */
import type { PeerTls } from "../../src/cluster/socket_stream.ts";
import type { Trust, Versions } from "../../src/cluster/handshake.ts";
import { Link } from "../../src/cluster/link.ts";
import { PROTOCOL } from "../../src/cluster/member.ts";
import { type Member, selfMember } from "../../src/cluster/mod.ts";
import { PeerServer } from "../../src/cluster/peer_server.ts";
import type { Reply, Sink, Status } from "../../src/cluster/reply.ts";
import { FakeClock } from "./fake_clock.ts";
import { until } from "./until.ts";

export const SECRET = "a secret of the cluster";
export const DATABASE = "7300/5";

/** What makes a node's end another than the usual. */
export interface EndOptions {
  readonly secret?: string;
  readonly database?: string;
  readonly versions?: Versions;
  readonly tls?: PeerTls;
}

/** By what a node is known. @param id `a` dials, `b` listens */
export function trustOf(id: string, options: EndOptions = {}): Trust {
  const { secret = SECRET, database = DATABASE, versions } = options;
  const self = { ...selfMember(id, `http://${id}:8081`, 1), version: versions?.max ?? PROTOCOL };
  return { secret, database, self, ...versions !== undefined && { versions } };
}

/** A message that arrived, with where its answers go. */
export interface Taken {
  readonly from: Member;
  readonly what: string;
  readonly text: string;
  readonly sink: Sink;
}

/** A node that listens, and whose answers are the test's to give. */
export class Listener {
  readonly clock = new FakeClock();
  /** Messages that arrived and are not refused. */
  readonly taken: Taken[] = [];
  readonly trust: Trust;
  server!: PeerServer;

  private constructor(readonly options: EndOptions) {
    this.trust = trustOf("b", options);
  }

  static async start(options: EndOptions = {}): Promise<Listener> {
    const listener = new Listener(options);
    const { clock, trust, taken } = listener;
    const receive = (from: Member, what: string, text: string): Reply => {
      if (text === "bad") return { status: "malformed" };
      return { status: "answered", write: (sink) => void taken.push({ from, what, text, sink }) };
    };
    const { tls } = options;
    listener.server = await PeerServer.start({
      host: "127.0.0.1",
      port: 0,
      trust,
      tls,
      clock,
      peerRequestHandler: { receive },
    });
    return listener;
  }

  get url(): string {
    return `${this.options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.server.port}`;
  }

  /** Waits until so many were taken. */
  async arrived(count: number): Promise<void> {
    await until(() => this.taken.length === count, { what: `${count} taken` });
  }
}

/** A node that dials, with what it was told. */
export class Dialler {
  readonly clock = new FakeClock();
  /** Links that take no more. */
  readonly gone: Link[] = [];
  readonly link: Link;

  constructor(readonly url: string, options: EndOptions = {}) {
    const { clock } = this;
    const gone = (link: Link) => void this.gone.push(link);
    this.link = new Link(url, { trust: trustOf("a", options), tls: options.tls, clock, gone });
  }

  /** Sends a message: its lines, and how it ended. */
  send(
    text: string,
    { signal = new AbortController().signal, only }: { signal?: AbortSignal; only?: Member } = {},
  ): { lines: string[]; end: Promise<Status> } {
    const lines: string[] = [];
    const sending = { what: "commands", text, ...only !== undefined && { only } };
    return { lines, end: this.link.send(sending, signal, (line) => lines.push(line)) };
  }
}

/** Runs a test on a link. */
export async function withLink(
  body: (a: Dialler, b: Listener) => Promise<void>,
  { dials, listens }: { readonly dials?: EndOptions; readonly listens?: EndOptions } = {},
): Promise<void> {
  const b = await Listener.start(listens);
  const a = new Dialler(b.url, dials);
  try {
    await body(a, b);
  } finally {
    a.link.close();
    await b.server.close();
  }
}
