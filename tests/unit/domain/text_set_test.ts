import assert from "node:assert/strict";
import fc from "fast-check";
import { textHash } from "../../../src/domain/text_hash.ts";
import { TextSet } from "../../../src/domain/text_set.ts";

/** Hashes from good to hostile: the lower their number of values, the longer the searches. */
const HASHES: Readonly<Record<string, (text: string) => number>> = {
  textHash,
  "by length": ({ length }) => length << 8,
  "at the end of the table, and over it": ({ length }) => 0xffff_ff00 - (length << 8) >>> 0,
  constant: () => 0xdead_beef,
};

function textsOf(set: TextSet): [string, number][] {
  const texts: [string, number][] = [];
  set.forEach((text, hash) => texts.push([text, hash]));
  return texts.sort();
}

for (const [name, hash] of Object.entries(HASHES)) {
  Deno.test(`TextSet is a set, hashed ${name}`, () => {
    const step = fc.tuple(fc.constantFrom("add", "add", "delete"), fc.string({ maxLength: 3, unit: "binary" }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const set = new TextSet();
        const model = new Set<string>();
        for (const [act, text] of steps) {
          const wasIn = model.has(text);
          if (act === "add") assert.equal(set.add(text, hash(text)), !wasIn);
          else assert.equal(set.delete(text, hash(text)), wasIn);
          if (act === "add") model.add(text);
          else model.delete(text);
          assert.equal(set.size, model.size);
        }
        for (const [, text] of steps) assert.equal(set.has(text, hash(text)), model.has(text));
        assert.deepEqual(textsOf(set), [...model].map((text) => [text, hash(text)]).sort());
      }),
    );
  });

  Deno.test(`TextSet holds thousands, and lets them go one by one, hashed ${name}`, () => {
    const set = new TextSet();
    const texts = Array.from({ length: 3_000 }, (_, place) => `user ${place}`);
    for (const text of texts) assert(set.add(text, hash(text)));
    for (const text of texts) assert(!set.add(text, hash(text)));
    assert.equal(set.size, texts.length);
    // Every third first, so that gaps open in the midst of others.
    const order = [0, 1, 2].flatMap((rest) => texts.filter((_, place) => place % 3 === rest));
    for (const [gone, text] of order.entries()) {
      assert(set.delete(text, hash(text)));
      assert(!set.has(text, hash(text)));
      if (gone % 100 === 0) { for (const later of order.slice(gone + 1)) assert(set.has(later, hash(later))); }
    }
    assert.equal(set.size, 0);
    for (const text of texts) assert(set.add(text, hash(text)));
    assert.equal(textsOf(set).length, texts.length);
  });
}

Deno.test("textHash() is of 32 bits, one for each of 100,000 numbered texts but a few, and even in its bytes", () => {
  const hashes = Array.from({ length: 100_000 }, (_, place) => textHash(`user-${place}`));
  assert(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32));
  assert(new Set(hashes).size > 99_990, "1.2 pairs are to be expected");
  for (const shift of [0, 8, 16, 24]) {
    const counts = new Array(256).fill(0);
    for (const hash of hashes) counts[(hash >>> shift) & 255]++;
    // Chi-squared with 255 degrees of freedom: above 400 by chance once in 10 million.
    const chi = counts.reduce((sum, count) => sum + (count - 390.625) ** 2 / 390.625, 0);
    assert(chi < 400, `bits from ${shift}: ${chi}`);
  }
});

Deno.test("textHash() gives each text the same number in every version: the ring places actors by it", () => {
  const hashes = {
    "": 2_872_998_923,
    a: 444_641_715,
    user_12345: 2_862_042_538,
    PROMO_SUPER: 621_634_152,
    日本語: 3_456_843_481,
    "😀": 1_787_143_206,
    [`${"x".repeat(300)}`]: 115_736_690,
  };
  for (const [text, hash] of Object.entries(hashes)) assert.equal(textHash(text), hash, text);
});
