/**
 * Streams a sale's counters as server-sent events (WHATWG HTML, 9.2), at most four per second. A watched sale is read once
 * per round, however many watch it, and an event is sent only if it changed. The newest sales are read in every round, older
 * ones in rotation, so that they hardly delay the newest. A stream of the current sale continues with the next sale when the
 * hour turns, and says so.
 */
import type { SaleSummary, SaleViews } from "../../ports/mod.ts";
import { type Answered, refusal } from "../answers/answer.ts";
import { headersOf, type RequestId } from "../requests/request_id.ts";
import { showSale } from "../answers/sale_shown.ts";

/** Milliseconds between two rounds. */
export const ROUND_MS = 250;
/** Maximum number of streams per node; one more is refused with `overloaded`. */
export const STREAMS_MAX = 10_000;
/** Numbers of newest sales and of older ones that each round reads. */
const NEWEST = 4, OLDER = 4;
/** Rounds without an event after which a comment is sent, so that no proxy closes the stream. */
const QUIET_ROUNDS = 60;

const QUIET = new TextEncoder().encode(":\n\n");

interface Watcher {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Whether it continues with the sale of the next hour. */
  readonly followsCurrent: boolean;
  /** The last event that it was sent. */
  told: string;
  /** The key of the sale that this event was of. */
  toldOf: string;
  watched: Watched;
}

interface Watched {
  readonly number: number;
  readonly watchers: Set<Watcher>;
  /** The last event that was read. */
  last: string;
  quietRounds: number;
}

export class SaleStreams {
  readonly #sales = new Map<number, Watched>();
  readonly #encoder = new TextEncoder();
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #reading = false;
  /** Index, among the older watched sales, of the next one to read. */
  #older = 0;
  #closed = false;

  /** @param streamsMax as {@linkcode STREAMS_MAX} */
  constructor(readonly views: Pick<SaleViews, "sale" | "current">, readonly streamsMax: number = STREAMS_MAX) {}

  /** Number of open streams. */
  get count(): number {
    return this.#count;
  }

  /**
   * Answers with a stream that begins with the sale as it is, or with the problem `overloaded` or `stopping`.
   *
   * @param followsCurrent whether it continues with the sale of the next hour
   */
  open(sale: SaleSummary, id: RequestId, followsCurrent: boolean = false): Answered {
    if (this.#closed) return refusal("stopping", id); // the shutdown waits for every stream
    if (this.#count >= this.streamsMax) return refusal("overloaded", id);
    const event = eventOf(sale);
    let stop = () => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(this.#encoder.encode(event));
        stop = this.#watch(sale, { controller, followsCurrent, told: event, toldOf: sale.key });
      },
      cancel: () => stop(),
    });
    const headers = { ...headersOf(id, "text/event-stream"), "cache-control": "no-store" };
    return { response: new Response(body, { headers }), code: undefined, error: undefined };
  }

  /** Ends all streams; no more can be opened. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { watchers } of this.#sales.values()) {
      for (const { controller } of watchers) controller.close();
      watchers.clear();
    }
    this.#sales.clear();
    this.#count = 0;
  }

  /** Reads the watched sales once and sends what changed. */
  async round(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      await this.#followCurrent();
      const read = this.#readNow();
      for (const number of read) {
        const sale = await this.views.sale(number);
        const watched = this.#sales.get(number);
        if (sale !== undefined && watched !== undefined) this.#tell(watched, sale);
      }
      const readNow = new Set(read);
      for (const [number, watched] of this.#sales) if (!readNow.has(number)) this.#rest(watched);
    } catch { // The next round tries again.
    } finally {
      this.#reading = false;
    }
  }

  /** The sales that this round reads: the newest, and the next few of the older ones. */
  #readNow(): number[] {
    const numbers = [...this.#sales.keys()].sort((a, b) => b - a);
    const older = numbers.splice(NEWEST);
    const next = [...older.slice(this.#older), ...older.slice(0, this.#older)].slice(0, OLDER);
    this.#older = older.length === 0 ? 0 : (this.#older + OLDER) % older.length;
    return [...numbers, ...next];
  }

  #watch(sale: SaleSummary, one: Omit<Watcher, "watched">): () => void {
    const watcher: Watcher = { ...one, watched: this.#watchedOf(sale) };
    watcher.watched.watchers.add(watcher);
    if (this.#count++ === 0) this.#timer = setInterval(() => this.round(), ROUND_MS);
    return () => {
      if (!this.#leave(watcher)) return;
      if (--this.#count === 0) clearInterval(this.#timer);
    };
  }

  #watchedOf(sale: SaleSummary): Watched {
    const { number } = sale;
    const watched = this.#sales.get(number) ?? { number, watchers: new Set(), last: eventOf(sale), quietRounds: 0 };
    this.#sales.set(number, watched);
    return watched;
  }

  #leave(watcher: Watcher): boolean {
    const { watchers, number } = watcher.watched;
    const wasThere = watchers.delete(watcher);
    if (watchers.size === 0) this.#sales.delete(number);
    return wasThere;
  }

  /** Moves the streams of the current sale to the sale of this hour, as soon as it exists. */
  async #followCurrent(): Promise<void> {
    const current = this.views.current();
    const late = () =>
      [...this.#sales.values()].filter(({ number }) => number < current)
        .flatMap(({ watchers }) => [...watchers].filter(({ followsCurrent }) => followsCurrent));
    if (late().length === 0) return;
    const sale = await this.views.sale(current);
    if (sale === undefined) return;
    for (const watcher of late()) { // some may have ended meanwhile
      this.#leave(watcher);
      watcher.watched = this.#watchedOf(sale);
      watcher.watched.watchers.add(watcher);
    }
  }

  /** A round in which a sale was not read: now and then a comment keeps its streams open. */
  #rest(watched: Watched): void {
    watched.quietRounds = (watched.quietRounds + 1) % QUIET_ROUNDS;
    if (watched.quietRounds > 0) return;
    for (const { controller } of watched.watchers) if ((controller.desiredSize ?? 0) > 0) controller.enqueue(QUIET);
  }

  #tell(watched: Watched, sale: SaleSummary): void {
    const event = eventOf(sale);
    watched.quietRounds = event === watched.last ? (watched.quietRounds + 1) % QUIET_ROUNDS : 0;
    const isQuiet = event === watched.last && watched.quietRounds === 0;
    watched.last = event;
    /** The encoded event by what precedes it, which is usually nothing. */
    const bytes = new Map<string, Uint8Array>();
    for (const watcher of watched.watchers) {
      const { controller, told, toldOf } = watcher;
      // A client that does not keep up gets the latest counters, not every change.
      if ((controller.desiredSize ?? 0) <= 0) continue;
      if (told !== event) {
        const before = toldOf === sale.key ? "" : turnOf(toldOf, sale.key);
        const encoded = bytes.get(before) ?? this.#encoder.encode(before + event);
        bytes.set(before, encoded);
        controller.enqueue(encoded);
        watcher.told = event;
        watcher.toldOf = sale.key;
      } else if (isQuiet) controller.enqueue(QUIET);
    }
  }
}

/** An event that says that from the next event on another sale is the current one. */
function turnOf(previous: string, id: string): string {
  return `event: current\ndata: ${JSON.stringify({ id, previous })}\n\n`;
}

function eventOf(sale: SaleSummary): string {
  return `data: ${JSON.stringify(showSale(sale))}\n\n`;
}
