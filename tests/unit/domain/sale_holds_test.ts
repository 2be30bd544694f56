import assert from "node:assert/strict";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { checkout, purchase, release, SaleDesk, settingsOf, START, voidPurchase } from "../../support/sale_commands.ts";

const END = START + HOUR_MS;

Deno.test("a hold expires with its last millisecond: 412 before, then free, once, with a new code", () => {
  const desk = new SaleDesk(1);
  const old = desk.hold("u", 1);
  desk.now = START + 29_999;
  assert.equal(desk.say(checkout("v", 1)), "item_unavailable");
  desk.now = START + 30_001;
  assert.equal(desk.say(purchase(old)), "code_expired");
  const fresh = desk.hold("v", 1);
  assert.equal(desk.say(checkout("w", 1)), "item_unavailable", "it came back once");
  assert.equal(desk.say(checkout("u", 1)), "item_unavailable", "for the first holder too");
  assert.equal(desk.say(purchase(old)), "code_expired");
  assert.equal(desk.say(purchase(fresh)), "accepted");
  assert.equal(desk.say(purchase(old)), "code_expired");
  assert.equal(desk.sale.sold, 1);
});

Deno.test("a hold is live while now < its expiry", () => {
  for (const [after, expected] of [[29_999, "accepted"], [30_000, "code_expired"]] as const) {
    const desk = new SaleDesk(1);
    const code = desk.hold("u", 1);
    desk.now = START + after;
    assert.equal(desk.say(purchase(code)), expected);
  }
  const desk = new SaleDesk(1);
  desk.hold("u", 1);
  desk.now = START + 30_000;
  assert.equal(desk.say(checkout("v", 1)), "accepted");
});

Deno.test("exclusive: of 100 users of one item one gets it, and alone can buy it", () => {
  const desk = new SaleDesk(1);
  const codes = Array.from({ length: 100 }, (_, user) => checkout(`u${user}`, 1));
  assert.deepEqual(codes.map((one) => desk.say(one)), ["accepted", ...new Array(99).fill("item_unavailable")]);
  assert.deepEqual(codes.map(({ code }) => desk.say(purchase(code))), [
    "accepted",
    ...new Array(99).fill("code_unknown"),
  ]);
  assert.equal(desk.say(checkout("u1", 1)), "item_unavailable");
});

Deno.test("open: 100 users of one item get a code each; the first purchase wins", () => {
  const desk = new SaleDesk(1, settingsOf({ mode: "open" }));
  const codes = Array.from({ length: 100 }, (_, user) => desk.hold(`u${user}`, 1));
  assert.equal(new Set(codes).size, 100);
  const said = codes.toReversed().map((code) => desk.say(purchase(code)));
  assert.deepEqual(said, ["accepted", ...new Array(99).fill("sold_to_another")]);
  assert.equal(desk.say(checkout("v", 1)), "item_unavailable");
  assert.equal(desk.say(checkout("u0", 1)), "item_unavailable", "a live hold of a sold item is no success");
  desk.ask(voidPurchase(codes[99]!));
  assert.equal(desk.say(purchase(codes[0]!)), "accepted", "free again, the other holds are good");
});

Deno.test("one's own live hold again is the same code and expiry, and one more attempt", () => {
  for (const mode of ["exclusive", "open"] as const) {
    const desk = new SaleDesk(2, settingsOf({ mode, limit: 1 }));
    const first = desk.answer(checkout("u", 1));
    desk.now += 29_999;
    assert.deepEqual(desk.answer(checkout("u", 1)), first, mode);
    assert.deepEqual(desk.outcomes, ["ok", "ok"]);
    assert.deepEqual(desk.events.map(({ kind }) => kind), ["opened", "held", "attempted"]);
    desk.now = START + desk.settings.ttlMs;
    const next = desk.answer(checkout("u", 1));
    assert.notDeepEqual(next, first, "once it expired it is a new one");
    assert(next.kind === "held");
    assert.equal(next.expiresAt, desk.now + desk.settings.ttlMs);
  }
});

Deno.test("a hold is given back once, and its item is back at once", () => {
  const desk = new SaleDesk(1);
  const code = desk.hold("u", 1);
  assert.equal(desk.say(release(code)), "accepted");
  assert.equal(desk.say(release(code)), "hold_not_live");
  assert.equal(desk.say(purchase(code)), "code_expired");
  desk.hold("v", 1);
  assert.equal(desk.say(release(code)), "hold_not_live");
  assert.equal(desk.say(checkout("w", 1)), "item_unavailable");
});

Deno.test("a purchase is voided once: the item is back once, the code is spent, the slot is free", () => {
  const desk = new SaleDesk(1, settingsOf({ limit: 1 }));
  const code = desk.buy("u", 1);
  assert.equal(desk.say(voidPurchase(code)), "accepted");
  assert.equal(desk.sale.sold, 0);
  assert.equal(desk.say(voidPurchase(code)), "purchase_not_found");
  assert.equal(desk.say(purchase(code)), "code_expired", "though its 30 s are not over");
  assert.equal(desk.sale.sold, 0);
  const next = desk.buy("u", 1);
  assert.notEqual(next, code);
  assert.equal(desk.say(voidPurchase(code)), "purchase_not_found", "the old code does not void the new purchase");
  assert.equal(desk.sale.sold, 1);
});

Deno.test("released and voided tell how long the item's other holds last", () => {
  const desk = new SaleDesk(1, settingsOf({ mode: "open", ttlMs: 1_000 }));
  const heldUntil = () => {
    const last = desk.events.at(-1)!;
    return "heldUntil" in last ? last.heldUntil : undefined;
  };
  const a = desk.hold("a", 1);
  assert.equal(heldUntil(), START + 1_000);
  desk.now += 10;
  const b = desk.hold("b", 1);
  desk.now += 10;
  const c = desk.hold("c", 1);
  desk.ask(release(c));
  assert.equal(heldUntil(), START + 1_010);
  desk.ask(release(a));
  assert.equal(heldUntil(), START + 1_010);
  desk.ask(purchase(b));
  desk.ask(voidPurchase(b));
  assert.equal(heldUntil(), desk.now, "none is left");
});

Deno.test("sold_out: what is left is sold 90 minutes later; sold out it is over, until one is voided", () => {
  const desk = new SaleDesk(2);
  desk.buy("u", 1);
  desk.now = START + 1.5 * HOUR_MS;
  const code = desk.buy("v", 2);
  assert.equal(desk.say(checkout("w", 1)), "sale_over");
  desk.ask(voidPurchase(code));
  assert.equal(desk.say(checkout("w", 1)), "item_unavailable");
  assert.equal(desk.say(checkout("w", 2)), "accepted");
});

Deno.test("at_end: the sale and its holds end with the hour", () => {
  const desk = new SaleDesk(3, settingsOf({ closes: "at_end" }));
  desk.now = END - 10_000;
  const answer = desk.answer(checkout("u", 1));
  assert(answer.kind === "held");
  assert.equal(answer.expiresAt, END, "never past the end");
  desk.now = END - 1;
  const bought = desk.hold("v", 2);
  assert.equal(desk.say(purchase(bought)), "accepted");
  const left = desk.hold("v", 3);
  desk.now = END;
  assert.equal(desk.say(checkout("w", 2)), "sale_over");
  assert.equal(desk.say(purchase(left)), "code_expired");
});

Deno.test("at_end cuts a hold only where it would outlive the sale", () => {
  const desk = new SaleDesk(3, settingsOf({ closes: "at_end" }));
  desk.now = END - 30_001;
  const answer = desk.answer(checkout("u", 1));
  assert(answer.kind === "held");
  assert.equal(answer.expiresAt, END - 1);
});
