/** Can the page be read without the internet? */
import assert from "node:assert/strict";
import { PAGE_POLICY } from "../../../src/http/answers/secure_headers.ts";
import { get, test, withEdge } from "../../support/edge.ts";

const TYPES: Readonly<Record<string, RegExp>> = {
  page: /^text\/html/,
  ".css": /^text\/css/,
  ".ico": /^image\/x-icon$/,
  ".js": /^text\/javascript/,
};

Deno.test("the page asks for files of its own node alone, which are there, and its policy bars all others", () =>
  withEdge(async (edge) => {
    const response = await edge.fetch(get("/docs"));
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
    const policy = Object.fromEntries(
      response.headers.get("content-security-policy")!.split("; ").map((
        line,
      ) => [line.split(" ")[0], line.split(" ").slice(1)]),
    );
    assert.equal(response.headers.get("content-security-policy"), PAGE_POLICY, "and no other beside it");
    assert.deepEqual(policy["default-src"], ["'none'"]);
    assert(
      Object.values(policy).flat().every((source) => /^('self'|'none'|data:)$/.test(source as string)),
      "nothing else",
    );
    const errors = await edge.fetch(get("/docs/errors"));
    assert.equal(errors.headers.get("content-security-policy"), PAGE_POLICY);
    const page = await response.text() + await errors.text();
    assert(!/<script>|style=|<style|\son\w+=/.test(page), "nothing inline, which the policy would bar");
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
    for (const link of links.filter((it) => !/^(data:,$|#)/.test(it))) {
      assert.match(link, /^\/(docs\b|favicon)/);
      const file = await edge.fetch(get(link));
      assert.equal(file.status, 200, link);
      assert.match(file.headers.get("content-type")!, TYPES[/\.\w+$/.exec(link)?.[0] ?? "page"]!);
      assert.equal(file.headers.get("x-content-type-options"), "nosniff");
      await file.body?.cancel();
    }
    const start = await (await edge.fetch(get("/docs/start.js"))).text();
    const [, document = ""] = /url: "([^"]*)"/.exec(start)!;
    assert.equal((await (await edge.fetch(get(document))).json()).openapi, "3.1.0");
    assert(!/https?:/.test(start));
    assert.match(start, /validatorUrl: null/, "else the interface would ask one elsewhere");
  }));

Deno.test("what was read already is not sent again, and HEAD tells of it without a body", () =>
  withEdge(async (edge) => {
    for (
      const path of [
        "/openapi.json",
        "/docs",
        "/docs/",
        "/favicon.ico",
        "/docs/errors",
        "/docs/start.js",
        "/docs/swagger-ui.css",
      ]
    ) {
      const first = await edge.fetch(get(path));
      const etag = first.headers.get("etag")!;
      const size = (await first.bytes()).length;
      assert(size > 0);
      const again = await edge.fetch(get(path, "GET", { "if-none-match": `W/${etag}` }));
      assert.deepEqual([again.status, (await again.bytes()).length], [304, 0]);
      const head = await edge.fetch(get(path, "HEAD"));
      assert.deepEqual([head.status, head.headers.get("etag"), (await head.bytes()).length], [200, etag, 0]);
    }
  }));

Deno.test("a file that is none of the page's is not found", () =>
  withEdge(async (edge) => {
    for (const file of ["swagger-ui.js", "..%2f..%2fetc%2fpasswd", "constructor", "__proto__", "START.JS"]) {
      const response = await edge.fetch(get(`/docs/${file}`));
      assert.deepEqual([response.status, (await response.json()).code], [404, "not_found"], file);
    }
  }));

test("all answers share the bytes of a file", async (edge) => {
  const partOf = async () => {
    const { body } = await edge.fetch(get("/docs/swagger-ui-bundle.js"));
    const reader = body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return value!.buffer;
  };
  assert.equal(await partOf(), await partOf());
});
