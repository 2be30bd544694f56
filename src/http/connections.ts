/** Who is connected, and for whose next request is waited in vain? */

/** A connection on which no request began for so many milliseconds is closed, once the last is answered. */
export const QUIET_MS = 120_000;

/** Ticks in the time that a head may take: its connection is closed within one tick more. */
const TICKS = 10;
/** An answer that was given so long ago, in milliseconds, is on its way: nothing is lost where its connection is cut. */
const SENT_MS = 50;
/** Milliseconds to the next accept while the process or the system has no file descriptor to spare. */
const PAUSE_MS = 20;
/** What accept(2) says then. Any other error is of one connection, which its client has reset for example. */
const NO_DESCRIPTOR: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** What answers a request. */
export type Handler = Deno.ServeHandler<Deno.NetAddr>;

/** Where to listen, and how long to wait. */
export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  /** Milliseconds that the head of a connection's first request may take; 0: as long as its client likes. */
  readonly headerTimeoutMs: number;
  /** As {@linkcode QUIET_MS}, which it is by default. */
  readonly quietMs?: number;
  /** Called when connections cannot be accepted for want of file descriptors; at most once in the time of a head. */
  readonly failed?: (error: unknown) => void;
}

/** What listens. */
export interface Listening {
  readonly port: number;
  /** Whether it gives up heads that do not arrive. */
  readonly bounded: boolean;
  /** Takes no more, and closes what is not being answered at once and the others then. */
  shutdown(): Promise<void>;
}

/** Serves one connection that was accepted; what Deno.serve() does for each of its own. */
export type ServeConnection = (
  socket: Deno.TcpConn,
  signal: Pick<AbortSignal, "addEventListener">,
  handler: Handler,
  onError: (error: unknown) => Response,
  onListen: (scheme: string) => void,
) => Pick<Deno.HttpServer, "finished" | "shutdown">;

/**
 * Deno.serve() shows nobody its connections, and waits for their heads without end. What can be given a connection is
 * in Deno, but not in its public interface: it may be gone in another version.
 */
export function connectionServer(): ServeConnection | null {
  const { internal } = Deno as unknown as { readonly internal?: symbol };
  const internals = internal && (Deno as unknown as Record<symbol, Readonly<Record<string, unknown>>>)[internal];
  const serve = internals?.["serveHttpOnConnection"];
  return typeof serve === "function" ? serve as ServeConnection : null;
}

/**
 * Listens, and answers each request by `handler`.
 *
 * @param serveConnection null: heads are waited for without end
 * @throws Error where the port cannot be had
 */
export function listen(options: ListenOptions, handler: Handler, serveConnection = connectionServer()): Listening {
  const { hostname, port, headerTimeoutMs } = options;
  if (headerTimeoutMs > 0 && serveConnection !== null) return new Bounded(options, handler, serveConnection);
  const server = Deno.serve({ hostname, port, onListen() {} }, handler);
  return { port: server.addr.port, bounded: false, shutdown: () => server.shutdown() };
}

/** The runtime tells what a handler throws, and answers 500. */
function raise(error: unknown): never {
  throw error;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What ends a connection's server at once, where it is called. */
type Signal = Parameters<ServeConnection>[1];

/** A connection that is served. */
class Connection {
  /** Of the last request on it. */
  last: Deno.ServeHandlerInfo<Deno.NetAddr> | undefined;
  readonly #server: ReturnType<ServeConnection>;
  #cut = () => {};

  /** @param until the tick at which it is closed @param ended called once it has */
  constructor(public until: number, serve: (signal: Signal) => ReturnType<ServeConnection>, ended: () => void) {
    // What a signal would do, to be called where it may throw: a connection may have ended by itself just now.
    const server = serve({ addEventListener: (_: string, cut: unknown) => void (this.#cut = cut as () => void) });
    const failed = () => {
      ended();
      return server.shutdown(); // what is left of a connection that was reset
    };
    server.finished.then(ended, failed).catch(() => {});
    this.#server = server;
  }

  /** A request began on it. */
  asked(info: Deno.ServeHandlerInfo<Deno.NetAddr>, until: number): void {
    this.last = info;
    this.until = until;
  }

  /** Whether its last request is not answered yet, or its answer still on its way. */
  get isBusy(): boolean {
    try {
      // The runtime gives no address of a request that is over, and asking costs only here.
      return this.last?.remoteAddr !== undefined;
    } catch {
      return false;
    }
  }

  /** Closes it at once: a graceful shutdown would wait for the rest of a body that nobody reads, or of a head. */
  cut(): void {
    try {
      this.#cut();
    } catch { // It has ended.
    }
  }

  /** Closes it once its last request is answered. */
  close(): Promise<void> {
    return this.#server.shutdown();
  }
}

/** Takes its connections itself, and closes those whose clients keep silent. One timer serves all. */
class Bounded implements Listening {
  readonly port: number;
  readonly bounded = true;
  readonly #listener: Deno.TcpListener;
  readonly #handler: Handler;
  readonly #serveConnection: ServeConnection;
  readonly #failed: (error: unknown) => void;
  readonly #connections = new Set<Connection>();
  readonly #quietTicks: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #tick = 0;
  #closing = false;

  constructor(
    { hostname, port, headerTimeoutMs, quietMs = QUIET_MS, failed = () => {} }: ListenOptions,
    handler: Handler,
    serveConnection: ServeConnection,
  ) {
    this.#handler = handler;
    this.#serveConnection = serveConnection;
    this.#failed = failed;
    this.#listener = Deno.listen({ hostname, port });
    this.port = this.#listener.addr.port;
    const tickMs = Math.max(1, headerTimeoutMs / TICKS);
    this.#quietTicks = Math.ceil(quietMs / tickMs);
    this.#timer = setInterval(() => this.#look(), tickMs);
    this.#acceptAll();
  }

  async #acceptAll(): Promise<void> {
    let toldAt = -Infinity;
    while (!this.#closing) {
      try {
        this.#take(await this.#listener.accept());
      } catch (error) {
        if (this.#closing) return;
        if (!NO_DESCRIPTOR.has((error as { code?: unknown }).code)) continue;
        if (this.#tick - toldAt > TICKS) {
          this.#failed(error);
          toldAt = this.#tick;
        }
        await pause(PAUSE_MS);
      }
    }
  }

  #take(socket: Deno.TcpConn): void {
    if (this.#closing) return socket.close();
    const handler: Handler = (request, info) => {
      connection.asked(info, this.#tick + this.#quietTicks + 1);
      return this.#handler(request, info);
    };
    const serve = (signal: Signal) => this.#serveConnection(socket, signal, handler, raise, () => {});
    let connection: Connection;
    try {
      connection = new Connection(this.#tick + TICKS + 1, serve, () => this.#connections.delete(connection));
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#connections.add(connection);
  }

  #look(): void {
    this.#tick++;
    for (const connection of this.#connections) {
      if (connection.until <= this.#tick && !connection.isBusy) connection.cut();
    }
  }

  async shutdown(): Promise<void> {
    this.#closing = true;
    this.#listener.close();
    const resting = [...this.#connections].filter(({ isBusy }) => !isBusy).map((each) => [each, each.last] as const);
    await pause(SENT_MS);
    for (const [each, last] of resting) {
      if (each.last === last) each.cut();
    }
    await Promise.allSettled([...this.#connections].map((connection) => connection.close()));
    clearInterval(this.#timer);
  }
}
