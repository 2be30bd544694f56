/** For whom does a listener wait, and whom does it let go? */
import assert from "node:assert/strict";
import { type Handler, listen, type Listening, type ListenOptions } from "../../src/http/connections.ts";
import { until } from "../support/until.ts";

const HEAD = "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A client that sends bytes, and reads what comes. */
class Client implements AsyncDisposable {
  readonly closed: Promise<void>;
  heard = "";
  #hears = Promise.withResolvers<void>();

  private constructor(readonly socket: Deno.TcpConn) {
    this.closed = this.#read();
  }

  static async at({ port }: Listening): Promise<Client> {
    return new Client(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(4_096);
    try {
      for (let size; (size = await this.socket.read(buffer)) !== null;) {
        this.heard += decoder.decode(buffer.subarray(0, size));
        this.#hears.resolve();
        this.#hears = Promise.withResolvers();
      }
    } catch { // reset
    }
  }

  async send(text: string): Promise<void> {
    await this.socket.write(encoder.encode(text));
  }

  /** Sends the same again and again, until its server has closed. */
  async drip(text: string): Promise<void> {
    let isClosed = false;
    this.closed.then(() => isClosed = true);
    await until(async () => {
      if (!isClosed) await this.send(text);
      return isClosed;
    }, { what: "the end of who drips", everyMs: 5 });
  }

  /** Asks, and waits for the answer. */
  async ask(): Promise<void> {
    const { promise } = this.#hears;
    await this.send(`${HEAD}\r\n`);
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.socket.close();
    } catch { // by its server
    }
    await this.closed;
  }
}

interface Told extends Listening, AsyncDisposable {}

function start(
  options: Partial<ListenOptions>,
  handler: Handler = () => new Response("heard"),
): Told {
  const to = { hostname: "127.0.0.1", port: 0, headerTimeoutMs: 50, ...options };
  const listening = listen(to, handler);
  return {
    port: listening.port,
    shutdown: () => listening.shutdown(),
    [Symbol.asyncDispose]: () => listening.shutdown(),
  };
}

Deno.test("a head that does not arrive is given up: of nothing, of a part, or of ever more lines", async () => {
  await using listening = start({});
  await using silent = await Client.at(listening);
  await using partial = await Client.at(listening);
  await partial.send("GET / HTT");
  await using dripping = await Client.at(listening);
  await dripping.send(HEAD);
  await dripping.drip("x: y\r\n");
  await Promise.all([silent.closed, partial.closed]);
  assert.deepEqual([silent.heard, partial.heard, dripping.heard], ["", "", ""]);
});

Deno.test("a kept connection outlives the time for a head, and is closed once it was quiet for its own", async () => {
  await using patient = start({ quietMs: 100_000 });
  await using kept = await Client.at(patient);
  await kept.ask();
  await using silent = await Client.at(patient);
  await silent.closed;
  kept.heard = "";
  await kept.ask();
  assert.match(kept.heard, /^HTTP\/1.1 200 OK\r\n/);

  await using hasty = start({ quietMs: 50 });
  await using quiet = await Client.at(hasty);
  await quiet.ask();
  await quiet.closed;
  assert.match(quiet.heard, /^HTTP\/1.1 200 OK\r\n/);
});

Deno.test("what takes long is answered whole, and its connection closed then", async () => {
  const { promise: late, resolve: go } = Promise.withResolvers<void>();
  await using listening = start({ quietMs: 50 }, async ({ url }) => {
    if (url.endsWith("/whole")) await late;
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(encoder.encode("begun "));
        await late;
        controller.enqueue(encoder.encode("ended"));
        controller.close();
      },
    });
    return new Response(url.endsWith("/whole") ? "whole" : body);
  });
  await using whole = await Client.at(listening);
  await whole.send(HEAD.replace("/", "/whole") + "\r\n");
  await using streamed = await Client.at(listening);
  await streamed.ask();
  await using other = await Client.at(listening);
  await other.ask();
  await using silent = await Client.at(listening);
  await silent.closed;
  go();
  await Promise.all([whole.closed, streamed.closed, other.closed]);
  assert.match(whole.heard, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nwhole$/);
  assert.match(streamed.heard, /begun [^]*ended\r\n0\r\n\r\n$/);
});

Deno.test("whose body does not arrive keeps its connection no longer than others, however it dribbles", async () => {
  await using listening = start({ quietMs: 50 }, () => new Response("no", { status: 413 }));
  await using client = await Client.at(listening);
  await client.send(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n`);
  await client.drip("x");
  assert.match(client.heard, /^HTTP\/1.1 413 /);
});

Deno.test("shutdown() does not wait for the rest of a body", async () => {
  const listening = start({ headerTimeoutMs: 60_000 }, () => new Response("no", { status: 413 }));
  await using refused = await Client.at(listening);
  await refused.send(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n`);
  await until(() => refused.heard.endsWith("no"), { what: "the refusal" });
  await listening.shutdown();
  await refused.closed;
});

Deno.test("shutdown() answers what is in flight, and closes who asks nothing at once", async () => {
  const { promise: asked, resolve: hear } = Promise.withResolvers<void>();
  const { promise: late, resolve: go } = Promise.withResolvers<Response>();
  const listening = listen({ hostname: "127.0.0.1", port: 0, headerTimeoutMs: 60_000 }, () => {
    hear();
    return late;
  });
  await using asking = await Client.at(listening);
  await asking.send(`${HEAD}\r\n`);
  await asked;
  await using silent = await Client.at(listening);
  await using partial = await Client.at(listening);
  await partial.send(HEAD);
  const down = listening.shutdown();
  await Promise.all([silent.closed, partial.closed]);
  go(new Response("in flight"));
  await down;
  await asking.closed;
  assert.match(asking.heard, /^HTTP\/1.1 200 OK\r\n[^]*in flight$/);
  await assert.rejects(Client.at(listening), Deno.errors.ConnectionRefused);
});

Deno.test("a handler is told whose request it answers", async () => {
  await using listening = start({}, (_, { remoteAddr }) => new Response(`port ${remoteAddr.port}.`));
  await using client = await Client.at(listening);
  await client.ask();
  const { port } = client.socket.localAddr as Deno.NetAddr;
  assert.match(client.heard, new RegExp(`port ${port}\\.$`));
});
