/** Does a connection answer each request in turn, however its bytes arrive, and end where it must? */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { hasField, reply, setField } from "../../../../src/http/answers/answer.ts";
import { Connection, type ConnectionHost, type Handler } from "../../../../src/http/wire/connection.ts";
import { MalformedBody } from "../../../../src/http/wire/incoming_request.ts";
import type { WireRefusal } from "../../../../src/http/wire/request_head.ts";
import { Turns } from "../../../../src/http/wire/turns.ts";

const HEAD = "HTTP/1.1\r\nHost: shop.example\r\n";

/** A client whose bytes come in given pieces, and which then sends no more; it keeps what it was sent. */
class FakeSocket {
  readonly remoteAddr = { transport: "tcp", hostname: "192.0.2.1", port: 1 };
  sent = "";
  isClosed = false;
  hasFinished = false;
  readonly #pieces: Uint8Array[];

  constructor(pieces: readonly string[], readonly onWrite: (size: number) => number = (size) => size) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece, "latin1")).filter(({ length }) => length > 0);
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.isClosed) return Promise.reject(new Deno.errors.BadResource());
    const piece = this.#pieces.shift();
    if (piece === undefined) return Promise.resolve(null);
    const taken = piece.subarray(0, into.length);
    if (taken.length < piece.length) this.#pieces.unshift(piece.subarray(into.length));
    into.set(taken);
    return Promise.resolve(taken.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(new Deno.errors.BrokenPipe());
    const size = Math.max(1, this.onWrite(bytes.length));
    this.sent += Buffer.from(bytes.subarray(0, size)).toString("latin1");
    return Promise.resolve(size);
  }

  setNoDelay(): void {}

  closeWrite(): Promise<void> {
    this.hasFinished = true;
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }
}

interface Served {
  readonly socket: FakeSocket;
  readonly refused: WireRefusal[];
  /** Status lines that were sent. */
  readonly statuses: string[];
}

async function serve(
  pieces: readonly string[],
  handler: Handler,
  { onWrite, isClosing = false }: { onWrite?: (size: number) => number; isClosing?: boolean } = {},
): Promise<Served> {
  const refused: WireRefusal[] = [];
  const turns = new Turns();
  const host: ConnectionHost = {
    handler,
    refuse(why, detail) {
      refused.push(why);
      return reply(detail, 400, { "content-type": "text/plain" });
    },
    fallbackHost: "localhost:8080",
    isClosing,
    tick: 0,
    headTicks: 10,
    quietTicks: 10,
    lingerTicks: 10,
    turns,
  };
  const socket = new FakeSocket(pieces, onWrite);
  await new Connection(socket as unknown as Deno.TcpConn, host).ended;
  assert(socket.isClosed);
  turns.close();
  return { socket, refused, statuses: [...socket.sent.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!) };
}

/** Says what it was asked, body included. */
const echo: Handler = async (request) => {
  const { method, url } = request;
  return reply(`<${method} ${url} ${await request.text()}>`, 200, { "content-type": "text/plain" });
};

function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((one, other) => one - other), text.length];
  return places.slice(1).map((end, at) => text.slice(places[at], end));
}

const REQUESTS = `GET /a ${HEAD}\r\n` +
  `\r\nPOST /b ${HEAD}Content-Length: 5\r\n\r\nhello` +
  `POST /c ${HEAD}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n00002\r\nde\r\n0\r\nTrailer: z\r\n\r\n` +
  `POST /d ${HEAD}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}` +
  `DELETE http://other.example/e ${HEAD}Connection: close\r\n\r\n`;
const ASKED = ["GET http://shop.example/a ", "POST http://shop.example/b hello", "POST http://shop.example/c abcde"];
ASKED.push("POST http://shop.example/d {}", "DELETE http://other.example/e ");

Deno.test("each request is answered in turn, wherever its bytes are divided, and however slowly answers are taken", async () => {
  const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });
  await fc.assert(fc.asyncProperty(cuts, fc.integer({ min: 1, max: 400 }), async (cuts, most) => {
    const { socket, refused } = await serve(pieces(REQUESTS, cuts), echo, { onWrite: (size) => Math.min(size, most) });
    assert.deepEqual([...socket.sent.matchAll(/<([^>]*)>/g)].map(([, asked]) => asked), ASKED);
    assert.deepEqual(refused, []);
  }));
});

Deno.test("requests that come byte by byte are answered as others are", async () => {
  const { socket } = await serve(REQUESTS.split(""), echo);
  assert.deepEqual([...socket.sent.matchAll(/<([^>]*)>/g)].map(([, asked]) => asked), ASKED);
});

Deno.test("an answer whose text is known, one that is read, and one in parts are sent whole", async () => {
  const text = "caf\u00e9 \u{1f600}";
  const size = new TextEncoder().encode(text).length;
  const part = (letter: string) => new TextEncoder().encode(letter.repeat(3));
  const kinds: [string, () => Response, RegExp][] = [
    ["known", () => reply(text, 200, { "content-type": "a/b" }), new RegExp(`\r\ncontent-length: ${size}\r\n`)],
    ["read", () => new Response(text), new RegExp(`\r\ncontent-length: ${size}\r\n`)],
    ["empty", () => new Response(""), /\r\ncontent-length: 0\r\n/],
    ["none", () => new Response(null), /\r\ncontent-length: 0\r\n/],
    ["none at all", () => new Response(null, { status: 204 }), /^HTTP\/1.1 204 No Content\r\n(?![^]*content-length)/],
    [
      "parts",
      () => new Response(inParts(part("a"), part("b"))),
      /\r\ntransfer-encoding: chunked\r\n[^]*\r\n\r\n3\r\naaa/,
    ],
    [
      "parts of a length",
      () => new Response(inParts(part("a"), part("b")), { headers: { "content-length": "6" } }),
      /6\r\n/,
    ],
  ];
  for (const [name, make, expected] of kinds) {
    const { socket, statuses } = await serve([`GET / ${HEAD}\r\nGET / ${HEAD}\r\n`], make);
    assert.match(socket.sent, expected, name);
    assert.equal(statuses.length, 2, `${name}: the connection is kept`);
  }
});

/** A body whose parts are each made in a turn of their own. */
function inParts(...parts: Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
  });
}

Deno.test("HEAD is answered without a body, and with the length that GET would have where it is known", async () => {
  const answers = () => new Response("hello", { headers: { "content-length": "5" } });
  const { socket } = await serve([`HEAD / ${HEAD}\r\n`], answers);
  assert.match(socket.sent, /\r\ncontent-length: 5\r\n[^]*\r\n\r\n$/);
});

Deno.test("HTTP/1.0 gets no chunks, and another request only where it asks to be kept", async () => {
  const parts = () => new Response(inParts(Buffer.from("abc"), Buffer.from("def")));
  const { socket } = await serve(["GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n"], parts);
  assert.match(socket.sent, /\r\nconnection: close\r\n\r\nabcdef$/);
  const kept = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  assert.match(
    (await serve([kept + kept], echo)).socket.sent,
    /connection: keep-alive\r\n[^]*connection: keep-alive\r\n/,
  );
});

Deno.test("a request that names no host is one for this listener", async () => {
  const { socket } = await serve(["GET /readyz HTTP/1.0\r\n\r\n"], echo);
  assert.match(socket.sent, /<GET http:\/\/localhost:8080\/readyz >/);
});

Deno.test("a client that waits to send its body is told to go on where the body is read, and not else", async () => {
  const head = `POST / ${HEAD}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
  assert.deepEqual((await serve([head, "hello"], echo)).statuses, ["100", "200"]);
  assert.deepEqual((await serve([head + "hello"], echo)).statuses, ["200"]);
  assert.deepEqual((await serve([head], () => new Response("no", { status: 413 }))).statuses, ["413"]);
});

Deno.test("a body that was not read is left out where it is there, and ends the connection where it is not", async () => {
  const answers = () => new Response("no", { status: 413 });
  const next = `GET / ${HEAD}\r\n`;
  assert.deepEqual((await serve([`POST / ${HEAD}Content-Length: 5\r\n\r\nhello${next}`], answers)).statuses, [
    "413",
    "413",
  ]);
  const { socket, statuses } = await serve([`POST / ${HEAD}Content-Length: 9\r\n\r\nhello`, next], answers);
  assert.deepEqual(statuses, ["413"], "the rest of a body is no request");
  assert.match(socket.sent, /\r\nconnection: close\r\n/);
  assert(socket.hasFinished, "what is on its way is taken, so that the answer is not lost");
});

Deno.test("a body that breaks off or is malformed fails its reader, and no request follows", async () => {
  const chunked = "Transfer-Encoding: chunked\r\n\r\n";
  const bodies: Record<string, string> = {
    "breaks off": "Content-Length: 9\r\n\r\nhello",
    "chunks that break off": chunked + "3\r\nab",
    "no end of chunks": chunked + "3\r\nabc\r\n",
    "no size": chunked + "x\r\nabc\r\n0\r\n\r\n",
    "a size with a sign": chunked + "+3\r\nabc\r\n0\r\n\r\n",
    "a size with 0x": chunked + "0x3\r\nabc\r\n0\r\n\r\n",
    "a size beyond numbers": chunked + "100000000000000003\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than its size": chunked + "2\r\nabc\r\n0\r\n\r\n",
    "a line feed alone": chunked + "3\nabc\r\n0\r\n\r\n",
    "a control character in an extension": chunked + "3;a=\x01\r\nabc\r\n0\r\n\r\n",
    "a carriage return in an extension": chunked + "3;a\rb\r\nabc\r\n0\r\n\r\n",
    "a trailer without a colon": chunked + "3\r\nabc\r\n0\r\nx\r\n\r\n",
    "a trailer that is folded": chunked + "3\r\nabc\r\n0\r\na: b\r\n c: d\r\n\r\n",
    "a trailer whose name has a blank": chunked + "3\r\nabc\r\n0\r\na : b\r\n\r\n",
    "NUL in a trailer": chunked + "3\r\nabc\r\n0\r\na: \0\r\n\r\n",
    "an endless size": `${chunked}3;${"x".repeat(5_000)}`,
    "endless trailers": `${chunked}0\r\n${"a: b\r\n".repeat(20_000)}\r\n`,
  };
  for (const [name, rest] of Object.entries(bodies)) {
    const failures: unknown[] = [];
    const { statuses } = await serve([`POST / ${HEAD}${rest}`], async (request) => {
      await request.text().catch((error) => failures.push(error));
      return new Response("no", { status: 400 });
    });
    assert.deepEqual([statuses, failures.length], [["400"], 1], name);
    assert(failures[0] instanceof MalformedBody, name);
  }
});

Deno.test("what is no request is refused with an answer, counted once, and ends the connection", async () => {
  const handler = () => assert.fail("nobody sees it");
  for (const text of ["GET /\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", `GET / ${HEAD}A\r\n\r\n`]) {
    const { refused, statuses } = await serve([text, `GET / ${HEAD}\r\n`], handler);
    assert.deepEqual([refused, statuses], [["malformed"], ["400"]]);
  }
  const endless = await serve([`GET / ${HEAD}A: ${"x".repeat(70_000)}`], handler);
  assert.deepEqual([endless.refused, endless.statuses], [["head_too_large"], ["400"]]);
});

Deno.test("HTTP/2 is refused as its clients understand it, at the beginning of a connection and after a request", async () => {
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
  const goAway = "\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d";
  for (const before of ["", `GET / ${HEAD}\r\n`]) {
    const { socket, refused } = await serve([before + preface], echo);
    assert.deepEqual(refused, ["http2"]);
    assert(socket.sent.endsWith(goAway));
    assert.equal(socket.sent.includes("200"), before !== "");
  }
});

Deno.test("the last answer before an end says so", async () => {
  const { socket, statuses } = await serve([`GET / ${HEAD}\r\nGET / ${HEAD}\r\n`], echo, { isClosing: true });
  assert.match(socket.sent, /\r\nconnection: close\r\n/);
  assert.equal(statuses.length, 1);
  const told = await serve([`GET / ${HEAD}\r\nGET / ${HEAD}\r\n`], () => {
    const answer = reply("", 200, { "content-type": "a/b" });
    answer.headers.set("connection", "close");
    return answer;
  });
  assert.equal(told.statuses.length, 1);
});

Deno.test("who goes away while an event stream is silent is noticed, and the stream ended", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  await serve([`GET / ${HEAD}\r\n`], () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(1));
          begun++;
        },
        cancel: () => resolve(),
      }),
      { headers: { "content-type": "text/event-stream" } },
    ));
  await cancelled;
  assert.equal(begun, 1);
});

Deno.test("a handler can wait for its client's end", async () => {
  let wasAborted = false;
  await serve([`GET / ${HEAD}\r\n`], async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    wasAborted = signal.aborted;
    return new Response("too late");
  });
  assert(wasAborted);
});

Deno.test("a client that sends one request after another without waiting lets others have their turn", async () => {
  let isOver = false;
  let turns = 0;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const asked = `GET / ${HEAD}\r\n`.repeat(1_000);
  for (const pieces of [[asked], asked.split(/(?<=\r\n\r\n)/)]) {
    turns = 0;
    assert.equal((await serve(pieces, () => reply("", 200, { "content-type": "a/b" }))).statuses.length, 1_000);
    assert(turns >= 50, `${turns} turns beside 1,000 requests`);
  }
  isOver = true;
  await new Promise((resolve) => setImmediate(resolve));
});

Deno.test("a body in chunks of a byte is read at once where it is there", async () => {
  const chunks = "1\r\nx\r\n".repeat(5_000) + "0\r\n\r\n";
  let parts = 0;
  let size = 0;
  await serve([`POST / ${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`], async ({ body }) => {
    for await (const part of body!) {
      parts++;
      size += part.length;
    }
    return new Response("");
  });
  assert.equal(size, 5_000);
  assert(parts <= 20, `${parts} parts`);
});

Deno.test("header fields that are set on an answer whose text is known are sent, however they are set", async () => {
  const answer = () => {
    const made = reply("text", 200, { "content-type": "a/b", "x-one": "1" });
    assert(hasField(made, "x-one"));
    setField(made, "x-one", "2");
    setField(made, "x-two", "3");
    assert(!hasField(made, "x-three"));
    return made;
  };
  const read = () => {
    const read = answer();
    assert.equal(read.headers.get("x-one"), "2");
    setField(read, "x-two", "4");
    read.headers.append("x-two", "5");
    assert(hasField(read, "x-two"));
    return read;
  };
  const asked = `GET / ${HEAD}\r\n`;
  assert.match((await serve([asked], answer)).socket.sent, /\r\nx-one: 2\r\nx-two: 3\r\n[^]*text$/);
  assert.match((await serve([asked], read)).socket.sent, /\r\nx-one: 2\r\nx-two: 4, 5\r\n[^]*text$/);
});

Deno.test("what is said while a body is waited for ends that wait: whoever reads it still gets no more", async () => {
  const failures: unknown[] = [];
  const { statuses, socket } = await serve(
    [`POST / ${HEAD}Content-Length: 9\r\n\r\nhalf`, "rest", "x"],
    async (request) => {
      const read = request.text().catch((error) => failures.push(error));
      await undefined;
      void read;
      return new Response("late", { status: 408 });
    },
  );
  assert.deepEqual([statuses, failures.length], [["408"], 1]);
  assert(socket.hasFinished);
});
