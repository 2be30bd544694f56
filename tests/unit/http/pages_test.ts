import assert from "node:assert/strict";
import { cursorAfter, placeAfter } from "../../../src/http/requests/pages.ts";
import { InvalidRequest } from "../../../src/contract/invalid.ts";

const INTEGER_MAX = 2_147_483_647;

Deno.test("placeAfter() gives the place that cursorAfter() was given, where the list can have it", () => {
  const placeOf = (place: number, max?: number) => placeAfter(cursorAfter("claims promo", place), "claims promo", max);
  for (const place of [1, 100, INTEGER_MAX]) assert.equal(placeOf(place), place);
  assert.equal(placeOf(INTEGER_MAX + 1, Number.MAX_SAFE_INTEGER), INTEGER_MAX + 1);
  // Anyone can make such a cursor, and Postgres has no such place.
  for (const place of [0, -1, 1.5, INTEGER_MAX + 1, NaN, Infinity]) {
    assert.throws(() => placeOf(place), (error) => error instanceof InvalidRequest);
  }
});
