import assert from "node:assert/strict";
import {
  contentOf,
  evolve,
  phaseOf,
  SALE_REFUSALS,
  type SaleCommand,
  type SaleRefusal,
  saleRules,
} from "../../../src/domain/sale.ts";
import { HOUR_MS, itemIdOf } from "../../../src/domain/sale_ids.ts";
import {
  checkout,
  editSale,
  KEY,
  newCode,
  NUMBER,
  open,
  purchase,
  release,
  SaleDesk,
  settingsOf,
  START,
  voidPurchase,
} from "../../support/sale_commands.ts";

const END = START + HOUR_MS;
const CODE = newCode();
const who = () => ({ id: crypto.randomUUID(), keyed: true });

/** What is not there is told as an absence. */
function refusalOf(refusal: string): unknown {
  const isAbsence = refusal === "code_unknown" || refusal === "purchase_not_found";
  return { kind: "refused", refusal, ...isAbsence && { isAbsence } };
}

Deno.test("decide() refuses what is asked of no sale, and stores no attempt", () => {
  const cases: [SaleCommand, SaleRefusal][] = [
    [checkout("u", 1), "item_not_found"],
    [purchase(CODE), "code_unknown"],
    [release(CODE), "code_unknown"],
    [voidPurchase(CODE), "code_unknown"],
    [editSale({ paused: true }), "sale_not_found"],
  ];
  for (const [command, refusal] of cases) {
    assert.deepEqual(saleRules(settingsOf()).decide(undefined, command, START), refusalOf(refusal));
  }
});

/** Where all that can speak against a checkout of item 1 by `u` does: then one reason after the other is taken away. */
Deno.test("decide() refuses a checkout with the first reason in the written order", () => {
  const reasons: SaleRefusal[] = [];
  const say = (desk: SaleDesk, command: SaleCommand, expected: SaleRefusal) => {
    assert.equal(desk.say(command), expected);
    assert.equal(desk.outcomes.at(-1), expected, "stored as an attempt");
    reasons.push(expected);
  };
  const desk = new SaleDesk(2, settingsOf({ limit: 1, closes: "at_end" }));
  const key = who();
  assert.equal(desk.say(editSale({ paused: false }, key)), "accepted");
  desk.hold("other", 1);
  desk.buy("u", 2);
  desk.ask(editSale({ paused: true }));
  for (const n of [0, 3, 999_999, -1, 1.5, NaN]) say(desk, checkout("u", n, key), "item_not_found");
  say(desk, checkout("u", 1, key), "idempotency_key_reused");
  desk.now = START - 1;
  say(desk, checkout("u", 1), "sale_not_started");
  desk.now = END;
  say(desk, checkout("u", 1), "sale_over");
  desk.now = START;
  say(desk, checkout("u", 1), "paused");
  desk.ask(editSale({ paused: false }));
  say(desk, checkout("u", 1), "limit_reached");
  say(desk, checkout("u", 2), "limit_reached");
  say(desk, checkout("v", 1), "item_unavailable");
  say(desk, checkout("v", 2), "item_unavailable");
  const ranks = reasons.map((reason) => (SALE_REFUSALS as readonly string[]).indexOf(reason));
  assert.deepEqual(ranks, ranks.toSorted((a, b) => a - b), "SALE_REFUSALS has the order");
  assert.equal(desk.outcomes.length, reasons.length + 2);
});

Deno.test("decide() refuses a purchase with the first reason in the written order", () => {
  const desk = new SaleDesk(5, settingsOf({ mode: "open", limit: 1 }));
  const key = who();
  desk.ask(editSale({}, key));
  const used = desk.buy("u", 1);
  const late = desk.hold("u", 2);
  desk.now += HOUR_MS;
  desk.buy("v", 2);
  const back = desk.hold("u", 3);
  desk.ask(release(back));
  const sold = desk.hold("u", 4);
  desk.buy("w", 4);
  const over = desk.hold("u", 5);
  const cases: [string, SaleCommand, SaleRefusal][] = [
    ["a code that was never given, by a used key", purchase(CODE, key), "code_unknown"],
    ["a used code by a used key", purchase(used, key), "idempotency_key_reused"],
    ["a used code, long expired, of a user at the limit", purchase(used), "code_used"],
    ["an expired code of an item sold to another", purchase(late), "code_expired"],
    ["a code given back", purchase(back), "code_expired"],
    ["an item sold to another, at the limit", purchase(sold), "sold_to_another"],
    ["at the limit", purchase(over), "limit_reached"],
  ];
  for (const [name, command, expected] of cases) {
    assert.deepEqual(desk.ask(command), refusalOf(expected), name);
  }
});

Deno.test("decide() lets who acts for one user alone buy and give back that user's holds, and no others", () => {
  const desk = new SaleDesk(3);
  const key = who();
  desk.ask(editSale({}, key));
  const [mine, theirs] = [desk.hold("u", 1), desk.hold("v", 2)];
  for (const make of [purchase, release]) {
    const by = (code: string, name: string, more = {}) => desk.ask({ ...make(code, more), by: name });
    assert.deepEqual(by(theirs, "u", key), refusalOf("forbidden"), "before the key is looked at");
    assert.deepEqual(by(CODE, "u"), refusalOf("code_unknown"), "before whose it is");
    assert.deepEqual(by(mine, "U"), refusalOf("forbidden"), "compared exactly");
  }
  assert.equal(desk.events.length, 4, "nothing was stored");
  const bought = { ...purchase(mine, who()), by: "u" };
  assert.equal(desk.say(bought), "accepted");
  assert.equal(desk.say(bought), "replay");
  assert.equal(contentOf(bought), contentOf(purchase(mine)), "who asks is no part of what is asked");
  assert.equal(desk.say({ ...release(theirs), by: "v" }), "accepted");
});

Deno.test("decide() refuses to give back or to void what is not there, or not any more", () => {
  const desk = new SaleDesk(3);
  const key = who();
  desk.ask(editSale({}, key));
  const [live, late] = [desk.hold("u", 1), desk.hold("u", 2)];
  desk.now += 30_000;
  const used = desk.buy("u", 3);
  const cases: [string, SaleCommand, SaleRefusal][] = [
    ["release: unknown", release(CODE, key), "code_unknown"],
    ["release: a used key", release(used, key), "idempotency_key_reused"],
    ["release: expired", release(late), "hold_not_live"],
    ["release: used", release(used), "hold_not_live"],
    ["void: unknown", voidPurchase(CODE, key), "code_unknown"],
    ["void: a used key", voidPurchase(used, key), "idempotency_key_reused"],
    ["void: never bought", voidPurchase(live), "purchase_not_found"],
    ["a second open", open(3), "sale_exists"],
    ["a second open by a used key", open(3, key), "idempotency_key_reused"],
  ];
  for (const [name, command, expected] of cases) {
    assert.deepEqual(desk.ask(command), refusalOf(expected), name);
  }
});

Deno.test("decide() buys for the hold's user, whoever holds other items and whoever asks", () => {
  const desk = new SaleDesk(3);
  const [ann, bob] = [checkout("ann", 1), checkout("bob", 2)];
  desk.answer(ann);
  desk.answer(bob);
  for (const { userId, n, code } of [bob, ann]) {
    const decision = desk.ask(purchase(code));
    assert(decision.kind === "accepted" && decision.event?.kind === "purchased");
    assert.deepEqual([decision.event.userId, decision.event.n, decision.event.code], [userId, n, code]);
  }
});

Deno.test("decide() answers with the whole code, the item's id and the times", () => {
  const desk = new SaleDesk(3);
  assert.equal(desk.sale.key, KEY);
  const asked = checkout("u", 2);
  const code = `${KEY}.${asked.code}`;
  const shown = { code, itemId: itemIdOf(NUMBER, 2), userId: "u" };
  assert.deepEqual(desk.answer(asked), { kind: "held", ...shown, expiresAt: START + 30_000 });
  desk.now += 1;
  assert.deepEqual(desk.answer(purchase(asked.code)), { kind: "purchased", ...shown, purchasedAt: START + 1 });
  desk.now += 1;
  assert.deepEqual(desk.answer(voidPurchase(asked.code)), { kind: "voided", ...shown, voidedAt: START + 2 });
  const other = checkout("u", 2);
  desk.answer(other);
  assert.deepEqual(desk.answer(release(other.code)), {
    kind: "released",
    ...shown,
    code: `${KEY}.${other.code}`,
    releasedAt: START + 2,
  });
});

Deno.test("an edit stops and resumes checkouts; a live hold is bought all the same", () => {
  const desk = new SaleDesk(3);
  const code = desk.hold("u", 1);
  const answer = desk.answer(editSale({ paused: true }));
  assert(answer.kind === "edited");
  assert.deepEqual(answer.sale, {
    key: KEY,
    number: NUMBER,
    items: 3,
    startsAt: START,
    endsAt: END,
    paused: true,
    sold: 0,
    createdAt: START - HOUR_MS,
    updatedAt: START,
  });
  assert.equal(desk.say(checkout("u", 1)), "paused", "also of what one holds");
  desk.now += 1;
  desk.ask(editSale());
  assert.equal(desk.sale.updatedAt, START + 1);
  assert.equal(desk.say(checkout("v", 2)), "paused", "an edit of nothing only touches");
  assert.equal(desk.say(purchase(code)), "accepted");
  desk.ask(editSale({ paused: false }));
  assert.equal(desk.say(checkout("v", 2)), "accepted");
});

Deno.test("one's own live hold again by key binds the key, whatever becomes of the hold", () => {
  const desk = new SaleDesk(1);
  const code = desk.hold("u", 1);
  const key = who();
  const again = desk.ask(checkout("u", 1, key));
  assert(again.kind === "accepted" && again.event.kind === "attempted");
  assert.deepEqual(again.event.receipt, { content: contentOf(checkout("u", 1)), answer: again.answer });
  desk.ask(release(code));
  assert.equal(desk.say(checkout("u", 1, key)), "replay");
  assert.equal(desk.say(checkout("v", 1, key)), "idempotency_key_reused");
  assert.deepEqual(desk.outcomes, ["ok", "ok", "idempotency_key_reused"], "a replay is no attempt");
});

Deno.test("a command is replayed by its id, and a checkout by its code, whatever came between", () => {
  const desk = new SaleDesk(3);
  const [asked, bought, gone, free] = [checkout("u", 1, who()), who(), who(), who()];
  assert.equal(desk.say(asked), "accepted");
  assert.equal(desk.say(purchase(asked.code, bought)), "accepted");
  const back = desk.hold("u", 2);
  assert.equal(desk.say(release(back, free)), "accepted");
  assert.equal(desk.say(voidPurchase(asked.code, gone)), "accepted");
  desk.now = END + HOUR_MS;
  desk.ask(editSale({ paused: true }));
  const events = desk.events.length;
  const repeats: SaleCommand[] = [
    asked,
    checkout("u", 1, asked),
    purchase(asked.code, bought),
    voidPurchase(asked.code, gone),
    release(back, free),
    { ...asked, id: crypto.randomUUID(), keyed: false },
  ];
  for (const command of repeats) {
    assert.deepEqual(desk.ask(command), { kind: "replay", id: command.id, content: contentOf(command) });
  }
  assert.equal(desk.events.length, events, "and no replay is an attempt");
  assert.equal(desk.say(purchase(back, bought)), "idempotency_key_reused");
  assert.equal(desk.say({ ...checkout("v", 1), code: asked.code }), "idempotency_key_reused");
});

Deno.test("a key binds accepted commands alone: a refusal is decided afresh", () => {
  const desk = new SaleDesk(1);
  const key = who();
  const code = desk.hold("u", 1);
  assert.equal(desk.say(checkout("v", 1, key)), "item_unavailable");
  desk.ask(release(code));
  assert.equal(desk.say(checkout("v", 1, key)), "accepted");
  assert.equal(desk.say(checkout("v", 1, key)), "replay");
});

Deno.test("phaseOf() is upcoming, open, sold_out or over", () => {
  const cases: [number, number, "sold_out" | "at_end", string][] = [
    [START - 1, 0, "sold_out", "upcoming"],
    [START - 1, 5, "at_end", "upcoming"],
    [START, 4, "at_end", "open"],
    [START, 5, "at_end", "sold_out"],
    [END - 1, 4, "at_end", "open"],
    [END - 1, 5, "sold_out", "sold_out"],
    [END, 4, "sold_out", "open"],
    [END, 5, "sold_out", "over"],
    [END, 4, "at_end", "over"],
    [END, 5, "at_end", "over"],
  ];
  for (const [now, sold, closes, phase] of cases) {
    assert.equal(phaseOf({ items: 5, sold, startsAt: START, endsAt: END }, closes, now), phase, `${now} ${sold}`);
  }
});

Deno.test("evolve() refuses an event that no decision on this state can have made", () => {
  const desk = new SaleDesk(1);
  const code = desk.hold("u", 1);
  const bought = desk.ask(purchase(code));
  assert(bought.kind === "accepted");
  const [opened] = desk.events;
  assert.throws(() => evolve(undefined, bought.event), /not opened: received purchased/);
  assert.throws(() => evolve(desk.sale, opened!), /open a sale twice: 2026-11-21T14Z/);
  assert.throws(() => evolve(new SaleDesk(1).sale, bought.event), new RegExp(`a hold of ${KEY} by its code$`));
});
