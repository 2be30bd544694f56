/**
 * How does every connection have its turn? The runtime does at once what can be read or written at once, and asks the
 * system which sockets have become ready only when nothing of that kind is left. Where answers cost little, connections
 * whose clients are quick would keep the others out for a tenth of a second and more. So after some requests all
 * connections wait until the runtime has asked. It shows that it has by what it cannot know otherwise: that a byte came
 * over a connection on which it waits already. A timer would show it too, but the shortest one is a millisecond.
 */

/** Requests, of all connections together, after which they wait: 2 ms of answers that cost nothing. */
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
  /** Ends a round where there is no loop. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#open().catch(() => {}); // The timer serves, then.
  }

  /**
   * What a connection waits for between an answer and the next request; undefined where for nothing.
   *
   * @param isNextHere whether its next request was read already: a client that sends one after another without waiting
   * would have the thread to itself
   */
  afterAnswer(isNextHere: boolean): Promise<void> | undefined {
    if (this.#round !== undefined || ++this.#requests >= REQUESTS_MAX) return (this.#round ??= this.#begin()).promise;
    return isNextHere ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  }

  /** Lets all go on, and nobody wait any more for others. */
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
      to.close(); // Somebody else's.
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
