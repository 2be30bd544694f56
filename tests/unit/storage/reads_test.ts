import assert from "node:assert/strict";
import { listPartOf, pageOf, presentOf } from "../../../src/storage/reads.ts";

const viewOf = ([id]: readonly unknown[]) => `view ${id}`;

Deno.test("pageOf() has the total of the first column, also of a page beyond the last one", () => {
  assert.deepEqual(pageOf([[7, 1], [7, 2]], viewOf), { data: ["view 1", "view 2"], total: 7 });
  assert.deepEqual(pageOf([[7, null]], viewOf), { data: [], total: 7 });
});

Deno.test("listPartOf() goes on after its last row where there is one more than its limit", () => {
  const rows = [[1, "a"], [2, "b"], [3, "c"]];
  assert.deepEqual(listPartOf(rows, 2, viewOf), { data: ["view 1", "view 2"], next: 2 });
  assert.deepEqual(listPartOf(rows, 3, viewOf), { data: ["view 1", "view 2", "view 3"], next: undefined });
  assert.deepEqual(listPartOf(rows, 2, viewOf, ([, name]) => name).next, "b");
  assert.deepEqual(listPartOf([], 2, viewOf), { data: [], next: undefined });
});

Deno.test("presentOf() leaves out the row of a left join that found nothing", () => {
  assert.deepEqual(presentOf([[1, null]], 1), []);
  assert.deepEqual(presentOf([[1, 0], [1, false]], 1), [[1, 0], [1, false]]);
});
