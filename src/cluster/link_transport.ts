/** How do nodes reach one another? By one link from each to each, which is kept. */
import { NotLinked } from "./dial.ts";
import { Link, type LinkContext } from "./link.ts";
import type { Member } from "./member.ts";
import type { Status } from "./reply.ts";
import { COMMANDS, type Transport } from "./transport.ts";

/** Times that it is told: an address may be anyone's. */
const TOLD_MAX = 100;

/** What the links work with. */
export interface LinkTransportOptions extends Omit<LinkContext, "gone"> {
  /** Told once where what listens at a node's address is no peer of this node, and why. */
  readonly noPeer: (url: string, why: string) => void;
}

/** The network between nodes. */
export class LinkTransport implements Transport {
  readonly #links = new Map<string, Link>();
  readonly #told = new Set<string>();

  constructor(readonly options: LinkTransportOptions) {}

  send(
    member: Member,
    what: string,
    text: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<Status> {
    // Commands are for one incarnation alone; whoever else listens at its address is pinged and greeted as well.
    const sending = { what, text, ...what === COMMANDS && { only: member } };
    return this.#linkTo(member.url).send(sending, signal, onLine);
  }

  #linkTo(url: string): Link {
    const known = this.#links.get(url);
    if (known !== undefined) return known;
    const gone = (link: Link, why?: NotLinked) => {
      if (this.#links.get(url) === link) this.#links.delete(url);
      if (why?.status === "no_peer") this.#tell(url, why);
    };
    const link = new Link(url, { ...this.options, gone });
    this.#links.set(url, link);
    return link;
  }

  #tell(url: string, { message, cause }: NotLinked): void {
    const why = (cause as Error | undefined)?.message ?? message;
    if (this.#told.has(`${url} ${why}`) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(`${url} ${why}`);
    this.options.noPeer(url, why);
  }

  /** Ends its connections. */
  close(): void {
    for (const link of this.#links.values()) link.close();
  }
}
