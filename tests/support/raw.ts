/** How does a test send what no HTTP client of a language would? Byte by byte, over a connection of its own. */
import { Buffer } from "node:buffer";

/** What came back. */
export interface RawReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Sends a request whose headers stand as they are given, and reads the answer until its end.
 *
 * @param target as it stands in the request's first line
 * @param headers with `host`; `connection: close` is added
 */
export async function sendRaw(
  url: string,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body = "",
): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
    const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    const answer = Buffer.from(await new Response(connection.readable).bytes());
    const end = answer.indexOf("\r\n\r\n");
    const [first = "", ...rest] = answer.subarray(0, end).toString("latin1").split("\r\n");
    const fields = rest.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    return {
      status: Number(first.split(" ")[1]),
      headers: new Headers(fields),
      text: textOf(answer.subarray(end + 4), fields),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The body, put together where it came in chunks. */
function textOf(body: Buffer, headers: readonly [string, string][]): string {
  const isChunked = headers.some(([name, value]) => /^transfer-encoding$/i.test(name) && /chunked/i.test(value));
  if (!isChunked) return body.toString();
  const chunks: Buffer[] = [];
  for (let at = 0;;) {
    const end = body.indexOf("\r\n", at);
    const size = parseInt(body.subarray(at, end).toString(), 16);
    if (!(size > 0)) return Buffer.concat(chunks).toString();
    chunks.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
