/** Accepts connections and closes those that stay idle. One timer serves all of them. */
import { Connection, type ConnectionHost, type Handler } from "./wire/connection.ts";
import type { WireRefusal } from "./wire/request_head.ts";
import { Turns } from "./wire/turns.ts";

export type { Handler } from "./wire/connection.ts";
export type { WireRefusal } from "./wire/request_head.ts";

/** A connection is closed if no request began on it, or its client read nothing of an answer, for this many milliseconds. */
export const QUIET_MS = 120_000;

/** As {@linkcode QUIET_MS}, while no file descriptor is free for another connection. */
const SHORT_MS = 1_000;
/** Milliseconds that a client may take to close its connection after the last answer. */
const LINGER_MS = 2_000;
/** Ticks in the time that a request head may take. A connection that exceeds it is closed within one more tick. */
const TICKS = 10;
const TICK_MAX_MS = 1_000;
/** An answer written this many milliseconds ago has been sent: cutting its connection loses nothing. */
const SENT_MS = 50;
/** Milliseconds until the next accept while the process or the system is out of file descriptors. */
const PAUSE_MS = 20;
/** Errors of accept(2) that mean a lack of descriptors or memory. Any other error concerns one connection, such as a reset by its client. */
const NO_DESCRIPTOR: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/**
 * File descriptors that are kept free for the rest of the process after connections once used all of them; at most a
 * quarter of what there is. The runtime exits if it must load a module and cannot open a file.
 */
const SPARE = 16;
/** Milliseconds for which they are kept free after the last shortage. */
const SPARE_MS = 60_000;

/** Where to listen, and how long to wait. */
export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  /** Milliseconds that a request's head may take, for the first one counted from the connection; 0 means no limit. */
  readonly headerTimeoutMs: number;
  /** Default {@linkcode QUIET_MS}. */
  readonly quietMs?: number;
  /** Default {@linkcode SHORT_MS}. */
  readonly shortMs?: number;
  /** Called when no connection can be accepted for lack of file descriptors; at most once in ten seconds. */
  readonly failed?: (error: unknown) => void;
  /** Makes the answer to malformed requests and to HTTP/2. */
  readonly refuse?: (why: WireRefusal, detail: string) => Response;
}

export interface Listening {
  readonly port: number;
  /** Accepts no more connections; closes idle ones at once and the others when their request has been answered. */
  shutdown(): Promise<void>;
}

/**
 * Listens, and answers each request by `handler`, which must not throw.
 *
 * @throws Error if the port cannot be opened
 */
export function listen(options: ListenOptions, handler: Handler): Listening {
  return new Listener(options, handler);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function bare(_why: WireRefusal, detail: string): Response {
  return new Response(detail, { status: 400 });
}

/** Milliseconds between two reports of a lack of file descriptors. */
const REPORT_MS = 10_000;

class Listener implements Listening, ConnectionHost {
  readonly port: number;
  readonly fallbackHost: string;
  readonly headTicks: number;
  readonly quietTicks: number;
  readonly lingerTicks: number;
  readonly refuse: (why: WireRefusal, detail: string) => Response;
  readonly turns: Turns;
  tick = 0;
  isClosing = false;
  readonly #shortTicks: number;
  /** The tick until which file descriptors are considered scarce. */
  #shortUntil = -1;
  readonly #reportTicks: number;
  readonly #spareTicks: number;
  /** The number of connections that the descriptors are known to allow. */
  #connectionsMax = Infinity;
  readonly #failed: (error: unknown) => void;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Connection>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: ListenOptions, readonly handler: Handler) {
    const { hostname, port, headerTimeoutMs, quietMs = QUIET_MS, shortMs = SHORT_MS } = options;
    this.refuse = options.refuse ?? bare;
    this.#failed = options.failed ?? (() => {});
    this.#listener = Deno.listen({ hostname, port });
    this.turns = new Turns(); // after the listen, which may throw
    this.port = this.#listener.addr.port;
    this.fallbackHost = `localhost:${this.port}`;
    const tickMs = Math.max(
      1,
      Math.min(headerTimeoutMs || Infinity, quietMs, shortMs * TICKS, TICK_MAX_MS * TICKS) / TICKS,
    );
    const ticks = (ms: number) => Math.ceil(ms / tickMs) + 1;
    this.headTicks = headerTimeoutMs === 0 ? Infinity : ticks(headerTimeoutMs);
    this.quietTicks = ticks(quietMs);
    this.lingerTicks = ticks(Math.min(LINGER_MS, quietMs));
    this.#shortTicks = ticks(shortMs);
    this.#reportTicks = ticks(REPORT_MS);
    this.#spareTicks = ticks(SPARE_MS);
    this.#timer = setInterval(() => this.#look(), tickMs);
    this.#acceptAll();
  }

  async #acceptAll(): Promise<void> {
    let reportedAt = -Infinity;
    while (!this.isClosing) {
      if (this.#connections.size >= this.#connectionsMax) {
        this.#shortUntil = this.tick + 1;
        await pause(PAUSE_MS);
        continue;
      }
      try {
        this.#take(await this.#listener.accept());
      } catch (error) {
        if (this.isClosing) return;
        if (!NO_DESCRIPTOR.has((error as { code?: unknown }).code)) continue;
        this.#shortUntil = this.tick + 1;
        this.#makeSpare();
        if (this.tick - reportedAt > this.#reportTicks) {
          this.#failed(error);
          reportedAt = this.tick;
        }
        await pause(PAUSE_MS);
      }
    }
  }

  /** Closes the connections that have waited longest for their clients, and accepts fewer from now on. */
  #makeSpare(): void {
    const { size } = this.#connections;
    const spare = Math.min(SPARE, size >> 2);
    this.#connectionsMax = Math.max(1, size - spare);
    const waiting = [...this.#connections].filter(({ phase }) => phase !== "answer");
    waiting.sort((one, other) => one.since - other.since);
    for (const connection of waiting.slice(0, spare)) connection.cut();
  }

  #take(socket: Deno.TcpConn): void {
    if (this.isClosing) return socket.close();
    let connection: Connection;
    try {
      connection = new Connection(socket, this);
    } catch { // The client reset it.
      return socket.close();
    }
    this.#connections.add(connection);
    connection.ended.then(() => this.#connections.delete(connection));
  }

  #look(): void {
    this.tick++;
    const isShort = this.tick <= this.#shortUntil;
    if (this.tick - this.#shortUntil > this.#spareTicks) this.#connectionsMax = Infinity;
    for (const connection of this.#connections) {
      if (connection.phase === "answer") continue;
      const isLate = connection.until <= this.tick || isShort && this.tick - connection.since >= this.#shortTicks;
      if (isLate) connection.cut();
    }
  }

  async shutdown(): Promise<void> {
    this.isClosing = true;
    this.#listener.close();
    const resting = [...this.#connections].filter(isResting).map((each) => [each, each.answered] as const);
    await pause(SENT_MS);
    for (const [each, answered] of resting) {
      if (isResting(each) && each.answered === answered) each.cut();
    }
    await Promise.all([...this.#connections].map(({ ended }) => ended));
    clearInterval(this.#timer);
    this.turns.close();
  }
}

/** Whether it waits for its client and has nothing left to send. */
function isResting({ phase }: Connection): boolean {
  return phase === "head" || phase === "end";
}
