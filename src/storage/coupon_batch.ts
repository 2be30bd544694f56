/** How do parts become the parameters of a journal statement? */
import type { CouponEvent } from "../domain/coupon.ts";
import { arrayText, type Batch, confirmationParams, type Job, split } from "./batch.ts";
import { STATEMENTS } from "./coupon_sql.ts";
import { storedTerms } from "./coupon_terms.ts";
import { SEPARATOR } from "./sql.ts";
import { type ClaimRow, turnRows } from "./coupon_rows.ts";

/** Puts the jobs of distinct coupons together. */
export function couponBatch(jobs: readonly Job<CouponEvent>[]): Batch<CouponEvent> {
  const { parts, confirmations } = split(jobs);
  const id: number[] = [], epoch: number[] = [], turn: number[] = [];
  const taken: number[] = [], last: number[] = [], at: number[] = [];
  const n: number[] = [], seq: number[] = [], remaining: number[] = [], keyed: string[] = [];
  const claimId: string[] = [], userId: string[] = [];
  const edits: unknown[] = [], detailed: unknown[] = [], updates: unknown[] = [], deletes: unknown[] = [];
  const receipts: unknown[] = [], entries: unknown[] = [];
  let place = 0;
  let isMixed = false;
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
    if (!rows.isMixed) continue;
    isMixed = true;
    if (rows.edited !== undefined) edits.push({ n: place, ...storedTerms(rows.edited) });
    for (const claim of rows.detailed) detailed.push(claimJson(place, claim));
    for (const claim of rows.updates) updates.push(claimJson(place, claim));
    for (const user of rows.deletes) deletes.push({ n: place, user_id: user });
    for (const receipt of rows.receipts) receipts.push({ n: place, ...receipt });
    for (const entry of rows.entries) entries.push({ n: place, ...entry });
  }
  const params = [
    ...[id, epoch, turn, taken, last, at, n, seq, remaining, keyed, claimId].map(arrayText),
    userId.join(SEPARATOR),
  ];
  if (isMixed || confirmations.length > 0) params.push(...confirmationParams(confirmations));
  if (isMixed) params.push(JSON.stringify({ edits, detailed, updates, deletes, receipts, entries }));
  const name = isMixed ? "turns" : confirmations.length > 0 ? "confirming" : "claims";
  return { name, text: STATEMENTS[name], params, parts, confirmations };
}

function claimJson(n: number, { seq, remaining, keyed, id, userId, details }: ClaimRow): unknown {
  return { n, seq, remaining, keyed, claim_id: id, user_id: userId, details };
}
