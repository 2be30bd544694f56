/**
 * How do pages follow a sale? By server-sent events (WHATWG HTML, 9.2) of its counters, at most four a second. Each
 * sale that is watched is read once a round, however many watch it, and told only where it changed. Of many sales the
 * older ones are read by turns, so that they slow the newest ones' streams by little.
 */
import type { SaleSummary, SaleViews } from "../actors/ports.ts";
import { type Answered, refusal } from "./answer.ts";
import { headersOf, type RequestId } from "./request_id.ts";
import { showSale } from "./sale_shown.ts";

/** Time between two rounds, in milliseconds. */
export const ROUND_MS = 250;
/** Streams of this node; one more is refused with `overloaded`. */
export const STREAMS_MAX = 10_000;
/** Watched sales that each round reads, and how many of the older ones beside them. */
const NEWEST = 4, OLDER = 4;
/** Rounds without news after which a comment is sent, so that no proxy takes the stream for dead. */
const QUIET_ROUNDS = 60;

const QUIET = new TextEncoder().encode(":\n\n");

interface Watched {
  /** Each with the last event that it was told. */
  readonly watchers: Map<ReadableStreamDefaultController<Uint8Array>, string>;
  /** The last event that was read. */
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
  /** Place, among the older watched sales, of the next one to be read. */
  #older = 0;
  #closed = false;

  /** @param streamsMax streams that may be open */
  constructor(readonly views: Pick<SaleViews, "sale">, readonly streamsMax: number = STREAMS_MAX) {}

  /** Streams that are open. */
  get count(): number {
    return this.#count;
  }

  /** Answers with a stream that begins with the sale as it is; a problem `overloaded` or `stopping` where it may not. */
  open(sale: SaleSummary, id: RequestId): Answered {
    if (this.#closed) return refusal("stopping", id); // the server's end waits for every stream
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

  /** Ends all streams; none can be opened any more. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { watchers } of this.#sales.values()) {
      for (const watcher of watchers.keys()) watcher.close();
      watchers.clear();
    }
    this.#sales.clear();
    this.#count = 0;
  }

  /** Reads the watched sales once, and tells what is new. */
  async round(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const read = this.#readNow();
      for (const number of read) {
        const sale = await this.views.sale(number);
        const watched = this.#sales.get(number);
        if (sale !== undefined && watched !== undefined) this.#tell(watched, eventOf(sale));
      }
      const readNow = new Set(read);
      for (const [number, watched] of this.#sales) if (!readNow.has(number)) this.#rest(watched);
    } catch { // The next round may read it.
    } finally {
      this.#reading = false;
    }
  }

  /** The sales that this round reads: the newest, and of the older ones the next few. */
  #readNow(): number[] {
    const numbers = [...this.#sales.keys()].sort((a, b) => b - a);
    const older = numbers.splice(NEWEST);
    const next = [...older.slice(this.#older), ...older.slice(0, this.#older)].slice(0, OLDER);
    this.#older = older.length === 0 ? 0 : (this.#older + OLDER) % older.length;
    return [...numbers, ...next];
  }

  #watch(number: number, watcher: ReadableStreamDefaultController<Uint8Array>, event: string): () => void {
    const watched = this.#sales.get(number) ?? { watchers: new Map(), last: event, quietRounds: 0 };
    this.#sales.set(number, watched);
    watched.watchers.set(watcher, event);
    if (this.#count++ === 0) this.#timer = setInterval(() => this.round(), ROUND_MS);
    return () => {
      if (!watched.watchers.delete(watcher)) return;
      if (watched.watchers.size === 0) this.#sales.delete(number);
      if (--this.#count === 0) clearInterval(this.#timer);
    };
  }

  /** A round in which a sale was not read: who waits is shown that the stream lives. */
  #rest(watched: Watched): void {
    watched.quietRounds = (watched.quietRounds + 1) % QUIET_ROUNDS;
    if (watched.quietRounds > 0) return;
    for (const watcher of watched.watchers.keys()) if ((watcher.desiredSize ?? 0) > 0) watcher.enqueue(QUIET);
  }

  #tell(watched: Watched, event: string): void {
    watched.quietRounds = event === watched.last ? (watched.quietRounds + 1) % QUIET_ROUNDS : 0;
    const isQuiet = event === watched.last && watched.quietRounds === 0;
    watched.last = event;
    let bytes: Uint8Array | undefined;
    for (const [watcher, told] of watched.watchers) {
      // Who does not keep up is told the next counters that there are, not each of them.
      if ((watcher.desiredSize ?? 0) <= 0) continue;
      if (told !== event) {
        watcher.enqueue(bytes ??= this.#encoder.encode(event));
        watched.watchers.set(watcher, event);
      } else if (isQuiet) watcher.enqueue(QUIET);
    }
  }
}

function eventOf(sale: SaleSummary): string {
  return `data: ${JSON.stringify(showSale(sale))}\n\n`;
}
