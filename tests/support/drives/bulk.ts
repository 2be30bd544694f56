/** Which answers can be had of jobs that make many coupons? */
import { until } from "../until.ts";
import type { Driver } from "./drive.ts";

/** Jobs: one that has time to be cancelled, and one that is done. */
export async function bulk(driver: Driver): Promise<void> {
  const create = (expected: string, body: unknown, headers = {}) =>
    driver.ask("createBulk", expected, { body, headers });
  const key = { "idempotency-key": "bulk" };
  const { body: large } = await create("202", { count: 1_000_000, unguessable: true }, key);
  await create("422 idempotency_key_reused", { count: 2, unguessable: true }, key);
  const ofLarge = { segments: { job_id: String(large.id) } };
  await driver.ask("getBulkCodes", "409 bulk_running", ofLarge);
  await driver.ask("getBulk", "200", ofLarge);
  await driver.ask("cancelBulk", "200", ofLarge);
  await driver.ask("getBulkCodes", "200", ofLarge);
  const pattern = "DRIVE-####-????";
  const { body: small } = await create("202", { count: 5, pattern, amount: 2, kind: "charge", credit: "5" });
  const ofSmall = { segments: { job_id: String(small.id) } };
  await until(async () => (await driver.ask("getBulk", "200", ofSmall)).body.state === "done", {
    what: "a small job to be done",
    timeoutMs: 30_000,
  });
  await driver.ask("cancelBulk", "409 bulk_finished", ofSmall);
  await driver.ask("getBulkCodes", "200", ofSmall);
  await driver.ask("listBulk", "200");
  for (const id of ["getBulk", "getBulkCodes", "cancelBulk"]) {
    await driver.ask(id, "404 bulk_not_found", { segments: { job_id: "999" } });
  }
}
