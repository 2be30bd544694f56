import assert from "node:assert/strict";
import { etagOf, isKnown } from "../../../src/http/answers/etag.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("etagOf() is strong, equal for equal bytes and for no others", () => {
  assert.equal(etagOf(bytes("a")), etagOf(bytes("a")));
  assert.notEqual(etagOf(bytes("a")), etagOf(bytes("b")));
  assert.match(etagOf(bytes("")), /^"[A-Za-z0-9_-]{22}"$/);
});

Deno.test("isKnown() finds the validator in every form of If-None-Match", () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ["", false],
    [`"abc"`, true],
    [`"abcd"`, false],
    [`"ab", "c"`, false],
    [`abc`, false],
    [`"ABC"`, false],
    [`W/"abc"`, true],
    [`"x", W/"y",  "abc"`, true],
    [`"x","abc","y"`, true],
    [`"a,b", "abc"`, true],
    [`"\xe9", "abc"`, true],
    ["*", true],
    [" * ", true],
    [`"*"`, false],
  ];
  for (const [value, known] of cases) {
    const headers = new Headers(value === undefined ? {} : { "if-none-match": value });
    assert.equal(isKnown(`"abc"`, headers), known, `If-None-Match: ${value}`);
  }
});
