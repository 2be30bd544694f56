/** What does a server make of requests that no HTTP client would send? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { createCoupon, startNode } from "../support/node.ts";

/** The status line and body of the answer to a request as it stands. */
async function sendRaw(url: string, target: string, host: string): Promise<{ status: number; text: string }> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  try {
    const text = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(text));
    const answer = await new Response(connection.readable).text();
    return { status: Number(answer.split(" ")[1]), text: answer };
  } catch (error) {
    connection.close();
    throw error;
  }
}

Deno.test("a Host that is none is 400", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    for (const host of ["[bad", "a b", "a?b", "a#b", "a@b"]) {
      const { status, text } = await sendRaw(node.url, "/api/coupons/CT", host);
      assert.equal(status, 400, `${host}: ${text}`);
    }
    for (const host of ["127.0.0.1", "localhost:8080", "[::1]:8080", "shop.example"]) {
      assert.equal((await sendRaw(node.url, "/api/coupons/CT", host)).status, 200, host);
    }
  } finally {
    await node.kill();
  }
});

Deno.test("a path that leaves its folder is not found, by any method", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    await createCoupon(node.url, "CT", 5);
    for (const path of ["/api/coupons/../coupons/CT", "/api/x/../coupons/CT"]) {
      const { status, text } = await sendRaw(node.url, path, "localhost");
      assert.equal(status, 404, text);
    }
  } finally {
    await node.kill();
  }
});
