/** How do parts become the parameters of a journal statement? */
import type { CouponEvent } from "../domain/coupon.ts";
import type { Handle, Part } from "../actors/ports.ts";
import { SEPARATOR } from "./sql.ts";
import { turnRows } from "./turn_rows.ts";

/** Something to be stored or confirmed by a lane's next commit. */
export interface Job {
  readonly handle: Handle;
  /** Undefined asks only whether the epoch still holds. */
  readonly part: Part<CouponEvent> | undefined;
  /** Monotonic milliseconds after which it is not sent any more. */
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A statement's parameters. */
export interface Batch {
  /** The least statement that does. */
  readonly statement: "claims" | "confirming" | "turns";
  readonly params: string[];
  /** Jobs in the order of their places, which count from 1: parts, and confirmations apart. */
  readonly parts: readonly Job[];
  readonly confirmations: readonly Job[];
}

/** Puts jobs of distinct actors together, in the order of their ids: that is the order in which rows are locked. */
export function batchOf(jobs: readonly Job[]): Batch {
  const parts = jobs.filter((job) => job.part !== undefined).sort((a, b) => a.handle.id - b.handle.id);
  const confirmations = jobs.filter((job) => job.part === undefined);
  const id: number[] = [], epoch: number[] = [], turn: number[] = [];
  const taken: number[] = [], last: number[] = [], at: number[] = [];
  const n: number[] = [], seq: number[] = [], remaining: number[] = [], keyed: string[] = [];
  const claimId: string[] = [], userId: string[] = [];
  const edits: unknown[] = [], updates: unknown[] = [], deletes: unknown[] = [], receipts: unknown[] = [];
  let place = 0;
  for (const { handle, part } of parts) {
    const rows = turnRows(part!.events);
    place++;
    id.push(handle.id);
    epoch.push(handle.epoch);
    turn.push(part!.turn);
    taken.push(rows.taken);
    last.push(rows.seq);
    at.push(rows.at);
    for (const claim of rows.inserts) {
      n.push(place);
      seq.push(claim.seq);
      remaining.push(claim.remaining);
      keyed.push(claim.keyed ? "t" : "f");
      claimId.push(claim.id);
      userId.push(claim.userId);
    }
    if (rows.edited !== undefined) edits.push({ n: place, ...rows.edited });
    for (const claim of rows.updates) {
      const { seq, remaining, keyed, id, userId } = claim;
      updates.push({ n: place, seq, remaining, keyed, claim_id: id, user_id: userId });
    }
    for (const user of rows.deletes) deletes.push({ n: place, user_id: user });
    for (const receipt of rows.receipts) receipts.push({ n: place, ...receipt });
  }
  const params = [
    ...[id, epoch, turn, taken, last, at, n, seq, remaining, keyed, claimId].map(arrayText),
    userId.join(SEPARATOR),
  ];
  const isMixed = edits.length + updates.length + deletes.length + receipts.length > 0;
  if (isMixed || confirmations.length > 0) {
    params.push(
      arrayText(confirmations.map((job) => job.handle.id)),
      arrayText(confirmations.map((job) => job.handle.epoch)),
    );
  }
  if (isMixed) params.push(JSON.stringify({ edits, updates, deletes, receipts }));
  const statement = isMixed ? "turns" : confirmations.length > 0 ? "confirming" : "claims";
  return { statement, params, parts, confirmations };
}

/** An array as Postgres reads it; of elements that need no quotes. */
function arrayText(column: readonly (number | string)[]): string {
  return `{${column.join()}}`;
}
