/** What do a sale's counters say that its rows do not? */
import type { AttemptCount, BuyerMisfit, Finding, HoldMisfit, ItemMisfit, SaleCount, Stray } from "../ports/mod.ts";
import { saleNameOf } from "./finding.ts";

/** A sale's counters against its items and purchases, all of them. */
export function compareSale(number: number, count: Omit<SaleCount, "mark">): Finding[] {
  const { items, sold, numbered, others, itemsSold, purchases } = count;
  const object = saleNameOf(number);
  const findings: Finding[] = [];
  if (sold !== purchases || sold !== itemsSold) {
    const rows = `${purchases} purchases, ${itemsSold} items sold`;
    findings.push({ object, counter: "sold", says: String(sold), rows });
  }
  if (numbered !== items || others !== 0) {
    const rows = `${numbered} items numbered 1 to ${items}, ${others} others`;
    findings.push({ object, counter: "items", says: String(items), rows });
  }
  return findings;
}

/** A sale's counter of attempts against all those that are stored. */
export function compareAttempts(number: number, count: Omit<AttemptCount, "next">): Finding[] {
  const { attempts, mayBeDropped, rows, firstSeq, lastSeq } = count;
  const begins = rows === 0 ? attempts === 0 : firstSeq === 1;
  const goesOn = rows === 0 || (lastSeq === attempts && rows === lastSeq - firstSeq + 1);
  if (goesOn && (begins || mayBeDropped)) return [];
  const told = rows === 0 ? "none" : `${rows} attempts numbered ${firstSeq} to ${lastSeq}`;
  return [{ object: saleNameOf(number), counter: "attempts", says: String(attempts), rows: told }];
}

/** What is wrong with an item, or with a purchase of it. */
export function findingOfItem(number: number, { n, sold, isBought, isHeld }: ItemMisfit): Finding {
  const object = `item ${n} of ${saleNameOf(number)}`;
  if (isBought && !isHeld) {
    return { object, counter: "purchases", says: "bought", rows: "no hold of that code, user and item" };
  }
  const says = sold === null ? "no such item" : sold ? "sold" : "not sold";
  return { object, counter: "items.sold", says, rows: isBought ? "a purchase" : "no purchase" };
}

/** What is wrong with a hold. A log is no place for a code: its beginning is enough to find the row. */
export function findingOfHold(number: number, { code, n, hasItem }: HoldMisfit): Finding {
  const object = `item ${n} of ${saleNameOf(number)}`;
  const says = hasItem ? "ends before the hold" : "no such item";
  return { object, counter: hasItem ? "items.held_until" : "items", says, rows: `hold ${code.slice(0, 8)}…` };
}

/** What is wrong with a user's purchases. */
export function findingOfBuyer(number: number, { userId, purchases, slots, slotTop, slotMax }: BuyerMisfit): Finding {
  const rows = `${purchases} purchases in ${slots} slots up to ${slotTop}`;
  return { object: `user ${userId} in ${saleNameOf(number)}`, counter: "slot_max", says: String(slotMax), rows };
}

/** What rows of no sale come to. */
export function straySaleRow({ table, id, rows }: Stray): Finding {
  return { object: saleNameOf(id), counter: "sales", says: "no such sale", rows: `${rows} ${table}` };
}
