/** How are the answers of a PostgreSQL lost, and not what they answer? By a wire that is cut between. */
import { until } from "./until.ts";

/** Stands between a server and its PostgreSQL, and cuts all connections so that commits happen and their answers do not. */
export class Wire {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<() => void>();
  readonly #ended: Promise<void>[] = [];
  readonly #accepting: Promise<void>;
  readonly #target: URL;
  #isDeaf = false;
  /** Answers of PostgreSQL that were not passed on. */
  dropped = 0;

  /** @param target the database's url */
  constructor(target: string) {
    this.#target = new URL(target);
    this.#accepting = this.#accept();
  }

  /** The database's, by way of the wire. */
  get url(): string {
    const url = new URL(this.#target);
    url.port = String((this.#listener.addr as Deno.NetAddr).port);
    return url.href;
  }

  /** From now on no answer comes through, until one was dropped; then every connection is cut. */
  async cut(): Promise<void> {
    const before = this.dropped;
    this.#isDeaf = true;
    await until(() => this.dropped > before, { what: "an answer to be dropped", everyMs: 1 });
    for (const close of this.#open) close();
    this.#isDeaf = false;
  }

  /** Cuts all that is open, and takes no more. */
  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const close of this.#open) close();
    await Promise.all(this.#ended);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) this.#ended.push(this.#join(near));
  }

  async #join(near: Deno.Conn): Promise<void> {
    const far = await Deno.connect({ hostname: "127.0.0.1", port: Number(this.#target.port) });
    const close = () => {
      if (!this.#open.delete(close)) return;
      near.close();
      far.close();
    };
    this.#open.add(close);
    await Promise.all([
      pass(near, far, () => true),
      pass(far, near, () => {
        if (this.#isDeaf) this.dropped++;
        return !this.#isDeaf;
      }),
    ]);
    close();
  }
}

/** Passes bytes on as they come, those that `mayPass`, until either side is closed. */
async function pass(from: Deno.Conn, to: Deno.Conn, mayPass: () => boolean): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
      if (!mayPass()) continue;
      for (let sent = 0; sent < size;) sent += await to.write(buffer.subarray(sent, size));
    }
    await to.closeWrite();
  } catch {
    // Either side was closed or cut: so is the other.
  }
}
