/** How does a test ask a real server for many coupons, and hold what it was told against what is stored? */
import assert from "node:assert/strict";
import type { Database } from "../../src/storage/sql.ts";
import { ask, type Body, type Target } from "./node.ts";
import { until } from "./until.ts";

/** Starts a job; returns its number. */
export async function startJob(url: Target, count: number, pattern: string): Promise<number> {
  const { status, body } = await ask(url, "POST", "/api/coupons/bulk", { count, pattern });
  assert.equal(status, 202, JSON.stringify(body));
  return body["id"] as number;
}

/** A job as it stands. */
export async function jobOf(url: Target, id: number): Promise<{ state: string; made: number; body: Body }> {
  const { status, body } = await ask(url, "GET", `/api/bulk/${id}`);
  assert.equal(status, 200, JSON.stringify(body));
  return { state: body["state"] as string, made: body["made"] as number, body };
}

/** Waits until a job has made so many coupons. */
export async function untilMade(url: Target, id: number, count: number, timeoutMs = 60_000): Promise<void> {
  const isSo = async () => (await jobOf(url, id)).made >= count;
  await until(isSo, { what: `job ${id} to have made ${count}`, timeoutMs, everyMs: 20 });
}

/** The lines of a job's file, without the first, which says what they are. */
export async function downloadCodes(url: string, id: number): Promise<string[]> {
  const response = await fetch(`${url}/api/bulk/${id}/codes.csv`);
  assert.equal(response.status, 200);
  const [head, ...codes] = (await response.text()).split("\r\n");
  assert.deepEqual([head, codes.pop()], ["name", ""]);
  return codes;
}

/** Holds each job of a database against its rows: what it counts, its rows, and their different names must be one. */
export async function assertJobsExact(database: Database): Promise<void> {
  const rows = await database.views.query(`select j.id, j.made, count(c.id)::integer, count(distinct c.fold)::integer
    from bulk_jobs j left join coupons c on c.job = j.id group by j.id`);
  for (const [id, made, stored, names] of rows) assert.deepEqual([stored, names], [made, made], `job ${id}`);
}
