/** Are durations read as Go's time.ParseDuration reads them? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDuration } from "../../../src/config/duration.ts";

const HOUR_MS = 3_600_000;

Deno.test("parseDuration() reads numbers with units, fractions and sums of them", () => {
  const cases: [text: string, ms: number | undefined][] = [
    ["0", 0],
    ["0s", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["1.5h", 1.5 * HOUR_MS],
    ["1h15m30.918s", HOUR_MS + 15 * 60_000 + 30_918],
    [".5s", 500],
    ["1.s", 1_000],
    ["1.1s", 1_100],
    ["0.007s", 7],
    ["1000us", 1],
    ["1000µs", 1],
    ["1000μs", 1],
    ["1500000ns500us", 2],
    ["+5m", 300_000],
    ["30s1m", 90_000],
    ["1s1s", 2_000],
    ["3650d", 3_650 * 24 * HOUR_MS],
    ["1.5d12h", 48 * HOUR_MS],
    ["", undefined],
    ["5", undefined],
    ["00", undefined],
    ["s", undefined],
    [".s", undefined],
    ["1.2.3s", undefined],
    ["1 s", undefined],
    [" 1s", undefined],
    ["1s ", undefined],
    ["1S", undefined],
    ["-1s", undefined],
    ["--1s", undefined],
    ["1s-1s", undefined],
    ["1w", undefined],
    ["1e3s", undefined],
    ["0x1s", undefined],
    ["1m30", undefined],
    ["0.5ms", undefined],
    ["1us", undefined],
    ["1ns", undefined],
    ["1s1ns", undefined],
    ["１s", undefined],
    ["infs", undefined],
    ["1s".repeat(17), undefined],
    ["9".repeat(16) + "s", undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, JSON.stringify(text));
});

Deno.test("parseDuration() is the sum of its parts, in any units and any order", () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: HOUR_MS } as const;
  const part = fc.record({
    unit: fc.constantFrom(...Object.keys(units) as (keyof typeof units)[]),
    thousandths: fc.nat(9_999_999),
  });
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
    const fit = parts.filter(({ unit, thousandths }) => unit !== "ms" || thousandths % 1_000 === 0);
    fc.pre(fit.length > 0);
    const text = fit.map(({ unit, thousandths }) => `${(thousandths / 1_000).toFixed(3)}${unit}`).join("");
    const ms = fit.reduce((sum, { unit, thousandths }) => sum + thousandths * units[unit] / 1_000, 0);
    assert.equal(parseDuration(text), Math.round(ms), text);
  }));
});

Deno.test("parseDuration() takes little time for a long text", () => {
  const began = performance.now();
  for (const text of ["1".repeat(100_000), "1.".repeat(50_000), "1s".repeat(50_000) + "!"]) {
    assert.equal(parseDuration(text), undefined);
  }
  assert(performance.now() - began < 1_000);
});
