/** How do nodes reach each other? By one link per pair and direction, which is kept. */
import { NotLinked } from "./dial.ts";
import type { ClusterEvents } from "./events.ts";
import { Link, type LinkContext } from "./link.ts";
import type { Member } from "./member.ts";
import type { Status } from "./reply.ts";
import { COMMANDS, type Transport } from "./transport.ts";

/** Maximum of reports that an address has no peer: the address may be anyone's. */
const TOLD_MAX = 100;

export interface LinkTransportOptions extends Omit<LinkContext, "gone"> {
  /** Of each address and reason it is called once. */
  readonly events: Pick<ClusterEvents, "noPeer">;
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
    // Commands are for one incarnation only; pings and greetings are for whichever node listens at its address.
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
    this.options.events.noPeer(url, why);
  }

  /** Ends all links. */
  close(): void {
    for (const link of this.#links.values()) link.close();
  }
}
