/**
 * How does a message reach another node? By itself over HTTP/1.1 with `fetch`, on connections that are kept; batches of
 * commands by a {@linkcode Link}, those for a node of version 2 by `fetch` too. HTTP/2 without TLS was tried: an answer
 * of more than one small frame stalls 44 ms (delayed acknowledgement).
 */

/** Nothing listens there, or it leaves: the message was not taken, known for sure. */
export class NeverConnected extends Error {
  override readonly name = "NeverConnected";
}

/** The network between nodes. */
export interface Transport {
  /**
   * Delivers a message.
   *
   * @param onLine told each line of the reply as it comes, where the status is 200
   * @returns the status once the reply has ended
   * @throws NeverConnected where it was not delivered; any other error where that is not known
   */
  send(
    url: string,
    path: string,
    message: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<number>;
}

const NOT_DELIVERED = "client error (Connect)";

/** The network that `fetch` reaches. */
export class FetchTransport implements Transport {
  readonly #client = Deno.createHttpClient({ http1: true, http2: false });
  readonly #headers: Record<string, string>;

  /** @param secret shown to every node */
  constructor(secret: string) {
    this.#headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  }

  async send(
    url: string,
    path: string,
    message: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
  ): Promise<number> {
    // A text would be sent again by fetch itself where a kept connection is closed before an answer, though it may have
    // been delivered: its second copy would find its own claim and be refused. A Blob is sent once.
    const body = new Blob([message]);
    const request = { method: "POST", headers: this.#headers, body, signal, client: this.#client };
    let response: Response;
    try {
      response = await fetch(url + path, request);
    } catch (error) {
      const cause = String((error as Error).cause ?? "");
      if (cause.includes(NOT_DELIVERED)) throw new NeverConnected(`Cannot connect to ${url}`, { cause: error });
      throw error;
    }
    if (response.status !== 200) await response.body?.cancel();
    // A reply that says how long it is comes whole, and is read so for a third of what a stream costs.
    else if (response.headers.has("content-length")) tellLines(await response.text(), onLine);
    else await readLines(response.body!, onLine);
    return response.status;
  }

  /** Ends its connections. */
  close(): void {
    this.#client.close();
  }
}

/** Tells all lines of a text that have an end; returns what comes after them. */
function tellLines(text: string, onLine: (line: string) => void): string {
  const lines = text.split("\n");
  const rest = lines.pop()!;
  for (const line of lines) onLine(line);
  return rest;
}

async function readLines(body: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    rest = tellLines(rest + decoder.decode(bytes, { stream: true }), onLine);
  }
}
