import assert from "node:assert/strict";
import { phaseOf } from "../../../src/domain/sale.ts";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { checkout, purchase, release, SaleDesk, settingsOf, START, voidPurchase } from "../../support/sale_commands.ts";

const who = () => ({ id: crypto.randomUUID(), keyed: true });

Deno.test("one code 20 times is one purchase; by one key it is one purchase and 19 replays", () => {
  for (const key of [undefined, who()]) {
    const desk = new SaleDesk(1);
    const code = desk.hold("u", 1);
    const said = Array.from({ length: 20 }, () => desk.say(purchase(code, key)));
    assert.deepEqual(said, ["accepted", ...new Array(19).fill(key ? "replay" : "code_used")]);
    assert.equal(desk.sale.sold, 1);
  }
});

Deno.test("ten bought: the eleventh is limit_reached at checkout, until one is voided", () => {
  const desk = new SaleDesk(20);
  const codes = Array.from({ length: 10 }, (_, place) => desk.buy("u", place + 1));
  assert.equal(desk.say(checkout("u", 11)), "limit_reached");
  desk.now += HOUR_MS / 2;
  assert.equal(desk.say(checkout("u", 11)), "limit_reached", "purchases do not expire");
  assert.equal(desk.say(checkout("v", 11)), "accepted");
  desk.ask(voidPurchase(codes[3]!));
  const code = desk.hold("u", 12);
  const decision = desk.ask(purchase(code));
  assert(decision.kind === "accepted" && decision.event.kind === "purchased");
  assert.equal(decision.event.slot, 4, "the free slot");
  assert.equal(decision.event.slotMax, 10);
});

Deno.test("exclusive: 30 checkouts of one user are 10 holds; each that ends makes room for one", () => {
  const desk = new SaleDesk(40);
  const said = Array.from({ length: 30 }, (_, place) => desk.say(checkout("u", place + 1)));
  assert.deepEqual(said, [...new Array(10).fill("accepted"), ...new Array(20).fill("limit_reached")]);
  desk.now = START + 10_000;
  const codes = desk.events.flatMap((event) => event.kind === "held" ? [event.code] : []);
  desk.ask(release(codes[5]!));
  assert.equal(desk.say(checkout("u", 31)), "accepted");
  assert.equal(desk.say(checkout("u", 32)), "limit_reached");
  desk.ask(purchase(codes[0]!));
  assert.equal(desk.say(checkout("u", 32)), "limit_reached", "a purchase counts as its hold did");
  desk.now = START + 30_000;
  // One bought, one of 10,000 ms later is live: eight others expired.
  const later = Array.from({ length: 10 }, (_, place) => desk.say(checkout("u", place + 2)));
  assert.deepEqual(later, [...new Array(8).fill("accepted"), "limit_reached", "limit_reached"]);
});

Deno.test("open: 50 codes of one user are exactly 10 purchases", () => {
  const desk = new SaleDesk(50, settingsOf({ mode: "open" }));
  const codes = Array.from({ length: 50 }, (_, place) => desk.hold("u", place + 1));
  const said = codes.map((code) => desk.say(purchase(code)));
  assert.deepEqual(said, [...new Array(10).fill("accepted"), ...new Array(40).fill("limit_reached")]);
  assert.equal(desk.say(checkout("u", 50)), "accepted", "a code is free");
});

Deno.test("a void fills the lowest free slot first", () => {
  const desk = new SaleDesk(9, settingsOf({ limit: 4 }));
  const codes = [1, 2, 3, 4].map((n) => desk.buy("u", n));
  const slotOf = (n: number) => {
    desk.buy("u", n);
    const last = desk.events.at(-1)!;
    return last.kind === "purchased" ? last.slot : undefined;
  };
  desk.ask(voidPurchase(codes[2]!));
  desk.ask(voidPurchase(codes[0]!));
  assert.deepEqual([slotOf(5), slotOf(6)], [1, 3]);
  assert.equal(desk.say(checkout("u", 7)), "limit_reached");
});

Deno.test("a whole sale: 1,000 users buy ten each of 10,000; the 10,001st is refused", () => {
  const desk = new SaleDesk(10_000);
  for (let n = 1; n <= 10_000; n++) desk.buy(`u${n % 1_000}`, n);
  assert.equal(desk.sale.sold, 10_000);
  assert.equal(phaseOf(desk.sale, "sold_out", desk.now), "sold_out");
  assert.equal(desk.say(checkout("late", 10_000)), "item_unavailable");
  assert.equal(desk.say(checkout("late", 10_001)), "item_not_found");
  assert.equal(desk.sale.attempts, 10_002);
});
