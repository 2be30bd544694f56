/** Does a histogram show what prom-client's own shows? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Histogram, Registry } from "prom-client";
import { Distribution } from "../../../src/http/metrics.ts";

Deno.test("a Distribution shows, byte for byte, what prom-client's histogram of the same numbers does", async () => {
  const number = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 12, noNaN: true }));
  await fc.assert(fc.asyncProperty(fc.array(number, { maxLength: 30 }), async (values) => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const buckets = [1, 2.5, 5, 10];
    const distribution = new Distribution(ours, "sizes", "How many", buckets);
    const histogram = new Histogram({ name: "sizes", help: "How many", buckets, registers: [theirs] });
    for (const value of values) {
      distribution.observe(value);
      histogram.observe(value);
    }
    assert.equal(await ours.metrics(), await theirs.metrics());
  }));
});
