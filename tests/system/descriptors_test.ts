/** Who gets in where connections are reset, or the process is short of file descriptors? */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { until } from "../support/until.ts";

const LISTENER = new URL("../support/listener.ts", import.meta.url).pathname;
const GET = "HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

interface TestListener extends AsyncDisposable {
  readonly port: number;
  readonly said: string[];
}

/** Starts a listener in a process of its own. @param files that it may have open */
async function startListener(files: number, headerTimeoutMs: number): Promise<TestListener> {
  const run = `ulimit -n ${files}; exec "$0" run --allow-net "$@"`;
  const args = ["-c", run, Deno.execPath(), LISTENER, String(headerTimeoutMs)];
  const child = new Deno.Command("sh", { args, stdout: "piped" }).spawn();
  const said: string[] = [];
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said.push(...text.trim().split("\n"));
  })();
  await until(() => said.some((line) => line.startsWith("listening")), { what: "the listener" });
  return {
    port: Number(said[0]!.split(" ")[1]),
    said,
    async [Symbol.asyncDispose]() {
      child.kill();
      await Promise.all([child.status, reading]);
    },
  };
}

/** Asks for little on a connection of its own. @returns milliseconds to the answer */
async function askOnce(port: number): Promise<number> {
  const begun = performance.now();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`GET /small ${GET}`));
  const buffer = new Uint8Array(1_024);
  const size = await connection.read(buffer);
  assert.match(new TextDecoder().decode(buffer.subarray(0, size ?? 0)), /^HTTP\/1.1 200 OK\r\n[^]*small$/);
  return performance.now() - begun;
}

for (const headerTimeoutMs of [10_000, 0]) {
  const where = `with ${headerTimeoutMs} ms for a head`;

  Deno.test(`connections that are reset keep nobody waiting, ${where}`, async () => {
    await using listener = await startListener(1_024, headerTimeoutMs);
    const { port } = listener;
    let isOver = false;
    let resets = 0;
    const flood = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        socket.resetAndDestroy();
        resets++;
      }
    });
    const waits: number[] = [];
    await until(async () => {
      waits.push(await askOnce(port));
      return resets > 1_000;
    }, { what: "a thousand resets", everyMs: 1 });
    isOver = true;
    await Promise.all(flood);
    waits.sort((one, other) => one - other);
    // It was seconds where each reset cost 20 ms; the bound leaves room for a busy machine.
    assert(waits[waits.length >> 1]! < 500, `the median is ${waits[waits.length >> 1]} ms`);
    assert(!listener.said.some((line) => line.startsWith("failed")), "a reset is no lack of descriptors");
  });

  Deno.test(`where descriptors are short, nobody waits for clients that do not read, send half a body, or rest, ${where}`, async () => {
    await using listener = await startListener(64, headerTimeoutMs);
    const { port } = listener;
    const clients: Deno.TcpConn[] = [];
    try {
      for (let n = 0; n < 100; n++) {
        const client = await Deno.connect({ hostname: "127.0.0.1", port });
        clients.push(client);
        // A third of them never read an answer, a third took theirs and keep their connections, a third send half a body.
        const asked = [
          `GET / ${GET}`,
          `GET /small ${GET}`,
          `POST /body ${GET.slice(0, -2)}content-length: 9\r\n\r\nhalf`,
        ];
        await client.write(new TextEncoder().encode(asked[n % asked.length]));
      }
      const waited = await askOnce(port);
      assert(waited < 30_000, `a new client waited ${waited} ms`);
      assert(listener.said.includes("failed EMFILE"));
    } finally {
      for (const client of clients) client.close();
    }
  });
}
