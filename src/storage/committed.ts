/** Who hears of a commit? Each turn that it stored, and each that it did not since its actor has another owner. */
import { Fenced } from "../ports/mod.ts";
import type { Batch, Job } from "./batch.ts";
import type { Row } from "./sql.ts";

/** A commit's answer, before anyone is told of it. */
export interface Committed {
  readonly batch: Batch<unknown>;
  readonly rows: readonly Row[];
}

/** Completes each part and confirmation; nothing where there was no commit. */
export function tell(committed: Committed | undefined): void {
  if (committed === undefined) return;
  const { batch: { parts, confirmations }, rows } = committed;
  settle(parts, rows[0]!);
  if (confirmations.length > 0) settle(confirmations, rows[1]!);
}

/** @param row how many jobs were done, and where that is not all of them, the places of those, which count from 1 */
function settle(jobs: readonly Job<unknown>[], [count, places]: Row): void {
  if (count === jobs.length) {
    for (const { completion } of jobs) completion.done();
    return;
  }
  const done = new Set(String(places ?? "").split(",").map(Number));
  for (const [index, { completion }] of jobs.entries()) {
    if (done.has(index + 1)) completion.done();
    else completion.failed(new Fenced("Part not stored: its epoch or turn is no longer the row's"));
  }
}
