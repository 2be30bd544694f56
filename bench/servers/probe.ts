/**
 * How long does a server take over a refusal, from when it has read the request? To be preloaded: it times what
 * `Deno.serve` is given, and tells the 503s at the process's end. The server itself knows nothing of it.
 */
const serve = Deno.serve as (options: unknown, handler: Deno.ServeHandler) => Deno.HttpServer;
const took: number[] = [];

Deno.serve = ((options: unknown, handler: Deno.ServeHandler) =>
  serve(options, async (request, info) => {
    const readAt = performance.now();
    const response = await handler(request, info);
    if (response.status === 503) took.push(performance.now() - readAt);
    return response;
  })) as typeof Deno.serve;

addEventListener("unload", () => {
  const sorted = Float64Array.from(took).sort();
  const quantile = (part: number) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? null;
  console.log(`refusals ${JSON.stringify({ count: sorted.length, p99Ms: quantile(0.99), mostMs: quantile(1) })}`);
});
