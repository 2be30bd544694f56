import assert from "node:assert/strict";
import fc from "fast-check";
import { itemNameOf } from "../../../src/domain/item_names.ts";
import { ITEMS_MAX, SALE_NUMBER_MAX } from "../../../src/domain/sale_ids.ts";

const NUMBER = Date.UTC(2026, 10, 21, 14) / 3_600_000;
const number = fc.integer({ min: 0, max: SALE_NUMBER_MAX });
const n = fc.integer({ min: 0, max: ITEMS_MAX });

/** Names of a sale's items 1 to `items`. */
function namesOf(number: number, items: number): string[] {
  return Array.from({ length: items }, (_, index) => itemNameOf(number, index + 1));
}

Deno.test("itemNameOf() is the same for ever, since it is stored nowhere", () => {
  const names: [number, number, string][] = [
    [NUMBER, 1, "Plucky Cinnamon Guitar"],
    [NUMBER, 2, "Gentle Celadon Bookshelf"],
    [NUMBER, 10_000, "Brisk Amber Compass"],
    [NUMBER + 1, 1, "Quaint Saffron Cushion"],
    [0, 0, "Vivid Scarlet Jug"],
    [SALE_NUMBER_MAX, ITEMS_MAX, "Neat Amethyst Easel"],
  ];
  for (const [number, n, name] of names) assert.equal(itemNameOf(number, n), name);
});

Deno.test("itemNameOf() is three plain words of at most 31 characters for any place", () => {
  fc.assert(fc.property(number, n, (number, n) => {
    const name = itemNameOf(number, n);
    assert.match(name, /^[A-Z][a-z]+ [A-Z][a-z]+ [A-Z][a-z]+$/);
    assert(name.length <= 31, name);
  }));
});

Deno.test("itemNameOf() names no two items of one sale alike, be they as many as a sale can have", () => {
  assert.equal(new Set(namesOf(NUMBER, ITEMS_MAX)).size, ITEMS_MAX);
});

Deno.test("itemNameOf() names no two of the first 10,000 items alike in any sale", () => {
  const property = fc.property(number, (number) => assert.equal(new Set(namesOf(number, 10_000)).size, 10_000));
  fc.assert(property, { numRuns: 20 });
});

Deno.test("itemNameOf() deals other names to the next sale, and neighbours share words no oftener than by chance", () => {
  const here = namesOf(NUMBER, 10_000);
  const next = namesOf(NUMBER + 1, 10_000);
  const known = new Set(here);
  const both = next.filter((name) => known.has(name)).length;
  assert(both < 200, `${both} of 10,000 names are in both sales; 100 by chance`);
  assert(shared(here, next) < 450, "300 by chance");
  assert(shared(here, here.slice(1)) < 450, "300 by chance");
});

/** How many words stand at the same place in the names of the same index. */
function shared(left: readonly string[], right: readonly string[]): number {
  let count = 0;
  right.forEach((name, index) => {
    const words = left[index]!.split(" ");
    name.split(" ").forEach((word, place) => count += word === words[place] ? 1 : 0);
  });
  return count;
}

Deno.test("itemNameOf() throws where no item can be", () => {
  const wrong: [number, number][] = [[-1, 1], [0.5, 1], [NaN, 1], [SALE_NUMBER_MAX + 1, 1], [0, -1], [0, 1.5]];
  for (const [number, n] of [...wrong, [0, ITEMS_MAX + 1] as const, [0, Infinity] as const]) {
    assert.throws(() => itemNameOf(number, n), RangeError, `${number}, ${n}`);
  }
});
