/** How do nodes reach one another? Batches of commands over one link a node, which is kept; all else by `fetch`. */
import type { Clock } from "../actors/ports.ts";
import { PATHS } from "./calls.ts";
import { Link } from "./link.ts";
import { FetchTransport, type Transport } from "./transport.ts";

/** The network between nodes. */
export class LinkTransport implements Transport {
  readonly #fetch: FetchTransport;
  readonly #headers: Record<string, string>;
  readonly #links = new Map<string, Link>();

  /** @param secret shown to every node */
  constructor(secret: string, readonly clock: Clock) {
    this.#fetch = new FetchTransport(secret);
    this.#headers = { authorization: `Bearer ${secret}` };
  }

  send(
    url: string,
    path: string,
    message: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<number> {
    if (path !== PATHS.link) return this.#fetch.send(url, path, message, signal, onLine);
    return this.#linkTo(url + path).send(message, signal, onLine);
  }

  #linkTo(url: string): Link {
    const known = this.#links.get(url);
    if (known !== undefined) return known;
    const gone = (link: Link) => void (this.#links.get(url) === link && this.#links.delete(url));
    const link = new Link(url, this.#headers, this.clock, gone);
    this.#links.set(url, link);
    return link;
  }

  /** Ends its connections. */
  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#fetch.close();
  }
}
