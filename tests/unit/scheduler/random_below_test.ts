import assert from "node:assert/strict";
import { DIGITS, LETTERS } from "../../../src/domain/code_pattern.ts";
import { makeRandomBelow, randomBelow } from "../../../src/scheduler/random_below.ts";

Deno.test("each number is drawn equally often where each byte is: none is likelier by a remainder", () => {
  for (const below of [DIGITS.length, LETTERS.length, DIGITS.length + LETTERS.length, 1, 3, 255, 256]) {
    let place = 0;
    const random = makeRandomBelow((bytes) => bytes.forEach((_, at) => bytes[at] = place++ % 256));
    const each = Math.floor(256 / below);
    const counts = new Array(below).fill(0);
    // All that the generator's first 64 rounds of bytes come to.
    for (let draw = 0; draw < 64 * each * below; draw++) counts[random(below)]++;
    assert.deepEqual(counts, new Array(below).fill(64 * each), `below ${below}`);
  }
});

Deno.test("the system's generator is asked for new bytes when all are used, and every number comes", () => {
  const counts = new Array(28).fill(0);
  for (let draw = 0; draw < 100_000; draw++) counts[randomBelow(28)]++;
  // 3,571 each on average, with a deviation of 59: ten of them are never seen.
  for (const count of counts) assert(Math.abs(count - 100_000 / 28) < 590, `${counts}`);
});
