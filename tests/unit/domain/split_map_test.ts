import assert from "node:assert/strict";
import fc from "fast-check";
import { SplitMap } from "../../../src/domain/split_map.ts";

Deno.test("SplitMap is a map, whole or split", () => {
  const step = fc.tuple(fc.string({ maxLength: 3 }), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), fc.constantFrom(4, 1_000), (steps, wholeMax) => {
      const split = new SplitMap<number>(wholeMax);
      const model = new Map<string, number>();
      assert(split.empty);
      for (const [text, value] of steps) {
        assert.equal(split.get(text), model.get(text));
        split.set(text, value);
        model.set(text, value);
        assert(!split.empty);
      }
      for (const [text, value] of model) assert.equal(split.get(text), value);
    }),
  );
});
