/** Are quantiles near the truth? */
import assert from "node:assert/strict";
import { Latencies } from "../../../../tools/stampede/latencies.ts";

function near(actual: number, wanted: number): void {
  assert(actual >= wanted * 0.999 && actual <= wanted * 1.051, `${actual}, where ${wanted} was wanted`);
}

Deno.test("quantile() is at most 5 % above the true one", () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms);
  assert.equal(latencies.count, 1_000);
  near(latencies.quantile(0.5), 500);
  near(latencies.quantile(0.99), 990);
  near(latencies.quantile(1), 1_000);
  near(latencies.quantile(0), 1);
});

Deno.test("quantile() is that of one, of the shortest, and NaN of none", () => {
  const latencies = new Latencies();
  assert(Number.isNaN(latencies.quantile(0.5)));
  latencies.add(0);
  assert.equal(latencies.quantile(0.99), 0.01);
});
