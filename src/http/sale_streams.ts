/**
 * How do pages follow a sale? By server-sent events (WHATWG HTML, 9.2) of its counters, at most four a second. Each
 * sale that is watched is read once a round, however many watch it, and told only where it changed.
 */
import type { SaleSummary, SaleViews } from "../actors/ports.ts";
import { type Answered, refusal } from "./answer.ts";
import { headersOf, type RequestId } from "./request_id.ts";
import { showSale } from "./sale_shown.ts";

/** Time between two rounds, in milliseconds. */
export const ROUND_MS = 250;
/** Streams of this node; one more is refused with `overloaded`. */
export const STREAMS_MAX = 10_000;
/** Rounds without news after which a comment is sent, so that no proxy takes the stream for dead. */
const QUIET_ROUNDS = 60;

const QUIET = new TextEncoder().encode(":\n\n");

interface Watched {
  readonly watchers: Set<ReadableStreamDefaultController<Uint8Array>>;
  /** The last event that was told. */
  last: string;
  quietRounds: number;
}

/** The streams of this node. */
export class SaleStreams {
  readonly #sales = new Map<number, Watched>();
  readonly #encoder = new TextEncoder();
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #reading = false;

  /** @param streamsMax streams that may be open */
  constructor(readonly views: Pick<SaleViews, "sale">, readonly streamsMax: number = STREAMS_MAX) {}

  /** Streams that are open. */
  get count(): number {
    return this.#count;
  }

  /** Answers with a stream that begins with the sale as it is; a problem `overloaded` where too many are open. */
  open(sale: SaleSummary, id: RequestId): Answered {
    if (this.#count >= this.streamsMax) return refusal("overloaded", id);
    const event = eventOf(sale);
    let stop = () => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(this.#encoder.encode(event));
        stop = this.#watch(sale.number, controller, event);
      },
      cancel: () => stop(),
    });
    const headers = { ...headersOf(id, "text/event-stream"), "cache-control": "no-store" };
    return { response: new Response(body, { headers }), code: undefined, error: undefined };
  }

  /** Ends all streams. */
  close(): void {
    clearInterval(this.#timer);
    for (const { watchers } of this.#sales.values()) for (const watcher of watchers) watcher.close();
    this.#sales.clear();
    this.#count = 0;
  }

  /** Reads the watched sales once, and tells what is new. */
  async round(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (const [number, watched] of this.#sales) {
        const sale = await this.views.sale(number);
        if (sale !== undefined) this.#tell(watched, eventOf(sale));
      }
    } catch { // The next round may read it.
    } finally {
      this.#reading = false;
    }
  }

  #watch(number: number, watcher: ReadableStreamDefaultController<Uint8Array>, event: string): () => void {
    const watched = this.#sales.get(number) ?? { watchers: new Set(), last: event, quietRounds: 0 };
    this.#sales.set(number, watched);
    watched.watchers.add(watcher);
    if (this.#count++ === 0) this.#timer = setInterval(() => this.round(), ROUND_MS);
    return () => {
      if (!watched.watchers.delete(watcher)) return;
      if (watched.watchers.size === 0) this.#sales.delete(number);
      if (--this.#count === 0) clearInterval(this.#timer);
    };
  }

  #tell(watched: Watched, event: string): void {
    const isNew = event !== watched.last;
    watched.quietRounds = isNew ? 0 : watched.quietRounds + 1;
    if (!isNew && watched.quietRounds < QUIET_ROUNDS) return;
    watched.last = event;
    watched.quietRounds = 0;
    const bytes = isNew ? this.#encoder.encode(event) : QUIET;
    // Who does not keep up is told the next counters that there are, not each of them.
    for (const watcher of watched.watchers) if ((watcher.desiredSize ?? 0) > 0) watcher.enqueue(bytes);
  }
}

function eventOf(sale: SaleSummary): string {
  return `data: ${JSON.stringify(showSale(sale))}\n\n`;
}
