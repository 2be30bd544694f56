import assert from "node:assert/strict";
import fc from "fast-check";
import {
  codeOf,
  DIGITS,
  LETTERS,
  longestCodeOf,
  parsePattern,
  type RandomBelow,
  UNGUESSABLE,
} from "../../../src/domain/code_pattern.ts";
import { normalizeName } from "../../../src/domain/name_key.ts";

const first: RandomBelow = () => 0;
const last: RandomBelow = (below) => below - 1;

/** Texts of patterns that can be meant, with marks, escapes and characters that change when they are folded. */
const texts = fc.array(fc.constantFrom("#", "?", "-", "a", "\\#", "\\?", "\\\\", "É", "ſ", "\u0301", "ﬁ", "🎉", " "), {
  minLength: 1,
  maxLength: 40,
}).map((parts) => parts.join(""));
const chances = fc.infiniteStream(fc.nat({ max: 1_000_000 }));

function randomOf(stream: Iterator<number>): RandomBelow {
  return (below) => stream.next().value as number % below;
}

for (
  const [text, possible, one, other] of [
    ["SPRING-####-????", 8 ** 4 * 20 ** 4, "SPRING-2222-AAAA", "SPRING-9999-YYYY"],
    ["#", 8, "2", "9"],
    ["a\\#b\\?\\\\#", 8, "a#b?\\2", "a#b?\\9"],
    ["\\S?", 20, "SA", "SY"],
    ["no place", 1, "no place", "no place"],
    ["🎉?", 20, "🎉A", "🎉Y"],
  ] as const
) {
  Deno.test(`parsePattern() reads ${text}: ${possible} codes, from ${one} to ${other}`, () => {
    const pattern = parsePattern(text)!;
    assert.equal(pattern.possible, possible);
    assert.deepEqual([codeOf(pattern, first), codeOf(pattern, last)], [one, other]);
  });
}

for (
  const text of [
    "",
    " ",
    "a/#",
    "#\\",
    "#\u0000",
    "#\u0085",
    "#\ufffd",
    "\ud800#",
    "#".repeat(256),
    "ﬁ".repeat(128) + "#",
    "a".repeat(1_100),
  ]
) {
  Deno.test(`parsePattern() refuses ${JSON.stringify(text).slice(0, 20)} (${text.length})`, () => {
    assert.equal(parsePattern(text), undefined);
  });
}

Deno.test("no place is filled with what is read for another character", () => {
  assert.equal(DIGITS, "23456789");
  for (const ambiguous of "01BILOSZ") assert(!(DIGITS + LETTERS).includes(ambiguous), ambiguous);
  assert.equal(new Set(DIGITS + LETTERS).size, 28);
  assert.match(LETTERS, /^[A-Z]+$/);
});

Deno.test("a code fits its pattern, is a coupon's name, and differs by fold where a random character differs", () => {
  fc.assert(fc.property(texts, chances, chances, (text, one, other) => {
    const pattern = parsePattern(text);
    fc.pre(pattern !== undefined);
    const [a, b] = [one, other].map((stream) => codeOf(pattern!, randomOf(stream[Symbol.iterator]())));
    for (const code of [a!, b!]) assert.notEqual(normalizeName(code), undefined, code);
    assert.equal(normalizeName(a!) === normalizeName(b!), a === b, `${a} ${b}`);
    const shape = (code: string) => code.length;
    assert.equal(shape(a!), shape(b!));
  }));
});

Deno.test("no code's fold is longer than that of longestCodeOf()", () => {
  fc.assert(fc.property(texts, chances, (text, chance) => {
    const pattern = parsePattern(text);
    fc.pre(pattern !== undefined);
    const code = codeOf(pattern!, randomOf(chance[Symbol.iterator]()));
    assert([...normalizeName(code)!].length <= [...normalizeName(longestCodeOf(pattern!))!].length);
  }));
});

Deno.test("an unguessable code has 128 random bits and more", () => {
  assert(Math.log2(UNGUESSABLE.possible) >= 128, `${Math.log2(UNGUESSABLE.possible)} bits`);
  assert.equal(codeOf(UNGUESSABLE, first).length, 27);
});
