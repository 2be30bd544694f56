import assert from "node:assert/strict";
import { BODY_MAX, BodyReader } from "../../../src/http/requests/body.ts";
import type { BadRequest } from "../../../src/http/answers/answer.ts";

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

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** How bodies come: with their length, or in chunks. */
const WAYS: Record<string, (text: string) => Request> = {
  "with its length": (text) => requestOf(bytesOf(text), { "content-length": String(bytesOf(text).length) }),
  "without": (text) => requestOf(new Blob([text]).stream()),
};

for (const [way, requestWith] of Object.entries(WAYS)) {
  Deno.test(`json() and optionalJson() read a body that begins with a byte order mark, ${way}`, async () => {
    await withReader(async (bodies) => {
      for (const read of ["json", "optionalJson"] as const) {
        assert.deepEqual(await bodies[read](requestWith('\ufeff{"a":"\ufeff"}')), { a: "\ufeff" });
        for (const text of ["\ufeff", '{"a":1}\ufeff', ' \ufeff{"a":1}', '\ufffe{"a":1}']) {
          assert.equal(await codeOf(bodies[read](requestWith(text))), "invalid_request", JSON.stringify(text));
        }
      }
      assert.equal(await bodies.optionalJson(requestWith("")), undefined);
    });
  });
}

Deno.test("json() reads a body that is not UTF-8 as none", async () => {
  await withReader(async (bodies) => {
    const utf16 = new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]);
    assert.equal(await codeOf(bodies.json(requestOf(utf16, { "content-length": "6" }))), "invalid_request");
    assert.equal(await codeOf(bodies.json(requestOf(new Blob([utf16]).stream()))), "invalid_request");
  });
});
