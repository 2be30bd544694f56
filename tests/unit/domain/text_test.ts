import assert from "node:assert/strict";
import fc from "fast-check";
import { isUserId } from "../../../src/domain/name_key.ts";

Deno.test("isUserId() takes 1 to 255 code points, exact and well-formed", () => {
  for (const id of ["u", "User_1", "ünï", "🎉".repeat(255), "a b", "a\u200bb", "a\u00a0b"]) {
    assert(isUserId(id), JSON.stringify(id));
  }
  const refused = [
    "",
    " ",
    "\u3000",
    "a\u0000",
    "\ud800",
    "\ufffd",
    "x".repeat(256),
    ".",
    "..",
    5,
    null,
    undefined,
    {},
  ];
  for (const id of [...refused, ["u"]]) assert(!isUserId(id), JSON.stringify(id));
});

Deno.test("isUserId() refuses white space of every kind at either end", () => {
  const kinds = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((it) =>
    /[\p{White_Space}\ufeff]/u.test(it)
  );
  assert.equal(kinds.length, 26);
  for (const space of kinds) {
    for (const id of [`${space}u`, `u${space}`, space]) assert(!isUserId(id), JSON.stringify(id));
  }
});

Deno.test("isUserId() takes each id that has no white space at either end, whatever else it has", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), (text) => {
    const isFine = text === text.trim() && text !== "." && text !== ".." && !/[\p{Cc}\ufffd]/u.test(text);
    assert.equal(isUserId(text), isFine, JSON.stringify(text));
  }));
});
