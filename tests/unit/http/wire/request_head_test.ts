/** Is a head read as RFC 9112 says, and refused where two readers could disagree on it? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { CHUNKED, FIELDS_MAX, MalformedHead, parseHead } from "../../../../src/http/wire/request_head.ts";

const HOST = "Host: shop.example";

function head(...lines: string[]): string {
  return lines.join("\r\n");
}

Deno.test("a head says what is asked, and where the request ends", () => {
  const { fields, ...rest } = parseHead(
    head("POST /a?b HTTP/1.1", HOST, "Content-Type:application/json", "content-LENGTH: \t12 ", "X-Empty:"),
  );
  assert.deepEqual(fields, [
    ...["host", "shop.example", "content-type", "application/json", "content-length", "12", "x-empty", ""],
  ]);
  assert.deepEqual(rest, {
    method: "POST",
    target: "/a?b",
    host: "shop.example",
    bodyLength: 12,
    keepAlive: true,
    isHttp10: false,
    expectsContinue: false,
  });
});

Deno.test("each length of a body is read", () => {
  const lengthOf = (...lines: string[]) => parseHead(head("POST / HTTP/1.1", HOST, ...lines)).bodyLength;
  assert.equal(lengthOf(), 0);
  assert.equal(lengthOf("Content-Length: 0"), 0);
  assert.equal(lengthOf("Content-Length: 007"), 7);
  assert.equal(lengthOf("Transfer-Encoding: Chunked"), CHUNKED);
});

Deno.test("a connection is kept as its version and its Connection fields say", () => {
  const keeps = (version: string, ...lines: string[]) =>
    parseHead(head(`GET / HTTP/${version}`, HOST, ...lines)).keepAlive;
  assert(keeps("1.1"));
  assert(keeps("1.1", "Connection: keep-alive", "Connection: Upgrade"));
  assert(!keeps("1.1", "Connection: foo, Close"));
  assert(!keeps("1.1", "Connection: keep-alive", "Connection: close"));
  assert(!keeps("1.0"));
  assert(keeps("1.0", "Connection: Keep-Alive"));
});

Deno.test("an offer to upgrade changes nothing, whatever it offers and whatever body it comes with", () => {
  for (const protocol of ["h2c", "TLS/1.2", "websocket", "foo/1, h2c"]) {
    const lines = ["Connection: Upgrade, HTTP2-Settings", `Upgrade: ${protocol}`, "HTTP2-Settings: AAEAAEAA"];
    const { bodyLength, keepAlive } = parseHead(head("POST / HTTP/1.1", HOST, ...lines, "Content-Length: 5"));
    assert.deepEqual([bodyLength, keepAlive], [5, true], protocol);
    assert.equal(parseHead(head("POST / HTTP/1.1", HOST, ...lines, "Transfer-Encoding: chunked")).bodyLength, CHUNKED);
  }
});

Deno.test("a target stands as it was sent, its bytes taken as UTF-8", () => {
  const targetOf = (target: string) => parseHead(head(`GET ${target} HTTP/1.1`, HOST)).target;
  for (const target of ["/", "/a/../b%2e?c=d&e", "/a\\b", "http://a:1/b", "HTTPS://a/", "http://a", "*", "//a"]) {
    assert.equal(targetOf(target), target);
  }
  assert.equal(targetOf("/caf\u00c3\u00a9"), "/café");
  assert.equal(parseHead(head("CONNECT a:1 HTTP/1.1", HOST)).target, "a:1");
});

Deno.test("HTTP/1.0 needs no Host", () => {
  assert.equal(parseHead("GET /readyz HTTP/1.0").host, undefined);
});

Deno.test("what can be read in two ways, or in none, is refused", () => {
  const lines = {
    "no request line": "",
    "no version": "GET /",
    "HTTP/0.9": "GET / HTTP/0.9",
    "HTTP/1.2": "GET / HTTP/1.2",
    "HTTP/2": "PRI * HTTP/2.0",
    "two blanks": "GET  / HTTP/1.1",
    "a blank at the end": "GET / HTTP/1.1 ",
    "a tab": "GET\t/ HTTP/1.1",
    "a method with a slash": "G/T / HTTP/1.1",
    "a target that is no path": "GET a HTTP/1.1",
    "a target of another scheme": "GET ftp://a/ HTTP/1.1",
    "a target with a blank": "GET /a b HTTP/1.1",
    "a target with a control character": "GET /\x01 HTTP/1.1",
    "a line feed in it": "GET /\nHost: a HTTP/1.1",
  };
  for (const [name, line] of Object.entries(lines)) {
    assert.throws(() => parseHead(head(line, HOST)), MalformedHead, name);
  }
  const fields: Record<string, string[]> = {
    "no Host": ["A: b"],
    "two Hosts": [HOST, HOST],
    "a folded line": [HOST, "A: b", " c"],
    "no colon": [HOST, "A"],
    "a colon on the next line alone": [HOST, "A", "B: c"],
    "no name": [HOST, ": b"],
    "a blank before the colon": [HOST, "Content-Length : 3"],
    "a blank before the name": [" Host: a"],
    "a name with a control character": [HOST, "A\0: b"],
    "a value with NUL": [HOST, "A: \0"],
    "a value with a line feed": [HOST, "A: b\nContent-Length: 3"],
    "a value with a carriage return": [HOST, "A: b\rc"],
    "two lengths": [HOST, "Content-Length: 3", "Content-Length: 4"],
    "the same length twice": [HOST, "Content-Length: 3", "Content-Length: 3"],
    "a list of lengths": [HOST, "Content-Length: 3, 3"],
    "a length with a sign": [HOST, "Content-Length: +3"],
    "a negative length": [HOST, "Content-Length: -1"],
    "a hexadecimal length": [HOST, "Content-Length: 0x3"],
    "an empty length": [HOST, "Content-Length:"],
    "a length that is no number": [HOST, "Content-Length: 3a"],
    "a length beyond numbers": [HOST, "Content-Length: 99999999999999999999"],
    "a length and chunks": [HOST, "Content-Length: 3", "Transfer-Encoding: chunked"],
    "another coding": [HOST, "Transfer-Encoding: gzip"],
    "another coding before chunks": [HOST, "Transfer-Encoding: gzip, chunked"],
    "chunks twice": [HOST, "Transfer-Encoding: chunked, chunked"],
    "chunks in two fields": [HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "chunks with a vertical tab": [HOST, "Transfer-Encoding: \x0bchunked"],
    "too many fields": [HOST, ...Array.from({ length: FIELDS_MAX }, (_, n) => `A${n}: b`)],
  };
  for (const [name, these] of Object.entries(fields)) {
    assert.throws(() => parseHead(head("POST / HTTP/1.1", ...these)), MalformedHead, name);
  }
  assert.throws(() => parseHead(head("POST / HTTP/1.0", "Transfer-Encoding: chunked")), MalformedHead);
});

Deno.test("parseHead() throws nothing but MalformedHead, whatever it is given", () => {
  const line = fc.oneof(fc.string({ unit: "binary-ascii" }), fc.constantFrom("GET / HTTP/1.1", HOST, "A: b", ""));
  fc.assert(fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
    try {
      parseHead(lines.join("\r\n"));
    } catch (error) {
      assert(error instanceof MalformedHead, String(error));
    }
  }));
});
