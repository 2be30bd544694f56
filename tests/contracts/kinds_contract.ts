/** What must every Store do with claims that come to more than a unit? One suite; each implementation passes it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Fenced } from "../../src/ports/mod.ts";
import { claim, edit, voidClaim } from "../support/commands.ts";
import { Desk, type LedgerStores } from "../support/ledger_desk.ts";
import { append } from "../support/stored.ts";

const NOW = Date.UTC(2026, 10, 21, 14);
const CHARGE = { kind: "charge", credit: "10.00" } as const;
const DISCOUNT = { kind: "discount", percentOff: "15.00", maxDiscount: "20.00", minOrder: "50.00" } as const;

/** Registers the suite. `open` gives a store of its own. */
export function kindsContract(name: string, open: () => Promise<LedgerStores>): void {
  const test = (behaviour: string, body: (stores: LedgerStores) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      const stores = await open();
      try {
        await body(stores);
      } finally {
        await stores.close();
      }
    });

  test("activate() brings every term of a coupon's kind, as created and as edited", async (stores) => {
    for (
      const more of [
        { ...DISCOUNT, segment: "gold" },
        { kind: "discount", amountOff: "9999999999999.99" },
        CHARGE,
      ] as const
    ) {
      const desk = await Desk.make(stores, 5, more);
      const { holders: _h, keys: _k, ...state } = desk.active.state;
      assert.deepEqual({ ...state, ...more }, state);
    }
    const desk = await Desk.make(stores, 5, DISCOUNT);
    await desk.tell(edit({ percentOff: null, amountOff: "0.01", maxDiscount: null, minOrder: "7.50", segment: "x" }));
    const draft = { ...desk.active.state };
    const { holders: _h, keys: _k, ...stored } = await desk.fresh();
    assert.deepEqual({ ...draft, ...stored }, draft);
    assert.deepEqual([stored.amountOff, stored.percentOff, stored.minOrder, stored.segment], [
      "0.01",
      null,
      "7.50",
      "x",
    ]);
  });

  test("recall() gives claims with their amounts: held, voided, claimed again, and voided in the turn that made them", async (stores) => {
    for (const more of [DISCOUNT, CHARGE, {}]) {
      const desk = await Desk.make(stores, 9, more);
      const keyed = () => ({ id: crypto.randomUUID(), keyed: true });
      const by = (user: string, order: string, who = {}) => claim(user, who, { orderAmount: order });
      await desk.tell(by("a", "99.99", keyed()), by("b", "50.00"), by("c", "1000.00", keyed()));
      await desk.tell(voidClaim("a"), by("a", "60.00", keyed()), voidClaim("c"), edit({ amount: 8 }));
      await desk.tell(by("d", "70.00", keyed()), voidClaim("d"), by("e", "80.00"), voidClaim("e"), by("d", "71.00"));
      assert.equal(desk.told.size, 12, "every one was accepted");
      await desk.assertRecalled();
      const draft = desk.active.state;
      const stored = await desk.fresh();
      for (const [id, content] of draft.keys) assert.equal(stored.keys.get(id), content);
      await desk.assertRecalled();
    }
  });

  test("recall() gives no answer where the order is another one", async (stores) => {
    const desk = await Desk.make(stores, 9, DISCOUNT);
    const who = { id: crypto.randomUUID(), keyed: true };
    await desk.tell(claim("a", who, { orderAmount: "99.99" }));
    const others = [claim("a", who, { orderAmount: "99.98" }), claim("a", who)];
    for (const other of others) assert.equal((await stores.store.recall(desk.active.handle, [other])).size, 0);
  });

  test("append() credits each claim of a charge, and takes it back with its void, once", async (stores) => {
    const desk = await Desk.make(stores, 9, CHARGE);
    await desk.tell(claim("a"), claim("b"));
    assert.deepEqual(await desk.entries(), ["a +10.00", "b +10.00"]);
    await desk.tell(voidClaim("a"), voidClaim("a"));
    await desk.tell(voidClaim("a"));
    assert.deepEqual(await desk.entries(), ["a +10.00", "b +10.00", "a -10.00"]);
    const [first, , back] = await stores.entries(desk.id);
    assert.deepEqual(back, { ...first, isVoid: true, amount: "-10.00" });
  });

  test("append() takes back what was credited, though the credit was edited since", async (stores) => {
    const desk = await Desk.make(stores, 9, CHARGE);
    await desk.tell(claim("a"));
    await desk.tell(edit({ credit: "3.50" }), claim("b"));
    await desk.tell(voidClaim("a"), voidClaim("b"), claim("b"));
    assert.deepEqual((await desk.entries()).sort(), ["a +10.00", "a -10.00", "b +3.50", "b +3.50", "b -3.50"]);
  });

  test("append() of a void and a new claim of one user in one turn credits both right", async (stores) => {
    const desk = await Desk.make(stores, 9, CHARGE);
    await desk.tell(claim("a"));
    await desk.tell(voidClaim("a"), claim("a"), voidClaim("a"), claim("a"));
    assert.deepEqual(await desk.entries(), ["a +10.00", "a -10.00", "a +10.00", "a -10.00", "a +10.00"]);
    await desk.tell(claim("z"), voidClaim("z"));
    assert.deepEqual((await desk.entries()).slice(5), ["z +10.00", "z -10.00"]);
    assert.equal((await desk.fresh()).remaining, 8);
  });

  test("append() that is fenced, or sent twice, credits nothing", async (stores) => {
    const { store } = stores;
    const stale = await Desk.make(stores, 9, CHARGE);
    await stale.tell(claim("a"));
    const live = new Desk(stores, stale.key, (await store.activate(stale.key, NOW))!);
    const events = stale.decide(claim("s"), voidClaim("a"));
    await assert.rejects(append(store, { handle: stale.active.handle, turn: stale.active.turn + 1, events }), Fenced);
    await live.tell(claim("b"));
    const { handle, turn } = live.active;
    const again = live.decide(claim("c"));
    await append(store, { handle, turn: turn + 1, events: again });
    await assert.rejects(append(store, { handle, turn: turn + 1, events: again }), Fenced);
    assert.deepEqual(await live.entries(), ["a +10.00", "b +10.00", "c +10.00"]);
  });

  test("append() of many kinds of coupons together stores each its own", async (stores) => {
    const desks = await Promise.all(
      Array.from({ length: 12 }, (_, place) => Desk.make(stores, 50, [CHARGE, DISCOUNT, {}][place % 3]!)),
    );
    for (let turn = 0; turn < 3; turn++) {
      await Promise.all(desks.map((desk) => {
        const claims = ["x", "y"].map((user) => claim(user + turn, {}, { orderAmount: "100.00" }));
        return turn === 2 ? desk.tell(voidClaim("x0"), ...claims) : desk.tell(...claims);
      }));
    }
    for (const [place, desk] of desks.entries()) {
      await desk.assertRecalled();
      const state = await desk.fresh();
      assert.deepEqual([state.remaining, state.holders.size], [45, 5]);
      const entries = await desk.entries();
      assert.equal(entries.length, place % 3 === 0 ? 7 : 0);
      assert.equal(entries.filter((entry) => entry === "x0 -10.00").length, place % 3 === 0 ? 1 : 0);
    }
  });

  test("whatever is claimed, voided and edited, the ledger is the credits of the claims that are held", async (stores) => {
    const user = fc.constantFrom("a", "b", "c");
    const key = fc.constantFrom(1, 2, 3, 4, undefined);
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("claim" as const), user, key }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("void" as const), user, key: fc.constant(undefined) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("edit" as const), user, key: fc.constant(undefined) }) },
    );
    const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 1, max: 3 }), async (all, amount) => {
        const desk = await Desk.make(stores, amount, CHARGE);
        const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
        const held = new Map<string, number>();
        let edits = 0;
        for (const steps of all) {
          const commands = steps.map(({ kind, user, key }) => {
            const who = key === undefined ? {} : { id: ids[key]!, keyed: true };
            if (kind === "claim") return claim(user, who);
            return kind === "void" ? voidClaim(user) : edit({ credit: `${++edits}.25` });
          });
          await desk.tell(...commands);
          for (const command of commands) {
            const answer = desk.told.get(command);
            if (answer?.kind === "claimed") held.set(answer.userId, cents(answer.details!.credit!));
            if (answer?.kind === "voided") held.delete(answer.userId);
          }
        }
        const balances = new Map<string, number>();
        const entries = await stores.entries(desk.id);
        for (const { userId, amount } of entries) balances.set(userId, (balances.get(userId) ?? 0) + cents(amount));
        for (const [user, balance] of balances) assert.equal(balance, held.get(user) ?? 0, user);
        assert(held.keys().every((user) => balances.has(user)));
        assert.equal(new Set(entries.map(({ claimId, isVoid }) => claimId + isVoid)).size, entries.length, "each once");
        await desk.assertRecalled();
      }),
      { numRuns: 40 },
    );
  });
}

function cents(amount: string): number {
  return Math.round(Number(amount) * 100);
}
