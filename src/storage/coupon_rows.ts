/** Which rows does a turn come to? However many events, at most one write per row. */
import type { CouponAnswer, CouponEvent, CouponView } from "../domain/coupon.ts";
import { claimContent } from "../domain/coupon.ts";

/** A claim's event, which has just what its row needs. */
export type ClaimRow = Extract<CouponEvent, { kind: "claimed" }>;

/** A stored answer. */
export interface ReceiptRow {
  readonly id: string;
  readonly content: string;
  readonly answer: CouponAnswer;
}

/** What a turn writes. */
export interface TurnRows {
  /** When the turn was decided, in milliseconds since the epoch. */
  readonly at: number;
  /** Units that left the stock less those that came back. */
  readonly taken: number;
  /** The last claim's number, 0 where the turn made none. */
  readonly seq: number;
  /** The last edit's terms. */
  readonly edited: CouponView | undefined;
  /** Claims of users who had none. */
  readonly inserts: readonly ClaimRow[];
  /** Claims of users whose stored claim was voided in this turn. */
  readonly updates: readonly ClaimRow[];
  /** Users whose stored claim is voided. */
  readonly deletes: readonly string[];
  readonly receipts: readonly ReceiptRow[];
}

/** Folds a turn's events, at least one, in their order. */
export function turnRows(events: readonly CouponEvent[]): TurnRows {
  const at = events[0]!.at;
  if (isClaims(events)) {
    const seq = events.at(-1)!.seq;
    return {
      at,
      seq,
      taken: events.length,
      edited: undefined,
      inserts: events,
      updates: [],
      deletes: [],
      receipts: [],
    };
  }
  return foldMixed(events, at, events.findLast((event) => event.kind === "claimed")?.seq ?? 0);
}

function isClaims(events: readonly CouponEvent[]): events is readonly ClaimRow[] {
  return events.every((event) => event.kind === "claimed");
}

function foldMixed(events: readonly CouponEvent[], at: number, seq: number): TurnRows {
  let taken = 0;
  let edited: CouponView | undefined;
  const receipts: ReceiptRow[] = [];
  const users = new Map<string, { stored: boolean; claim: ClaimRow | undefined }>();
  for (const event of events) {
    if (event.kind === "claimed") {
      taken++;
      const user = users.get(event.userId);
      if (user === undefined) users.set(event.userId, { stored: false, claim: event });
      else user.claim = event;
      continue;
    }
    receipts.push({ id: event.id, content: event.content, answer: event.answer });
    if (event.answer.kind === "edited") edited = event.answer.coupon;
    if (event.kind !== "voided") continue;
    taken--;
    const user = users.get(event.userId);
    // A claim that came and went within the turn leaves its receipt alone.
    if (user?.claim !== undefined) receipts.push(receiptOf(user.claim, event.answer));
    if (user === undefined) users.set(event.userId, { stored: true, claim: undefined });
    else user.claim = undefined;
  }
  const inserts: ClaimRow[] = [];
  const updates: ClaimRow[] = [];
  const deletes: string[] = [];
  for (const [userId, { stored, claim }] of users) {
    if (claim !== undefined) (stored ? updates : inserts).push(claim);
    else if (stored) deletes.push(userId);
  }
  return { at, taken, seq, edited, inserts, updates, deletes, receipts };
}

function receiptOf(claim: ClaimRow, voided: CouponAnswer): ReceiptRow {
  const couponName = voided.kind === "voided" ? voided.couponName : "";
  const { id, userId, remaining, at } = claim;
  return {
    id,
    content: claimContent(userId),
    answer: { kind: "claimed", claimId: id, userId, couponName, remaining, claimedAt: at },
  };
}
