/**
 * Do two nodes, by mistake both owners of one coupon, with commits and answers that fail at random, ever hand out one
 * unit too many or lose one? All in one process, on a clock that stands still; a failing run prints its seed.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { CouponCommand } from "../../src/domain/coupon.ts";
import { claim, create, edit, terms, voidClaim } from "../support/commands.ts";
import type { Failure } from "../support/memory_store.ts";
import { fate, makeWorld } from "../support/world.ts";

const KEY = "promo";
const USERS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const RUNS = 500;

type Step =
  | { readonly do: "ask"; readonly node: 0 | 1; readonly command: CouponCommand }
  | { readonly do: "fail"; readonly node: 0 | 1; readonly how: Failure }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "tick"; readonly ticks: number };

const node = fc.constantFrom(0 as const, 1 as const);
const user = fc.constantFrom(...USERS);
const command: fc.Arbitrary<CouponCommand> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(user, fc.boolean()).map(([userId, keyed]) => claim(userId, { keyed })) },
  { weight: 2, arbitrary: user.map((userId) => voidClaim(userId)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((amount) => edit({ amount })) },
);
const failure = fc.constantFrom<Failure>("lost before", "lost after", "unavailable", "data error", "fenced");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("ask" as const), node, command }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), node, how: failure }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 1, 60, 250, 700) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("tick" as const), ticks: fc.integer({ min: 1, max: 12 }) }) },
);

Deno.test("two owners under random failures keep every promise", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), async (amount, steps) => {
      const first = makeWorld();
      const second = makeWorld({ clock: first.clock, rows: first.store.rows });
      const nodes = [first, second];
      for (const { store } of nodes) store.ticks = 20;
      await first.actors.ask(KEY, create(terms("Promo", amount)));
      const asked: { command: CouponCommand; fate: Promise<string> }[] = [];
      for (const one of steps) {
        if (one.do === "ask") {
          // A property shrinks by running its values again: each run gives its commands ids of its own.
          const command = { ...one.command, id: crypto.randomUUID() };
          asked.push({ command, fate: fate(nodes[one.node]!.actors.ask(KEY, command)) });
        } else if (one.do === "fail") {
          nodes[one.node]!.store.failures.push(one.how);
        } else if (one.do === "tick") {
          for (let tick = 0; tick < one.ticks; tick++) await undefined;
        } else {
          await first.clock.advance(one.ms);
        }
      }
      for (const { store } of nodes) store.failures.length = 0;
      await first.clock.advance(20_000);

      const { events } = first.store.rows.byKey.get(KEY)!;
      const stored = new Set(events.map(({ id }) => id));
      assert.equal(stored.size, events.length, "no command acts twice");
      for (const { command, fate } of asked) {
        if (await fate === "done") assert(stored.has(command.id), `an acknowledged ${command.kind} is stored`);
        else assert(!stored.has(command.id), `a ${command.kind} answered ${await fate} is not found later`);
      }
      const holders = new Set<string>();
      for (const event of events) {
        if (event.kind === "claimed") assert(!holders.has(event.userId), "one claim a user");
        if (event.kind === "claimed") holders.add(event.userId);
        if (event.kind === "voided") assert(holders.delete(event.userId), "a void returns one unit once");
      }
      const { amount: now, remaining } = first.store.state(KEY);
      assert(remaining >= 0);
      assert.equal(holders.size + remaining, now);

      const last = USERS.map((userId) => fate(second.actors.ask(KEY, claim(userId))));
      await first.clock.advance(5_000);
      const fates = await Promise.all(last);
      assert.equal(fates.filter((one) => one === "done").length, Math.min(remaining, USERS.length - holders.size));
      for (const { actors } of nodes) {
        const stopped = actors.stop();
        await first.clock.advance(100);
        await stopped;
      }
    }),
    { numRuns: RUNS },
  );
});
