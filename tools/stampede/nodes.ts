/** How are the nodes asked? Each request goes to one of them at random. */
import type { Reply } from "./ledger.ts";
import type { Random } from "../random.ts";

/** Longer than a node lets a command wait. */
const TIMEOUT_MS = 15_000;
/** How often a page is asked for before it is given up, and for how long between. */
const READS = 20;
const PAUSE_MS = 250;

/** The nodes. */
export class Nodes {
  readonly #headers: Readonly<Record<string, string>>;

  /** @param token shown with each request, unless it is empty */
  constructor(readonly urls: readonly string[], readonly random: Random, token: string = "") {
    this.#headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  }

  /** Sends a request; never throws: an answer that did not come has status 0. */
  async send(method: string, path: string): Promise<Reply> {
    const startedAt = performance.now();
    try {
      const url = this.urls[this.random(this.urls.length)]! + path;
      const response = await fetch(url, { method, headers: this.#headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      return { status: response.status, body: JSON.parse(text) ?? {}, ms: performance.now() - startedAt };
    } catch (error) {
      return { status: 0, body: { detail: String(error) }, ms: performance.now() - startedAt };
    }
  }

  /**
   * Reads something, of any node that answers.
   *
   * @returns its body, or undefined where there is none (404)
   * @throws Error where no node answers, or one refuses
   */
  async read<Body>(path: string, tries: number = READS): Promise<Body | undefined> {
    for (let left = tries;; left--) {
      const { status, body } = await this.send("GET", path);
      if (status === 200) return body as Body;
      if (status === 404) return undefined;
      if (left <= 1 || (status !== 0 && status !== 503)) {
        const said = status === 0 ? "no answer" : String(status);
        const why = body["detail"] ?? body["code"] ?? "";
        throw new Error(`Cannot read ${path} of ${this.urls.join(", ")}: ${said} ${why}`.trim());
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Does something with each of many, so many at once. */
export async function eachOf<T>(all: readonly T[], atOnce: number, act: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < all.length) await act(all[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, work));
}
