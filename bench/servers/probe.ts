/**
 * How long does a server take over a refusal, from when it has read the request? To be preloaded: it times what comes and
 * goes over the connections that are accepted, and tells the 503s at the process's end. The server knows nothing of it.
 */
const took: number[] = [];
const STATUS = new TextEncoder().encode("HTTP/1.1 503");

function isRefusal(bytes: Uint8Array): boolean {
  return STATUS.every((byte, at) => bytes[at] === byte);
}

function timed(connection: Deno.TcpConn): Deno.TcpConn {
  const read = connection.read.bind(connection);
  const write = connection.write.bind(connection);
  let readAt = NaN;
  connection.read = async (into) => {
    const size = await read(into);
    readAt = performance.now();
    return size;
  };
  connection.write = (bytes) => {
    if (isRefusal(bytes)) took.push(performance.now() - readAt);
    return write(bytes);
  };
  return connection;
}

const listen = Deno.listen as (options: Deno.TcpListenOptions) => Deno.TcpListener;
Deno.listen = ((options: Deno.TcpListenOptions) => {
  const listener = listen(options);
  const accept = listener.accept.bind(listener);
  listener.accept = async () => timed(await accept());
  return listener;
}) as typeof Deno.listen;

addEventListener("unload", () => {
  const sorted = Float64Array.from(took).sort();
  const quantile = (part: number) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? null;
  console.log(`refusals ${JSON.stringify({ count: sorted.length, p99Ms: quantile(0.99), mostMs: quantile(1) })}`);
});
