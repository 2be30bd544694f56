import assert from "node:assert/strict";
import fc from "fast-check";
import { type CouponCommand, type CouponEvent, type CouponTerms, decide, evolve } from "../../../src/domain/coupon.ts";
import { turnRows } from "../../../src/storage/coupon_rows.ts";
import { claim, create, edit, terms, voidClaim } from "../../support/commands.ts";

const NOW = Date.UTC(2026, 10, 21, 14);

/** The events of those commands that are accepted, on a coupon that some users hold already. */
function eventsOf(
  amount: number,
  holders: string[],
  commands: CouponCommand[],
  more: Partial<CouponTerms> = {},
): CouponEvent[] {
  const made = decide(undefined, create(terms("Promo", amount, more)), NOW);
  assert(made.kind === "accepted");
  const coupon = evolve(undefined, made.event);
  const events: CouponEvent[] = [];
  for (const [place, command] of [...holders.map((user) => claim(user)), ...commands].entries()) {
    const decision = decide(coupon, command, NOW);
    if (decision.kind !== "accepted") continue;
    evolve(coupon, decision.event);
    if (place >= holders.length) events.push(decision.event);
  }
  return events;
}

Deno.test("turnRows() writes each user's row once, by what was stored before", () => {
  const rows = (...commands: CouponCommand[]) => {
    const { inserts, updates, deletes, taken, receipts } = turnRows(eventsOf(9, ["old"], commands));
    const users = (claims: readonly { userId: string }[]) => claims.map(({ userId }) => userId).join();
    return [users(inserts), users(updates), deletes.join(), taken, receipts.length];
  };
  assert.deepEqual(rows(claim("a"), claim("b")), ["a,b", "", "", 2, 0]);
  assert.deepEqual(rows(voidClaim("old")), ["", "", "old", -1, 1]);
  assert.deepEqual(rows(voidClaim("old"), claim("old")), ["", "old", "", 0, 1]);
  assert.deepEqual(rows(voidClaim("old"), claim("old"), voidClaim("old")), ["", "", "old", -1, 3]);
  assert.deepEqual(rows(claim("a"), voidClaim("a")), ["", "", "", 0, 2]);
  assert.deepEqual(rows(claim("a"), voidClaim("a"), claim("a")), ["a", "", "", 1, 2]);
  assert.deepEqual(rows(edit({ amount: 5 }), claim("a"), edit({ amount: 7 })), ["a", "", "", 1, 2]);
});

Deno.test("turnRows() sets apart what comes to more than a unit, with both entries of a credit that came and went", () => {
  const charge = { kind: "charge", credit: "5.00" } as const;
  const rows = (...commands: CouponCommand[]) => {
    const { inserts, detailed, updates, entries } = turnRows(eventsOf(9, ["old"], commands, charge));
    const users = (claims: readonly { userId: string }[]) => claims.map(({ userId }) => userId).join();
    const amounts = entries.map(({ userId, amount, isVoid }) => `${userId} ${amount} ${isVoid}`);
    return [inserts.length, users(detailed), users(updates), ...amounts];
  };
  assert.deepEqual(rows(claim("a"), claim("b")), [0, "a,b", ""]);
  assert.deepEqual(rows(voidClaim("old")), [0, "", ""]);
  assert.deepEqual(rows(voidClaim("old"), claim("old")), [0, "", "old"]);
  assert.deepEqual(rows(claim("a"), voidClaim("a")), [0, "", "", "a 5.00 false", "a -5.00 true"]);
  assert.deepEqual(rows(voidClaim("old"), claim("old"), voidClaim("old")), [
    ...[0, "", ""],
    ...["old 5.00 false", "old -5.00 true"],
  ]);
  const plain = eventsOf(9, [], [claim("a"), claim("b", { keyed: true }, { orderAmount: "5.00" }), claim("c")]);
  const { inserts, detailed, receipts } = turnRows(plain);
  assert.deepEqual([inserts.length, detailed.length, receipts.length], [2, 1, 0]);
});

Deno.test("turnRows() comes to the same holders and counters as its events, one write a row", () => {
  const user = fc.constantFrom("a", "b", "c", "d");
  const command = fc.oneof(
    user.map((userId) => claim(userId)),
    user.map((userId) => voidClaim(userId)),
    fc.integer({ min: 1, max: 6 }).map((amount) => edit({ amount })),
  );
  fc.assert(
    fc.property(fc.subarray(["a", "b"]), fc.array(command, { maxLength: 30, size: "max" }), (holders, commands) => {
      const events = eventsOf(4, holders, commands);
      if (events.length === 0) return;
      const rows = turnRows(events);
      const written = [...rows.inserts, ...rows.updates].map(({ userId }) => userId).concat(rows.deletes);
      assert.equal(new Set(written).size, written.length, "one write a row");
      for (const { userId } of rows.inserts) assert(!holders.includes(userId));
      for (const userId of [...rows.updates.map(({ userId }) => userId), ...rows.deletes]) {
        assert(holders.includes(userId));
      }
      const after = new Set(holders);
      for (const userId of rows.deletes) after.delete(userId);
      for (const { userId } of rows.inserts) after.add(userId);
      const expected = new Set(holders);
      for (const event of events) {
        if (event.kind === "claimed") expected.add(event.userId);
        if (event.kind === "voided") expected.delete(event.userId);
      }
      assert.deepEqual([...after].sort(), [...expected].sort());
      assert.equal(rows.taken, expected.size - holders.length);
      const answered = [...rows.inserts, ...rows.updates].map(({ id }) => id).concat(rows.receipts.map(({ id }) => id));
      for (const event of events) assert(answered.includes(event.id), "every accepted command keeps its answer");
    }),
  );
});
