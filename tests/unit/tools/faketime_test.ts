import assert from "node:assert/strict";
import { offsetOf, shifted } from "../../../tools/faketime.ts";

const NOW = Date.UTC(2026, 10, 30, 22);

Deno.test("offsetOf() is how far a time is from now, in whole seconds", () => {
  assert.equal(offsetOf("+400d", NOW), 400 * 86_400);
  assert.equal(offsetOf("-1d", NOW), -86_400);
  assert.equal(offsetOf("2026-12-31T23:59:50", NOW), 31 * 86_400 + 2 * 3_600 - 10);
  assert.equal(offsetOf("2026-12-01T00:00", NOW + 400), 2 * 3_600);
  assert.equal(offsetOf("2028-02-29", NOW), Date.UTC(2028, 1, 29) / 1_000 - NOW / 1_000);
});

Deno.test("offsetOf() refuses what is no time", () => {
  for (const at of ["", "400d", "+d", "tomorrow", "2027-02-29T25:00", "2026-12-31 23:59:50", "12:00"]) {
    assert.throws(() => offsetOf(at, NOW), /^Error: --at=.*: must be/, at);
  }
});

Deno.test("shifted() leaves the monotonic clock alone", () => {
  assert.deepEqual(shifted(["date", "-u"], 60), ["faketime", "--exclude-monotonic", "-f", "+60s", "date", "-u"]);
  assert.deepEqual(shifted(["date"], -60), ["faketime", "--exclude-monotonic", "-f", "-60s", "date"]);
});
