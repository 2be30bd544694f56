/** What does a sale's state remember and forget, also where its settings were changed or it was read from its rows? */
import assert from "node:assert/strict";
import { addPurchase, saleRules } from "../../../src/domain/sale.ts";
import { checkout, KEY, newCode, purchase, release, SaleDesk, settingsOf, START } from "../../support/sale_commands.ts";
import { SaleRows } from "../../support/sale_rows.ts";

/** The same sale at the same time, read from its rows, the last first, under other settings where given. */
function awoken(desk: SaleDesk, settings = desk.settings): SaleDesk {
  const rows = new SaleRows();
  for (const event of desk.events) rows.store(event);
  const next = new SaleDesk(desk.sale.items, settings);
  next.sale = rows.rebuild((them) => them.toReversed());
  next.now = desk.now;
  return next;
}

Deno.test("an id that is not keyed binds nothing", () => {
  const desk = new SaleDesk(2);
  const who = { id: crypto.randomUUID(), keyed: false };
  const code = desk.hold("u", 1);
  const again = desk.ask(checkout("u", 1, who));
  assert(again.kind === "accepted" && again.event.kind === "attempted");
  assert.equal(again.event.receipt, undefined);
  assert.equal(desk.say(checkout("u", 2, who)), "accepted");
  assert.equal(desk.say(purchase(code, who)), "accepted");
  assert.equal(desk.say(purchase(code, who)), "code_used");
});

Deno.test("a live hold is known after its user's older one of the same item is forgotten, also when read from rows", () => {
  const desk = new SaleDesk(3);
  desk.hold("u", 1);
  desk.now += 30_000;
  const live = desk.hold("u", 1);
  for (const one of [awoken(desk), desk]) {
    one.hold("u", 2);
    const answer = one.answer(checkout("u", 1));
    assert(answer.kind === "held");
    assert.equal(answer.code, `${KEY}.${live}`);
  }
});

Deno.test("holds given back before their time was shortened do not hide those that came after", () => {
  const long = new SaleDesk(2, settingsOf({ ttlMs: 600_000 }));
  const short = saleRules(settingsOf({ ttlMs: 30_000 }));
  long.ask(release(long.hold("u", 1)));
  const asked = checkout("u", 1);
  const first = short.decide(long.sale, asked, long.now);
  assert(first.kind === "accepted");
  long.sale = short.evolve(long.sale, first.event);
  const second = short.decide(long.sale, checkout("u", 1), long.now);
  assert(second.kind === "accepted");
  assert.deepEqual(second.answer, first.answer);
});

Deno.test("a user above a lowered limit buys nothing until enough is voided, then in a slot of the new limit", () => {
  const wide = new SaleDesk(5, settingsOf({ limit: 4 }));
  const codes = [1, 2, 3, 4].map((n) => wide.buy("u", n));
  const desk = awoken(wide, settingsOf({ limit: 2 }));
  const voidOne = (code: string) => desk.ask({ kind: "voidPurchase", code, id: crypto.randomUUID(), keyed: false });
  for (const code of [codes[1]!, codes[3]!]) {
    assert.equal(desk.say(checkout("u", 5)), "limit_reached");
    voidOne(code);
  }
  assert.equal(desk.say(checkout("u", 5)), "limit_reached");
  voidOne(codes[0]!);
  const decision = desk.ask(purchase(desk.hold("u", 5)));
  assert(decision.kind === "accepted" && decision.event.kind === "purchased");
  assert.deepEqual([decision.event.slot, decision.event.slotMax], [1, 2]);
});

Deno.test("holds of open mode count under exclusive, each for its user and its item, until they expire", () => {
  const open = new SaleDesk(5, settingsOf({ mode: "open", limit: 2, ttlMs: 60_000 }));
  const codes = [1, 2, 3].map((n) => open.hold("u", n));
  open.hold("v", 1);
  const desk = awoken(open, settingsOf({ limit: 2 }));
  assert.equal(desk.say(checkout("u", 4)), "limit_reached");
  assert.equal(desk.say(checkout("w", 1)), "item_unavailable");
  assert.equal(desk.say(checkout("v", 1)), "accepted", "its own");
  assert.equal(desk.say(purchase(codes[0]!)), "accepted");
  desk.now = START + 60_000;
  assert.equal(desk.say(checkout("u", 2)), "accepted");
  assert.equal(desk.say(checkout("u", 3)), "limit_reached");
  assert.equal(desk.say(checkout("w", 3)), "accepted");
});

Deno.test("addPurchase() throws where its hold is not there", () => {
  const { sale } = new SaleDesk(1);
  const code = newCode();
  assert.throws(() => addPurchase(sale, code, 1), new RegExp(`^TypeError: Cannot find a hold of ${KEY} by its code$`));
});
