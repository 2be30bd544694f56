/** Does a stampede show what it should, however wide the terminal? */
import assert from "node:assert/strict";
import { type Progress, renderLine, renderView, stockBar } from "../../../../tools/stampede/view.ts";

const PROGRESS: Progress = {
  sale: "2026-11-21T14Z",
  elapsedMs: 2_500,
  buyers: { done: 1_204, all: 2_000 },
  stock: { items: 10_000, sold: 5_000, held: 2_500 },
  answers: new Map([["purchase 200", 5_000], ["checkout 200", 7_500]]),
  p50Ms: 12.34,
  p99Ms: 123.4,
};

Deno.test("stockBar() shows sold, held and left in their proportion, always as wide", () => {
  const bar = (sold: number, held: number, items = 100) => stockBar({ items, sold, held }, 20);
  assert.equal(bar(50, 25), "##########+++++.....");
  assert.equal(bar(0, 0), ".".repeat(20));
  assert.equal(bar(100, 0), "#".repeat(20));
  assert.equal(bar(99, 1), "#".repeat(19) + "+");
  assert.equal(bar(0, 0, 0), ".".repeat(20));
});

Deno.test("renderView() shows all, kinds of answers in order", () => {
  assert.deepEqual(renderView(PROGRESS, 30), [
    "2026-11-21T14Z  1,204 of 2,000",
    "[#########++++.....]",
    "sold 5,000  held 2,500  left 2",
    "12,500 answers  5,000/s  p50 1",
    "  checkout 200      7,500",
    "  purchase 200      5,000",
  ]);
  assert.equal(renderView(PROGRESS, 200)[3], "12,500 answers  5,000/s  p50 12.3 ms  p99 123 ms");
});

Deno.test("renderView() and renderLine() show a beginning", () => {
  const before: Progress = {
    ...PROGRESS,
    elapsedMs: 0,
    stock: undefined,
    answers: new Map(),
    p50Ms: NaN,
    p99Ms: NaN,
  };
  assert.equal(renderView(before, 80)[1], "0 answers  0/s  p50 –  p99 –");
  assert.equal(renderLine(before), "0.0 s, 1,204 of 2,000 buyers, 0 answers, 0/s, p50 –, p99 –");
});

Deno.test("renderLine() shows the stock in one line", () => {
  const wanted =
    "2.5 s, 1,204 of 2,000 buyers, sold 5,000, held 2,500, 12,500 answers, 5,000/s, p50 12.3 ms, p99 123 ms";
  assert.equal(renderLine(PROGRESS), wanted);
});
