import assert from "node:assert/strict";
import fc from "fast-check";
import { foldName, foldSearch, isUserId } from "../../src/domain/text.ts";

Deno.test("foldName() makes one of spellings that differ in case, width, form and outer blanks", () => {
  const cases: [string, string][] = [
    ["PROMO_SUPER", "promo_super"],
    ["  Promo \t".replace("\t", ""), "promo"],
    ["ＰＲＯＭＯ", "promo"],
    ["\u00a0promo\u00a0", "promo"],
    ["Cafe\u0301", "café"],
    ["CAFÉ", "café"],
    ["ﬁrst", "first"],
    ["K (Kelvin: \u212a)", "k (kelvin: k)"],
    ["a b", "a b"],
    ["%_", "%_"],
    ["🎉", "🎉"],
  ];
  for (const [name, fold] of cases) assert.equal(foldName(name), fold, JSON.stringify(name));
});

Deno.test("foldName() refuses what cannot be a name", () => {
  const long = "x".repeat(256);
  const refused = ["", " ", "\u3000", ".", "..", " .. ", "a/b", "a／b", "․․", "a\u0000b", "a\nb", "\u0085", long];
  refused.push("\ud800", "a\udc00b", "\ufffd", "\ufeffa", "🎉".repeat(256), "ﷺ".repeat(15));
  for (const name of refused) assert.equal(foldName(name), undefined, JSON.stringify(name));
  assert.equal(foldName("x".repeat(255)), "x".repeat(255));
  assert.equal(foldName("🎉".repeat(255)), "🎉".repeat(255), "code points count, not units");
});

Deno.test("foldName() says the same of plain ASCII by its short way and by the long one", () => {
  const ascii = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  fc.assert(fc.property(ascii, (name) => {
    // A blank before it sends the same name the long way.
    assert.equal(foldName(name), foldName(" " + name));
  }));
});

Deno.test("foldSearch() folds like a name but keeps blanks and allows nothing", () => {
  assert.equal(foldSearch(""), "");
  assert.equal(foldSearch(" B"), " b");
  assert.equal(foldSearch("Ｐ"), "p");
  assert.equal(foldSearch("\ud800"), undefined);
  assert.equal(foldSearch("x".repeat(256)), undefined);
  assert.equal(foldSearch("İ".repeat(255)), "i\u0307".repeat(255), "as long as a name may be");
});

Deno.test("foldSearch() of each part of a name is a part of its fold, whatever form a sigma has there", () => {
  for (const name of ["ΠΑΣΧΑ_ΠΡΟΣΦΟΡΕΣ", "Σ", "ὈΔΥΣΣΕΎΣ ΣΊΣΥΦΟΣ"]) {
    const fold = foldName(name)!.replaceAll("ς", "σ");
    for (let from = 0; from < name.length; from++) {
      for (let to = from + 1; to <= name.length; to++) {
        const part = name.slice(from, to);
        assert(fold.includes(foldSearch(part)!), `${name}: ${part}`);
      }
    }
  }
});

Deno.test("isUserId() takes 1 to 255 code points that are not blank, exact and well-formed", () => {
  for (const id of ["u", "User_1", "ünï", "🎉".repeat(255), "a b", " a"]) assert(isUserId(id), JSON.stringify(id));
  const refused = [
    "",
    " ",
    "\u3000",
    "a\u0000",
    "\ud800",
    "\ufffd",
    "\ufeffu",
    "x".repeat(256),
    5,
    null,
    undefined,
    {},
    ["u"],
  ];
  for (const id of refused) assert(!isUserId(id), JSON.stringify(id));
});
