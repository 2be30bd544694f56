/** How does a long list leave as CSV (RFC 4180)? Page by page, each read when the client is ready for it. */
import type { Answered } from "./answer.ts";
import { headersOf, type RequestId } from "./request_id.ts";

const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/** A field, in quotes where it needs them. */
export function csvField(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lists that are under way on this node. */
export class CsvStreams {
  readonly #open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #encoder = new TextEncoder();

  /**
   * Answers with a list. Where a page cannot be read, the connection is broken off: no list that is cut short looks whole.
   *
   * @param file what a browser is to call it
   * @param pages texts of whole lines, from first to last; none is asked for where the request is a HEAD
   */
  answer(request: Request, id: RequestId, file: string, pages: AsyncIterator<string>): Answered {
    const headers = {
      ...headersOf(id, "text/csv; charset=utf-8; header=present"),
      "content-disposition": `attachment; filename="${file}"`,
      "cache-control": "no-store",
    };
    const body = request.method === "HEAD" ? null : this.#stream(pages);
    return { response: new Response(body, { headers }), code: undefined, error: undefined };
  }

  /** Breaks off all that is under way: the server's end would wait for it. */
  close(): void {
    for (const controller of this.#open) controller.error(new Error("Cannot go on as this node is leaving"));
    this.#open.clear();
  }

  #stream(pages: AsyncIterator<string>): ReadableStream<Uint8Array> {
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#open.add(controller);
      },
      pull: async (controller) => {
        try {
          const { done, value } = await pages.next();
          if (!this.#open.has(controller)) return;
          if (!done) return controller.enqueue(this.#encoder.encode(value));
          this.#open.delete(controller);
          controller.close();
        } catch (error) {
          this.#open.delete(controller);
          throw error;
        }
      },
      cancel: () => void this.#open.delete(own),
    });
  }
}
