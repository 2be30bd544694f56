import assert from "node:assert/strict";
import fc from "fast-check";
import { Holders } from "../../../src/domain/holders.ts";

Deno.test("Holders is a set, whole or split", () => {
  const user = fc.string({ maxLength: 3 });
  const step = fc.tuple(fc.constantFrom("add", "delete"), user);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), fc.constantFrom(4, 1_000), (steps, wholeMax) => {
      const holders = new Holders(wholeMax);
      const model = new Set<string>();
      for (const [act, userId] of steps) {
        if (act === "delete") holders.delete(userId);
        else holders.add(userId);
        if (act === "delete") model.delete(userId);
        else model.add(userId);
        assert.equal(holders.size, model.size);
      }
      for (const [, userId] of steps) assert.equal(holders.has(userId), model.has(userId));
    }),
  );
});
