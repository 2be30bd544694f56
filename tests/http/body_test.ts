import assert from "node:assert/strict";
import { BODY_MAX, BodyReader } from "../../src/http/body.ts";
import type { BadRequest } from "../../src/http/problem.ts";

const JSON_BODY = { "content-type": "application/json" };

function requestOf(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request("http://127.0.0.1/", { method: "POST", body, headers: { ...JSON_BODY, ...headers } });
}

/** A body that does not arrive, and how to end it. */
function endless(): { request: Request; end: () => void } {
  let end = () => {};
  const body = new ReadableStream({ start: (controller) => void (end = () => controller.close()) });
  return { request: requestOf(body), end };
}

async function withReader(body: (bodies: BodyReader) => Promise<void>, timeoutMs?: number): Promise<void> {
  const bodies = new BodyReader(timeoutMs);
  try {
    await body(bodies);
  } finally {
    bodies.close();
  }
}

function codeOf(read: Promise<unknown>): Promise<string> {
  return read.then(() => "read", ({ code }: BadRequest) => code);
}

for (const way of ["with its length", "without"]) {
  Deno.test(`json() reads a body of 16 KiB, and not of a byte more, ${way}`, async () => {
    await withReader(async (bodies) => {
      for (const [size, fate] of [[BODY_MAX, "read"], [BODY_MAX + 1, "body_too_large"]] as const) {
        const text = "1".padStart(size);
        const headers = way === "without" ? {} : { "content-length": String(size) };
        assert.equal(await codeOf(bodies.json(requestOf(text, headers))), fate);
      }
    });
  });
}

Deno.test("json() gives up a body that does not arrive, whatever arrived before it and beside it", async () => {
  await withReader(async (bodies) => {
    const read = () => codeOf(bodies.json(requestOf("{}")));
    assert.equal(await read(), "read");
    const [first, second] = [endless(), endless()];
    const late = [first, second].map(({ request }) => codeOf(bodies.json(request)));
    assert.deepEqual(await Promise.all([read(), read()]), ["read", "read"]);
    assert.deepEqual(await Promise.all(late), ["request_timeout", "request_timeout"]);
    first.end();
    second.end();
    const third = endless();
    assert.equal(await codeOf(bodies.json(third.request)), "request_timeout");
    third.end();
  }, 50);
});

Deno.test("peek() keeps a body for whoever reads it, until it is forgotten", async () => {
  await withReader(async (bodies) => {
    const request = requestOf('{"name":"promo"}');
    assert.deepEqual(await bodies.peek(request), { name: "promo" });
    assert.deepEqual(await bodies.json(request), { name: "promo" });
    bodies.forget(request);
    assert.equal(await codeOf(bodies.json(request)), "invalid_request", "it was read already, and is kept no more");
  });
});
