/**
 * Gives every connection its turn. The runtime completes reads and writes that do not block immediately, and polls the system
 * for other sockets only when none of those are left. If answers are cheap, connections with fast clients would starve the
 * others for a tenth of a second and more. So after a number of requests all connections wait until the runtime has polled.
 * A byte that arrives over a connection of the process with itself proves that it has. A timer would prove it too, but the
 * shortest one takes a millisecond.
 */

/** Requests of all connections together after which they wait: 2 ms of the cheapest answers. */
const REQUESTS_MAX = 128;
const BYTE = new Uint8Array(1);

/** A connection of this process with itself. */
interface Loop {
  readonly from: Deno.TcpConn;
  readonly to: Deno.TcpConn;
}

/** The turns of the connections of one listener. */
export class Turns {
  #requests = 0;
  #round: PromiseWithResolvers<void> | undefined;
  #loop: Loop | undefined;
  #isClosed = false;
  /** Ends a round if there is no loop. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#open().catch(() => {}); // Then the timer is used.
  }

  /**
   * What a connection waits for between an answer and its next request; undefined if it need not wait.
   *
   * @param isNextHere whether its next request has been read already: a client that does not wait for answers would
   * monopolize the thread
   */
  afterAnswer(isNextHere: boolean): Promise<void> | undefined {
    if (this.#round !== undefined || ++this.#requests >= REQUESTS_MAX) return (this.#round ??= this.#begin()).promise;
    return isNextHere ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  }

  /** Lets all continue; from now on no one waits. */
  close(): void {
    this.#isClosed = true;
    if (this.#loop !== undefined) close(this.#loop.to);
    this.#end();
  }

  #begin(): PromiseWithResolvers<void> {
    const end = () => this.#end();
    if (this.#loop === undefined) this.#timer = setTimeout(end, 0);
    else this.#loop.from.write(BYTE).catch(end);
    return Promise.withResolvers();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#requests = 0;
    this.#round?.resolve();
    this.#round = undefined;
  }

  async #open(): Promise<void> {
    const loop = await loopOfOne();
    this.#loop = loop;
    try {
      if (this.#isClosed) return;
      const bytes = new Uint8Array(16);
      while (await loop.to.read(bytes) !== null) this.#end();
    } finally {
      this.#loop = undefined;
      for (const end of [loop.from, loop.to]) close(end);
      this.#end();
    }
  }
}

async function loopOfOne(): Promise<Loop> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const from = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    from.setNoDelay(true);
    for (;;) {
      const to = await listener.accept();
      if ((to.remoteAddr as Deno.NetAddr).port === (from.localAddr as Deno.NetAddr).port) return { from, to };
      to.close(); // Another process connected.
    }
  } finally {
    listener.close();
  }
}

function close(end: Deno.TcpConn): void {
  try {
    end.close();
  } catch { // It is closed already.
  }
}
