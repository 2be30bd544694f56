/** What does a server make of requests that no HTTP client would send? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { ask, createCoupon, startNode } from "../support/node.ts";
import { sendRaw } from "../support/raw.ts";

Deno.test("a Host that is none is 400", async () => {
  const env = { ALLOWED_HOSTS: "a,b,shop.example" };
  const node = await startNode({ databaseUrl: await freshDatabase(), env });
  try {
    await createCoupon(node.url, "CT", 5);
    const none = [
      "[bad",
      "a b",
      "a?b",
      "a#b",
      "a@b",
      "a:99999",
      "[::1]:99999",
      "256.256.256.256",
      "1.2.3.4.5",
      "xn--a",
    ];
    const another = ["a/b", "a/api/coupons?", "a/api/coupons#", "a/", "127.0.0.1/api/audit?"];
    for (const host of [...none, ...another]) {
      for (const path of ["/api/coupons/CT", "/api/sales/current", "/livez"]) {
        const { status, text } = await sendRaw(node.url, "GET", path, { host });
        assert.equal(status, 400, `${host} ${path}: ${text}`);
      }
      const hidden = await sendRaw(node.url, "POST", "/livez", { host: `a/api/coupons/claim?${host}` }, "{}");
      assert.equal(hidden.status, 400, host);
    }
    assert.equal((await sendRaw(node.url, "GET", "http://a:99999/api/coupons/CT", { host: "a" })).status, 400);
    assert.equal((await sendRaw(node.url, "GET", "http://a/api/coupons/CT", { host: "b:80" })).status, 200);
    for (const host of ["127.0.0.1", "localhost:8080", "[::1]:8080", "shop.example", "Shop.Example"]) {
      assert.equal((await sendRaw(node.url, "GET", "/api/coupons/CT", { host })).status, 200, host);
    }
  } finally {
    await node.kill();
  }
});

Deno.test("dot segments in a path are resolved as it is sent", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    for (const path of ["/api/../health", "/api/coupons/../coupons/CT", "/api/x/../coupons/CT", "/../../livez"]) {
      const { status, text } = await sendRaw(node.url, "GET", path, { host: "localhost" });
      assert.equal(status, 200, text);
    }
  } finally {
    await node.kill();
  }
});

Deno.test("a path names what stands in it, a backslash and dots too, and never anything else", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    const host = "localhost";
    for (const name of ["spring", "spring\\vip", "undefined"]) await createCoupon(node.url, name, 5);
    for (const user of ["joe", "undefined", "corp", "corp\\joe"]) {
      const headers = { host, "content-type": "application/json", "content-length": "" };
      const body = JSON.stringify({ user_id: user, coupon_name: "spring" });
      headers["content-length"] = String(body.length);
      assert.equal((await sendRaw(node.url, "POST", "/api/coupons/claim", headers, body)).status, 200);
    }
    const ask = async (method: string, path: string) => {
      const { status, text } = await sendRaw(node.url, method, path, { host });
      return [status, JSON.parse(text)] as const;
    };
    assert.equal((await ask("GET", "/api/coupons/spring\\vip"))[1].name, "spring\\vip");
    assert.equal((await ask("DELETE", "/api/coupons/spring/claims/corp\\joe"))[1].user_id, "corp\\joe");
    for (const dots of ["..", ".", "%2e%2e", "%2E", "..\\spring", "x\\..\\spring"]) {
      const at = `/api/coupons/${dots}`;
      for (const path of [at, `${at}/claims`, `${at}/claims/joe`, `/api/coupons/spring/claims/${dots}`]) {
        assert.equal((await ask("GET", path))[0], 404, path);
      }
      assert.equal((await ask("DELETE", `${at}/claims/joe`))[0], 404, at);
      assert.equal((await ask("GET", `/api/users/${dots}/claims`))[0], 404, dots);
      assert.equal((await ask("GET", `/api/sales/${dots}`))[0], 404, dots);
    }
    assert.deepEqual((await ask("GET", "/api/coupons/spring"))[1].claimed_by, ["joe", "undefined", "corp"]);
  } finally {
    await node.kill();
  }
});

Deno.test("HEAD answers as GET does, without a body, and tells no length that is not GET's", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    const paths = ["/livez", "/api/coupons/CT", "/api/coupons/none", "/api/claims.csv", "/none", "/docs"];
    for (const path of paths) {
      const [head, got] = await Promise.all(
        ["HEAD", "GET"].map((method) => sendRaw(node.url, method, path, { host: "localhost" })),
      );
      assert.deepEqual([head!.status, head!.text], [got!.status, ""], path);
      assert.equal(head!.headers.get("content-type"), got!.headers.get("content-type"), path);
      assert(Number(head!.headers.get("content-length") ?? got!.text.length) > 0, path);
    }
  } finally {
    await node.kill();
  }
});

Deno.test("a body may begin with a byte order mark, and one alone, with its length or in chunks", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    const headers = { host: "localhost", "content-type": "application/json; odata.metadata=minimal" };
    for (const [marks, status] of [["", 200], ["\ufeff", 200], ["\ufeff\ufeff", 400]] as const) {
      const body = `${marks}{"user_id":"joe","coupon_name":"CT"}`;
      const size = new TextEncoder().encode(body).length;
      const ways: [Record<string, string>, string][] = [
        [{ "content-length": String(size) }, body],
        [{ "transfer-encoding": "chunked" }, `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
      ];
      for (const [more, sent] of ways) {
        const path = "/api/coupons/validate";
        const { status: told, text } = await sendRaw(node.url, "POST", path, { ...headers, ...more }, sent);
        assert.equal(told, status, `${JSON.stringify(more)}: ${text}`);
      }
    }
  } finally {
    await node.kill();
  }
});

Deno.test("a body whose chunks are malformed is refused with what is wrong, and not executed", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    const headers = { host: "localhost", "content-type": "application/json", "transfer-encoding": "chunked" };
    const json = '{"user_id":"joe","coupon_name":"CT"}';
    const chunk = `${json.length.toString(16)}\r\n${json}\r\n`;
    const bodies: [string, RegExp][] = [
      ["xyz\r\n", /a chunk's size is not valid/],
      [`${json.length.toString(16)}\r\n${json}!\r\n0\r\n\r\n`, /its chunks are not valid/],
      [`${chunk}0\r\nno trailer\r\n\r\n`, /in its trailers, a header field has no colon/],
      [`${chunk}0\r\na: \0\r\n\r\n`, /in its trailers, a header field's value is not valid/],
    ];
    for (const [body, why] of bodies) {
      const { status, text } = await sendRaw(node.url, "POST", "/api/coupons/claim", headers, body);
      const { code, detail } = JSON.parse(text);
      assert.deepEqual([status, code], [400, "invalid_request"], text);
      assert.match(detail, why);
    }
    assert.equal((await ask(node.url, "GET", "/api/coupons/CT")).body.remaining_amount, 5);
  } finally {
    await node.kill();
  }
});

Deno.test("an offer to upgrade the connection is ignored, with a body too", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    for (const [n, protocol] of ["h2c", "TLS/1.2", "websocket"].entries()) {
      const body = JSON.stringify({ user_id: `user-${n}`, coupon_name: "CT" });
      const { hostname, port } = new URL(node.url);
      using connection = await Deno.connect({ hostname, port: Number(port) });
      const head = "POST /api/coupons/claim HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n" +
        `Upgrade: ${protocol}\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const buffer = new Uint8Array(4_096);
      // The first is accepted, the second refused, on the same connection.
      for (const status of [200, 409]) {
        await connection.write(new TextEncoder().encode(head));
        const size = await connection.read(buffer);
        const answer = new TextDecoder().decode(buffer.subarray(0, size ?? 0));
        assert(answer.startsWith(`HTTP/1.1 ${status} `), `${protocol}: ${answer}`);
      }
    }
  } finally {
    await node.kill();
  }
});

Deno.test("what is no request, or HTTP/2, is refused with an answer and counted", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    const { hostname, port } = new URL(node.url);
    const send = async (text: string) => {
      using connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(text));
      await connection.closeWrite();
      let answer = "";
      const buffer = new Uint8Array(4_096);
      for (let size; (size = await connection.read(buffer)) !== null;) {
        answer += new TextDecoder("latin1").decode(buffer.subarray(0, size));
      }
      return answer;
    };
    const malformed = await send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert.match(malformed, /^HTTP\/1.1 400 [^]*\r\nconnection: close\r\n\r\n\{[^]*"code":"invalid_request"/);
    const large = await send(`GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(70_000)}\r\n\r\n`);
    assert.match(large, /^HTTP\/1.1 431 [^]*"code":"head_too_large"/);
    const http2 = await send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    assert(http2.endsWith("\0\0\0\x0d"), "GOAWAY says that HTTP/1.1 is required");
    const metrics = await (await fetch(node.url + "/metrics")).text();
    for (const status of [400, 431, 505]) {
      assert.match(metrics, new RegExp(`route="unknown",status="${status}"\\} 1\\n`), metrics.slice(0, 600));
    }
  } finally {
    await node.kill();
  }
});
