/**
 * Does a node's actor system come to rest, whatever fails? Every command is told something, every actor goes, and within
 * an actor time never runs backwards. The clock moves at each reading; a failing run prints its seed.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { CouponCommand } from "../../src/domain/coupon.ts";
import { claim, create, edit, terms, voidClaim } from "../support/commands.ts";
import { FakeClock } from "../support/fake_clock.ts";
import type { Failure } from "../support/memory_store.ts";
import { fate, makeWorld } from "../support/world.ts";

const KEYS = ["p", "q", "r"];
const RUNS = 300;
const LIMITS = { mailboxMax: 64, awakeMax: 3, idleMs: 60_000 };

/** A clock that is a millisecond later at each reading. */
class PassingClock extends FakeClock {
  #readings = 0;

  override now(): number {
    return super.now() + ++this.#readings;
  }
}

type Step =
  | { readonly do: "ask"; readonly key: string; readonly command: CouponCommand }
  | { readonly do: "fail"; readonly how: Failure }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "release" }
  | { readonly do: "tick"; readonly ticks: number };

const user = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
const command = fc.oneof(
  { weight: 6, arbitrary: user.map((userId) => claim(userId)) },
  { weight: 3, arbitrary: user.map((userId) => voidClaim(userId)) },
  { weight: 1, arbitrary: fc.constant(0).map(() => edit({ amount: 7 })) },
);
const failure = fc.constantFrom<Failure>("lost before", "lost after", "unavailable", "data error", "fenced");
const key = fc.constantFrom(...KEYS, "none");
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant("ask" as const), key, command }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), how: failure }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 1, 60, 700, 6_000) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("release" as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("tick" as const), ticks: fc.integer({ min: 1, max: 12 }) }) },
  ),
  { maxLength: 60, size: "max" },
);

Deno.test("whatever fails, every command is told something, every actor goes, and its time never runs backwards", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(20), async (steps, storing) => {
      const { actors, clock, store } = makeWorld({ clock: new PassingClock(), limits: LIMITS });
      for (const key of KEYS) assert.equal(await fate(actors.ask(key, create(terms(key, 5)))), "done");
      store.ticks = storing;
      let open = 0;
      for (const step of steps) {
        if (step.do === "ask") {
          open++;
          fate(actors.ask(step.key, step.command)).then(() => open--);
        } else if (step.do === "fail") store.failures.push(step.how);
        else if (step.do === "wait") await clock.advance(step.ms);
        else if (step.do === "release") actors.release(() => false);
        else for (let tick = 0; tick < step.ticks; tick++) await undefined;
      }
      for (let halves = 0; halves < 40 && open > 0; halves++) await clock.advance(500);
      assert.equal(open, 0, "commands that were told nothing");
      await clock.advance(LIMITS.idleMs + 10_000);
      assert.equal(actors.awake, 0, "actors that stay");
      for (const { events } of store.rows.byKey.values()) {
        const times = events.map(({ at }) => at);
        assert.deepEqual(times, times.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: RUNS },
  );
});
