/** Are codes distinct, and of the one spelling that is read? */
import assert from "node:assert/strict";
import { formatCode, parseCode } from "../../../src/domain/sale_ids.ts";
import { newCode } from "../../../src/http/handlers/codes.ts";

Deno.test("newCode() makes codes that are read back as they are, none twice", () => {
  const codes = Array.from({ length: 5_000 }, newCode);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert.equal(parseCode(formatCode("2026-11-21T14Z", code))?.code, code);
});

Deno.test("newCode() draws each of 128 bits about as often as not", () => {
  const ones = new Array<number>(128).fill(0);
  const count = 4_000;
  for (let made = 0; made < count; made++) {
    const bytes = Uint8Array.fromBase64(newCode(), { alphabet: "base64url" });
    assert.equal(bytes.length, 16);
    for (let bit = 0; bit < 128; bit++) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
  }
  // Ten standard deviations.
  for (const [bit, drawn] of ones.entries()) assert(Math.abs(drawn - count / 2) < 316, `bit ${bit}: ${drawn}`);
});
