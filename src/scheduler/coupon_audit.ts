/** Is a coupon's counter its claims, and are wallets what charges credited? */
import type { CouponCount, Finding, LedgerMisfit, Stray } from "../ports/mod.ts";
import type { Read } from "./pace.ts";

/** What a coupon's counters say that its claims, all of them, do not. */
export function compareCoupon(coupon: Omit<CouponCount, "mark" | "next">): Finding[] {
  const { name, amount, remaining, seq, claims, numbers, lastSeq, uncredited } = coupon;
  const findings: Finding[] = [];
  const find = (counter: string, says: string, rows: string) =>
    findings.push({ object: `coupon ${name}`, counter, says, rows });
  if (remaining < 0 || remaining > amount || amount - remaining !== claims) {
    find("remaining", `${remaining} of ${amount}`, `${claims} claims`);
  }
  if (seq < lastSeq) find("seq", String(seq), `a claim numbered ${lastSeq}`);
  if (numbers !== claims) find("claims.seq", `${claims} claims`, `${numbers} different numbers`);
  if (uncredited > 0) find("wallet_entries", `${claims} claims`, `${uncredited} of them not credited once`);
  return findings;
}

/**
 * Holds one coupon against all its claims, page by page in the order of their numbers. Claims that come meanwhile do not
 * matter: they are in the last page, with the counters of its moment.
 *
 * @returns undefined where a claim that was read may have changed since
 */
export async function lookAtCoupon(read: Read, id: number): Promise<Finding[] | undefined> {
  let mark: string | undefined;
  let claims = 0;
  let numbers = 0;
  let lastSeq = 0;
  let uncredited = 0;
  for (let after = 0;;) {
    const from = after;
    const page = await read((rows) => rows.claims(id, from));
    if (page === undefined) return [];
    mark ??= page.mark;
    if (page.mark !== mark) return undefined;
    claims += page.claims;
    numbers += page.numbers;
    lastSeq = Math.max(lastSeq, page.lastSeq);
    uncredited += page.uncredited;
    if (page.next === undefined) return compareCoupon({ ...page, claims, numbers, lastSeq, uncredited });
    after = page.next;
  }
}

/** What rows of no coupon come to. */
export function strayClaim({ table, id, rows }: Stray): Finding {
  return { object: `coupon #${id}`, counter: "coupons", says: "no such coupon", rows: `${rows} ${table}` };
}

/** What an entry of a wallet comes to that has no claim, or not the opposite that it should. */
export function ledgerMisfit({ couponId, claimId, isVoid, userId, amount, other, isHeld }: LedgerMisfit): Finding {
  const opposite = other === null ? `no ${isVoid ? "credit" : "void"}` : `${isVoid ? "credit" : "void"} of ${other}`;
  return {
    object: `wallet of ${userId}`,
    counter: "wallet_entries",
    says: `${isVoid ? "void" : "credit"} of ${amount}, coupon #${couponId}, claim ${claimId}`,
    rows: `${opposite}, ${isHeld ? "the claim is held" : "no such claim is held"}`,
  };
}
