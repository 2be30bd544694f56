import assert from "node:assert/strict";
import fc from "fast-check";
import { masked, maskedIn, maskedValue } from "../../../src/config/masked.ts";

Deno.test("masked() takes user information and queries out of every URL of a text, and leaves the rest", () => {
  const cases: [string, string][] = [
    ["", ""],
    ["ann@shop.example?x=1", "ann@shop.example?x=1"],
    ["connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED 127.0.0.1:5432"],
    ["at file:///app/src/main.ts:12:3", "at file:///app/src/main.ts:12:3"],
    ["Serving on http://127.0.0.1:8080 from x", "Serving on http://127.0.0.1:8080 from x"],
    ["Invalid URL: 'postgres://u:pw@h:1,h:2/d'", "Invalid URL: 'postgres://***@h:1,h:2/d'"],
    [`Received: "rediss://default:p"w'@h:1".`, `Received: "rediss://***@h:1".`],
    ["a://u:p@h and b://v:q@i, c://w", "a://***@h and b://***@i, c://w"],
    ["url (http://h/x?token=abc)", "url (http://h/x?***"],
    ["url (http://h/x?token=abc) failed", "url (http://h/x?*** failed"],
    ["http://u:p?a=b@h/x", "http://***@h/x"],
    ["http://h/?a=x@y", "http://***@y"],
  ];
  for (const [text, expected] of cases) assert.equal(masked(text), expected);
});

const SECRET = "hunter2";
/** Of any characters, but what ends a URL in a text. */
const around = fc.string().map((text) => text.replace(/[\s@]/g, ""));

Deno.test("masked() leaves no password, whatever stands around it, and changes nothing that is masked", () => {
  fc.assert(fc.property(fc.string(), around, around, fc.string(), (before, user, more, after) => {
    const told = masked(`${before} postgres://${user}:${SECRET}${more}@host/db ${after}`);
    assert(!told.includes(SECRET), told);
    assert.equal(masked(told), told);
  }));
});

Deno.test("maskedValue() leaves no password in what was meant for a URL, however wrong, and is one line", () => {
  fc.assert(fc.property(fc.string(), fc.string(), fc.boolean(), (user, more, hasScheme) => {
    const told = maskedValue(`${hasScheme ? "redis://" : ""}${user}:${SECRET}${more}@host`);
    assert(!told.includes(SECRET) && !/[\n\r]/.test(told), told);
  }));
  assert.equal(maskedValue("x".repeat(1_000)), "x".repeat(200) + "…");
  for (
    const plain of [
      "abc",
      "-1",
      "5 m",
      "host:8081",
      "/etc/keys.json",
      "https://a.example:443, https://b.example/",
      "http://[::1]:80",
    ]
  ) {
    assert.equal(maskedValue(plain), plain);
  }
});

Deno.test("maskedIn() masks all texts of a value, and leaves what is none", () => {
  const error = new Error("no postgres://u:p@h/d");
  for (const other of [new Date(0), new Map([["a", 1]]), new Set([1])]) assert.equal(maskedIn(other), other);
  assert.deepEqual(maskedIn({ a: ["x://u:p@h", 7, null], b: { c: "x://u:p@h?d", e: undefined }, error, is: true }), {
    a: ["x://***@h", 7, null],
    b: { c: "x://***@h?***", e: undefined },
    error: "Error: no postgres://***@h/d",
    is: true,
  });
});
