/**
 * Streams files of millions of lines. A stream reads its next page when the client has taken the previous one, so it needs
 * the memory of one page, and a client that leaves ends the work. All streams together read one page at a time, so files use
 * at most one database session. A stream that cannot continue fails: a partial file never looks complete.
 */
import { Fault } from "../../ports/mod.ts";
import { type Answered, refusal } from "./answer.ts";
import { csvLine } from "../../csv/cells.ts";
import { headersOf, type RequestId } from "../requests/request_id.ts";

/** Maximum number of files that a node sends at a time; one more is refused with `overloaded`. */
export const FILES_MAX = 16;
/** A stream whose client reads nothing for this many milliseconds is ended. */
export const STALLED_MS = 300_000;

export interface CsvFile {
  /** The file name without its extension. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Its lines, page by page. */
  readonly pages: AsyncGenerator<readonly (readonly (string | number)[])[], void>;
}

interface OpenFile {
  takenAt: number;
  fail(error: Fault): void;
}

/** The files that this node is sending. */
export class CsvStreams {
  readonly #open = new Set<OpenFile>();
  readonly #encoder = new TextEncoder();
  #reading: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  /** @param filesMax maximum number of open files @param stalledMs as {@linkcode STALLED_MS} */
  constructor(readonly filesMax: number = FILES_MAX, readonly stalledMs: number = STALLED_MS) {}

  /** Number of open files. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Answers with a file, or with the problem `overloaded` or `stopping`. The first page is read before the answer, so that a
   * database that does not respond becomes a problem too.
   *
   * @throws Fault if the first page cannot be read
   */
  async open(file: CsvFile, { method }: Request, id: RequestId): Promise<Answered> {
    const headers = {
      ...headersOf(id, "text/csv; charset=utf-8; header=present"),
      "content-disposition": dispositionOf(file.name),
      "cache-control": "no-store",
    };
    if (method === "HEAD") return answered(null, headers);
    if (this.#closed) return refusal("stopping", id); // the shutdown waits for every stream
    if (this.#open.size >= this.filesMax) return refusal("overloaded", id);
    let failure: Fault | undefined;
    const open: OpenFile = { takenAt: performance.now(), fail: (error) => void (failure = error) };
    this.#add(open);
    try {
      let next: Promise<IteratorResult<string, void>> | undefined = Promise.resolve(await this.#next(file));
      let isFirst = true;
      const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
        open.takenAt = performance.now();
        try {
          const { value, done } = await (next ?? this.#next(file));
          next = undefined;
          if (failure !== undefined) throw failure;
          const header = isFirst ? csvLine(file.columns) : "";
          isFirst = false;
          if (!done || header !== "") controller.enqueue(this.#encoder.encode(header + (value ?? "")));
          if (!done) return;
          this.#remove(open);
          controller.close();
        } catch (error) {
          this.#remove(open);
          controller.error(error);
        }
      };
      const cancel = async () => {
        this.#remove(open);
        await file.pages.return();
      };
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          open.fail = (error) => {
            this.#remove(open);
            failure = error;
            controller.error(error);
          };
        },
        pull,
        cancel,
      }, { highWaterMark: 0 });
      return answered(body, headers);
    } catch (error) {
      this.#remove(open);
      throw error;
    }
  }

  /** Fails all streams; no more can be opened. */
  close(): void {
    this.#closed = true;
    for (const open of [...this.#open]) open.fail(new Fault("stopping", "Cannot stream on as this node stops"));
  }

  /** The lines of the next page, as soon as no other page is being read. */
  #next({ pages }: CsvFile): Promise<IteratorResult<string, void>> {
    const next = this.#reading.then(async (): Promise<IteratorResult<string, void>> => {
      const { value, done } = await pages.next();
      return done ? { done, value: undefined } : { done: false, value: value!.map(csvLine).join("") };
    });
    this.#reading = next.catch(() => {});
    return next;
  }

  #add(open: OpenFile): void {
    if (this.#open.size === 0) this.#timer = setInterval(() => this.#giveUp(), this.stalledMs / 2);
    this.#open.add(open);
  }

  #remove(open: OpenFile): void {
    this.#open.delete(open);
    if (this.#open.size === 0) clearInterval(this.#timer);
  }

  #giveUp(): void {
    for (const open of [...this.#open]) {
      if (performance.now() - open.takenAt < this.stalledMs) continue;
      open.fail(new Fault("deadline", "Cannot stream on as the client takes nothing"));
    }
  }
}

function answered(body: ReadableStream<Uint8Array> | null, headers: Record<string, string>): Answered {
  return { response: new Response(body, { headers }), code: undefined, error: undefined };
}

/** RFC 6266: an ASCII name for old clients, and the full one. */
function dispositionOf(name: string): string {
  const ascii = name.replace(/[^\w.-]/g, "_");
  const whole = encodeURIComponent(name).replace(/['()*]/g, (it) => "%" + it.charCodeAt(0).toString(16));
  return `attachment; filename="${ascii}.csv"; filename*=UTF-8''${whole}.csv`;
}
