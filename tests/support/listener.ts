/** A process that listens and answers each request with 4 MiB: tests start it with few file descriptors. */
import { listen } from "../../src/http/connections.ts";

const bytes = new Uint8Array(64 * 1024);
const PARTS = 64;

const { port } = listen({
  hostname: "127.0.0.1",
  port: 0,
  headerTimeoutMs: Number(Deno.args[0]),
  failed: (error) => console.log(`failed ${(error as { code?: string }).code}`),
}, async (request) => {
  const { url } = request;
  if (url.endsWith("/body")) return new Response(await request.text());
  if (url.endsWith("/small")) return new Response("small");
  let part = 0;
  return new Response(
    new ReadableStream({
      pull: (controller) => part++ < PARTS ? controller.enqueue(bytes) : controller.close(),
    }, { highWaterMark: 0 }),
  );
});
console.log(`listening ${port}`);
// The runtime ends where it first prepares for signals while it is out of descriptors; a node does so at its start.
Deno.addSignalListener("SIGTERM", () => Deno.exit());
