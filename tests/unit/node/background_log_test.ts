/** How often is it said that background work fails? */
import assert from "node:assert/strict";
import type { Logger } from "@logtape/logtape";
import { Fault } from "../../../src/ports/mod.ts";
import { BackgroundLog } from "../../../src/node/background_log.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function silent() {
  const clock = new FakeClock();
  const said: string[] = [];
  const database = { isLost: false };
  const warn = (message: string, properties: Record<string, unknown>) => {
    said.push(message.replace(/\{(\w+)\}/g, (_, name) => String(properties[name])));
  };
  const log = new BackgroundLog({ warn } as unknown as Logger, clock, () => database.isLost);
  return { clock, said, database, log };
}

Deno.test("a failure that goes on is said once, and every half minute with its count; another kind for itself", async () => {
  const { clock, said, log } = silent();
  for (let second = 0; second < 65; second++) {
    log.failed("Cannot sweep: {error}", new TypeError("wrong"));
    if (second === 3) log.failed("Cannot open the sale {key}: {error}", new TypeError("odd"), { key: "k" });
    await clock.advance(1_000);
  }
  const again = "Cannot sweep: TypeError: wrong; 29 more failures since this was last logged";
  assert.deepEqual(said, ["Cannot sweep: TypeError: wrong", "Cannot open the sale k: TypeError: odd", again, again]);
  await clock.advance(60_000);
  log.failed("Cannot open the sale {key}: {error}", new TypeError("odd"), { key: "l" });
  assert.equal(said.at(-1), "Cannot open the sale l: TypeError: odd");
});

Deno.test("while the database is lost, what that leads to is not said, but what it does not is", () => {
  const { said, database, log } = silent();
  database.isLost = true;
  for (const code of ["storage_unavailable", "deadline"] as const) {
    log.failed("Cannot sweep: {error}", new Fault(code, "down"));
  }
  assert.deepEqual(said, []);
  log.failed("Cannot sweep: {error}", new Fault("data_error", "wrong"));
  log.failed("Cannot open: {error}", new TypeError("wrong"));
  assert.equal(said.length, 2);
  database.isLost = false;
  log.failed("Cannot audit: {error}", new Fault("storage_unavailable", "too many clients"));
  assert.equal(said.length, 3);
});
