/** Which rows does a turn come to? However many events, at most one write per row. */
import type { CouponAnswer, CouponEvent, CouponView } from "../domain/coupon.ts";
import { contentOfClaim } from "../domain/coupon.ts";

/** A claim's event, which has just what its row needs. */
export type ClaimRow = Extract<CouponEvent, { kind: "claimed" }>;

export interface ReceiptRow {
  readonly id: string;
  readonly content: string;
  readonly answer: CouponAnswer;
}

/** An entry of a wallet's ledger that no row of this turn tells of: its claim came and went. */
export interface EntryRow {
  readonly claimId: string;
  readonly isVoid: boolean;
  readonly userId: string;
  /** With its sign. */
  readonly amount: string;
}

/** What a turn writes. */
export interface TurnRows {
  /** When the turn was decided, in milliseconds since the epoch. */
  readonly at: number;
  /** Units that left the stock less those that came back. */
  readonly taken: number;
  /** The last claim's number, 0 where the turn made none. */
  readonly seq: number;
  /** Whether it has more than `inserts`. */
  readonly isMixed: boolean;
  /** The last edit's terms. */
  readonly edited: CouponView | undefined;
  /** Claims of users who had none, that came to nothing beside the unit. */
  readonly inserts: readonly ClaimRow[];
  /** Claims of users who had none, that came to more: a discount, a credit. */
  readonly detailed: readonly ClaimRow[];
  /** Claims, with or without more, of users whose stored claim was voided in this turn. */
  readonly updates: readonly ClaimRow[];
  /** Users whose stored claim is voided. */
  readonly deletes: readonly string[];
  readonly receipts: readonly ReceiptRow[];
  /** Beside those that stored and voided claims come to. */
  readonly entries: readonly EntryRow[];
}

/** What a turn of claims alone leaves out; one for all. */
const CLAIMS_ALONE = {
  isMixed: false,
  edited: undefined,
  detailed: [],
  updates: [],
  deletes: [],
  receipts: [],
  entries: [],
} as const;

/** Folds a turn's events, at least one, in their order. */
export function turnRows(events: readonly CouponEvent[]): TurnRows {
  const at = events[0]!.at;
  if (arePlainClaims(events)) {
    const seq = events.at(-1)!.seq;
    return { ...CLAIMS_ALONE, at, seq, taken: events.length, inserts: events };
  }
  return foldMixed(events, at, events.findLast((event) => event.kind === "claimed")?.seq ?? 0);
}

function arePlainClaims(events: readonly CouponEvent[]): events is readonly ClaimRow[] {
  return events.every((event) => event.kind === "claimed" && event.details === undefined);
}

function foldMixed(events: readonly CouponEvent[], at: number, seq: number): TurnRows {
  let taken = 0;
  let edited: CouponView | undefined;
  const receipts: ReceiptRow[] = [];
  const entries: EntryRow[] = [];
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
    // A claim that came and went within the turn leaves its receipt alone, and both its entries.
    if (user?.claim !== undefined) {
      receipts.push(receiptOf(user.claim, event.answer));
      entries.push(...entriesOf(user.claim));
    }
    if (user === undefined) users.set(event.userId, { stored: true, claim: undefined });
    else user.claim = undefined;
  }
  const inserts: ClaimRow[] = [];
  const detailed: ClaimRow[] = [];
  const updates: ClaimRow[] = [];
  const deletes: string[] = [];
  for (const [userId, { stored, claim }] of users) {
    if (claim !== undefined) (stored ? updates : claim.details === undefined ? inserts : detailed).push(claim);
    else if (stored) deletes.push(userId);
  }
  return { at, taken, seq, isMixed: true, edited, inserts, detailed, updates, deletes, receipts, entries };
}

function receiptOf(claim: ClaimRow, voided: CouponAnswer): ReceiptRow {
  const couponName = voided.kind === "voided" ? voided.couponName : "";
  const { id, userId, remaining, at, details } = claim;
  const answer = { kind: "claimed", claimId: id, userId, couponName, remaining, claimedAt: at } as const;
  return { id, content: contentOfClaim(claim), answer: details === undefined ? answer : { ...answer, details } };
}

function entriesOf({ id: claimId, userId, details }: ClaimRow): EntryRow[] {
  const credit = details?.credit;
  if (credit === undefined) return [];
  return [{ claimId, isVoid: false, userId, amount: credit }, { claimId, isVoid: true, userId, amount: `-${credit}` }];
}
