/** How is one node cut from the others? Each is reached through a proxy that knows which process dials it. */
import { freePort } from "../../tools/services.ts";

/** Sockets' inodes by their local ports, of TCP over IPv4. */
function inodeOf(port: number): string | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const line of Deno.readTextFileSync("/proc/net/tcp").split("\n")) {
    const [, address, , , , , , , , inode] = line.trim().split(/\s+/);
    if (address === local && inode !== "0") return inode;
  }
  return undefined;
}

/** Whether a process has a socket. */
function holds(pid: number, inode: string): boolean {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].some(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/${pid}/fd/${name}`) === `socket:[${inode}]`;
      } catch {
        return false; // It was closed meanwhile.
      }
    });
  } catch {
    return false; // It has ended.
  }
}

interface Link {
  readonly from: number;
  readonly to: number;
  readonly close: () => void;
}

/** The peers' network of a cluster. While a node is cut, what is sent between it and the others is swallowed. */
export class Partition {
  readonly ports: readonly number[];
  readonly #listeners: Deno.Listener[] = [];
  readonly #links = new Set<Link>();
  readonly #running: Promise<void>[] = [];
  #cut: number | undefined;
  /** Pieces that were swallowed. */
  swallowed = 0;

  /** @param pids of the nodes, by place */
  constructor(nodes: number, readonly pids: () => readonly number[]) {
    this.ports = Array.from({ length: nodes }, freePort);
  }

  /** Where a node is reached; listens on its behalf from the first call on. */
  urlOf(place: number, target: number): string {
    const port = this.ports[place]!;
    if (this.#listeners[place] === undefined) {
      this.#listeners[place] = Deno.listen({ hostname: "127.0.0.1", port });
      this.#running.push(this.#accept(this.#listeners[place], place, target));
    }
    return `http://127.0.0.1:${port}`;
  }

  /** Cuts a node from all others. */
  cut(place: number): void {
    this.#cut = place;
  }

  /** Joins them again; connections that lost something are reset. */
  heal(): void {
    for (const link of [...this.#links]) if (this.#isCut(link)) link.close();
    this.#cut = undefined;
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    for (const { close } of [...this.#links]) close();
    await Promise.all(this.#running);
  }

  #isCut({ from, to }: Pick<Link, "from" | "to">): boolean {
    return this.#cut !== undefined && (this.#cut === from) !== (this.#cut === to);
  }

  async #accept(listener: Deno.Listener, to: number, target: number): Promise<void> {
    for await (const near of listener) {
      const inode = inodeOf((near.remoteAddr as Deno.NetAddr).port);
      const from = inode === undefined ? -1 : this.pids().findIndex((pid) => holds(pid, inode));
      this.#running.push(this.#join(near, from, to, target));
    }
  }

  async #join(near: Deno.Conn, from: number, to: number, target: number): Promise<void> {
    const far = await Deno.connect({ hostname: "127.0.0.1", port: target }).catch(() => undefined);
    if (far === undefined) return near.close();
    const link: Link = {
      from,
      to,
      close: () => {
        if (!this.#links.delete(link)) return;
        near.close();
        far.close();
      },
    };
    this.#links.add(link);
    await Promise.all([this.#pass(near, far, link), this.#pass(far, near, link)]);
  }

  async #pass(source: Deno.Conn, sink: Deno.Conn, link: Link): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let size = await source.read(buffer); size !== null; size = await source.read(buffer)) {
        if (this.#isCut(link)) {
          this.swallowed++;
          continue;
        }
        for (let sent = 0; sent < size;) sent += await sink.write(buffer.subarray(sent, size));
      }
    } catch {
      // Either side was closed: so is the other.
    }
    link.close();
  }
}
