/** Does the deployment's balancer pass on what is plain HTTP/1.1, and nothing that could be read in two ways? */
import assert from "node:assert/strict";
import { programPath, run } from "../../tools/services.ts";
import { startBalancer } from "../support/balancer.ts";
import { freshDatabase } from "../support/database.ts";
import { createCoupon, startNode } from "../support/node.ts";
import { projectFile } from "../support/image.ts";

/** Sends text as it stands; returns all that comes back until the end. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    await connection.write(new TextEncoder().encode(text));
    return await new Response(connection.readable).text();
  } catch (error) {
    return String(error);
  }
}

function request(lines: readonly string[], body = ""): string {
  return [...lines, "Connection: close", "", body].join("\r\n");
}

interface Seen {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Runs a body with a balancer before a server that keeps what reaches it. */
async function withSeen(body: (url: string, seen: Seen[]) => Promise<void>): Promise<void> {
  const seen: Seen[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (came) => {
    const { pathname, search } = new URL(came.url);
    if (pathname !== "/readyz") {
      seen.push({ target: pathname + search, headers: Object.fromEntries(came.headers), body: await came.text() });
    }
    return new Response("ok");
  });
  const balancer = await startBalancer([`http://127.0.0.1:${server.addr.port}`]);
  try {
    await body(balancer.url, seen);
  } finally {
    await balancer.stop();
    await server.shutdown();
  }
}

const POST = ["POST /x HTTP/1.1", "Host: shop.example"];
const JAVA = ["Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAABgAGAAA"];

Deno.test("the balancer's file is valid", async () => {
  const file = await Deno.makeTempFile({ suffix: ".cfg" });
  try {
    await Deno.writeTextFile(file, projectFile("deploy/haproxy.cfg"));
    assert.match(await run(programPath("haproxy"), ["-c", "-f", file]), /Configuration file is valid/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("the balancer passes plain requests on, with the client's address last", async () => {
  await withSeen(async (url, seen) => {
    const lines = [...POST, "X-Forwarded-For: 1.2.3.4", "Content-Length: 2"];
    assert.match(await exchange(url, request(lines, "{}")), /^HTTP\/1.1 200 /);
    const chunked = request([...POST, "Transfer-Encoding: chunked"], "2\r\n{}\r\n0\r\n\r\n");
    assert.match(await exchange(url, chunked), /^HTTP\/1.1 200 /);
    assert.match(await exchange(url, "GET /x HTTP/1.0\r\nHost: a\r\n\r\n"), /^HTTP\/1\.[01] 200 /);
    assert.deepEqual(seen.map(({ body }) => body), ["{}", "{}", ""]);
    assert.match(seen[0]!.headers["x-forwarded-for"]!, /^1\.2\.3\.4, ?127\.0\.0\.1$/);
  });
});

Deno.test("the balancer ignores each offer to speak another protocol, and passes the request on", async () => {
  await withSeen(async (url, seen) => {
    const offers = [
      ["Connection: Upgrade, HTTP2-Settings", ...JAVA],
      ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA"],
      ["Connection: upgrade", "uPGRADE: TLS/1.2, h2c"],
      ["Connection: Upgrade", "Upgrade: a", "Upgrade: b"],
      ["Upgrade: h2c"],
      ["Connection: upgrade, x-forwarded-for", "Upgrade: h2c"],
    ];
    for (const offer of offers) {
      const text = [...POST, ...offer, "Content-Length: 2", "", "{}"].join("\r\n");
      const { hostname, port } = new URL(url);
      const connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(text));
      const bytes = new Uint8Array(1_024);
      const answer = new TextDecoder().decode(bytes.subarray(0, (await connection.read(bytes)) ?? 0));
      connection.close();
      assert.match(answer, /^HTTP\/1.1 200 /, text);
      const { headers, body } = seen.at(-1)!;
      assert.equal(body, "{}");
      for (const name of ["upgrade", "http2-settings"]) {
        assert(!(name in headers), `${name}: ${JSON.stringify(headers)}`);
      }
      assert.doesNotMatch(headers["connection"] ?? "", /upgrade|http2-settings/i);
      assert.equal(headers["x-forwarded-for"], "127.0.0.1");
    }
    assert.equal(seen.length, offers.length);
  });
});

Deno.test("the balancer passes on one way of two in which a request says its length", async () => {
  await withSeen(async (url, seen) => {
    const both = ["Content-Length: 2", "Transfer-Encoding: chunked"];
    for (const lines of [both, both.toReversed(), ["Content-Length: 2", "Content-Length: 2"]]) {
      const isChunked = lines.includes("Transfer-Encoding: chunked");
      await exchange(url, request([...POST, ...lines], isChunked ? "3\r\nabc\r\n0\r\n\r\n" : "ab"));
      const { headers, body } = seen.at(-1)!;
      assert.equal(body, isChunked ? "abc" : "ab");
      assert.deepEqual(
        [headers["content-length"], headers["transfer-encoding"]],
        isChunked ? [undefined, "chunked"] : ["2", undefined],
      );
    }
    assert.equal(seen.length, 3);
  });
});

/** What could be read in two ways, or is no HTTP/1.1. */
const REFUSED: Readonly<Record<string, string>> = {
  "HTTP/2 by prior knowledge": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
  "HTTP/0.9": "GET /x\r\n\r\n",
  "a version that there is not": request(["GET /x HTTP/1.7", "Host: a"]),
  "HTTP/2.0 as text": request(["GET /x HTTP/2.0", "Host: a"]),
  "no Host": request(["GET /x HTTP/1.1"]),
  "two Hosts": request(["GET /x HTTP/1.1", "Host: a", "Host: b"]),
  "another Host than the target's": request(["GET http://a/x HTTP/1.1", "Host: b"]),
  "two lengths": request([...POST, "Content-Length: 2", "Content-Length: 3"], "{} "),
  "a signed length": request([...POST, "Content-Length: +2"], "{}"),
  "chunks twice": request([...POST, "Transfer-Encoding: chunked, chunked"], "0\r\n\r\n"),
  "chunks in two lines": request([...POST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
  "another coding last": request([...POST, "Transfer-Encoding: chunked, identity"], "0\r\n\r\n"),
  "an unknown coding": request([...POST, "Transfer-Encoding: xchunked"], "0\r\n\r\n"),
  "chunks in HTTP/1.0": request(["POST /x HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
  "a blank before the colon": request([...POST, "Content-Length : 2"], "{}"),
  "a name with an underscore": request([...POST, "Content_Length: 2"]),
  "a name with a dot": request([...POST, "X.A: 2"]),
  "no name": request([...POST, ": 2"]),
  "NUL in a value": request([...POST, "X-A: b\0c"]),
  "a lone CR in a value": request([...POST, "X-A: b\rTransfer-Encoding: chunked"]),
  "a bad chunk's size": request([...POST, "Transfer-Encoding: chunked"], "0x2\r\n{}\r\n0\r\n\r\n"),
  "a blank in the target": request(["GET /x y HTTP/1.1", "Host: a"]),
  "a control character in the target": request(["GET /x\x01y HTTP/1.1", "Host: a"]),
};

Deno.test("the balancer refuses what could be read in two ways, and passes nothing of it on", async () => {
  await withSeen(async (url, seen) => {
    const passed: string[] = [];
    for (const [name, text] of Object.entries(REFUSED)) {
      const answer = await exchange(url, text);
      if (!/^HTTP\/1\.[01] (400|403|501|505) /.test(answer)) passed.push(`${name}: ${answer.slice(0, 100)}`);
    }
    assert.deepEqual([passed, seen], [[], []]);
  });
});

Deno.test("a Java client's claim through the balancer reaches a node and is answered", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase(), env: { ALLOWED_HOSTS: "shop.example" } });
  const balancer = await startBalancer([node.url]);
  try {
    await createCoupon(node.url, "java", 5);
    const body = JSON.stringify({ user_id: "duke", coupon_name: "java" });
    const lines = [
      "POST /api/coupons/claim HTTP/1.1",
      "Connection: Upgrade, HTTP2-Settings",
      `Content-Length: ${body.length}`,
      "Host: shop.example",
      ...JAVA,
      "User-Agent: Java-http-client/17.0.13",
      "Content-Type: application/json",
    ];
    const { hostname, port } = new URL(balancer.url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode([...lines, "", body].join("\r\n")));
    const bytes = new Uint8Array(4_096);
    const answer = new TextDecoder().decode(bytes.subarray(0, (await connection.read(bytes)) ?? 0));
    connection.close();
    assert.match(answer, /^HTTP\/1.1 200 /, answer);
  } finally {
    await balancer.stop();
    await node.kill();
  }
});
