/**
 * Does a cluster ever hand out one unit too many, lose one, or refuse what it took, while nodes are killed, frozen, cut
 * off, leave and join, connections lose their answers, and Redis is gone or empty? All in one process, on a clock that
 * stands still; a failing run prints its seed.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { CouponCommand } from "../../src/domain/coupon.ts";
import { claim, create, edit, terms, voidClaim } from "../support/commands.ts";
import { ClusterWorld } from "../support/cluster_world.ts";
import type { Failure } from "../support/memory_store.ts";
import { fate } from "../support/world.ts";

const NODES = ["a", "b", "c", "d"];
const KEYS = ["k1", "k2", "k3"];
const USERS = ["u1", "u2", "u3", "u4", "u5", "u6"];
const AMOUNT = 4;
const RUNS = 300;
/** Outcomes that say that the command did not act and never will. `storage_unavailable` alone says neither. */
const UNKNOWN = "storage_unavailable";

type Step =
  | { readonly do: "ask"; readonly at: number; readonly key: string; readonly command: CouponCommand }
  | { readonly do: "fail"; readonly at: number; readonly how: Failure }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "kill" | "leave" | "start" | "freeze"; readonly at: number }
  | { readonly do: "cut"; readonly at: number; readonly to: number }
  | { readonly do: "heal" | "thaw" | "lose answers" | "redis gone" | "redis back" | "redis empty" };

const at = fc.nat({ max: 11 });
const command: fc.Arbitrary<CouponCommand> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...USERS), fc.boolean()).map(([user, keyed]) => claim(user, { keyed })),
  },
  { weight: 2, arbitrary: fc.constantFrom(...USERS).map((user) => voidClaim(user)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((amount) => edit({ amount })) },
);
const ask = fc.record({ do: fc.constant("ask" as const), at, key: fc.constantFrom(...KEYS), command });
const how = fc.constantFrom<Failure>("lost before", "lost after", "unavailable", "fenced");
const one = <D extends string>(...names: D[]) => fc.record({ do: fc.constantFrom(...names), at });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: ask },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 2, 3, 60, 400, 1_500, 5_000) }),
  },
  { weight: 2, arbitrary: one("kill", "leave", "freeze") },
  { weight: 2, arbitrary: one("start") },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), at, how }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const), at, to: at }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: "heal" }, { do: "thaw" }, { do: "lose answers" }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: "redis gone" }, { do: "redis back" }, { do: "redis empty" }) },
);

/** One run: the world, what was asked of it, and what stands still. */
class Run {
  readonly asked: { command: CouponCommand; key: string; fate: string }[] = [];
  readonly #thaws = new Map<string, () => void>();

  constructor(readonly world: ClusterWorld) {}

  /** Ids of the processes that run. */
  get running(): string[] {
    return [...this.world.nodes.keys()].filter((id) => !this.#thaws.has(id));
  }

  ask(id: string, key: string, command: CouponCommand): void {
    const asked = { command, key, fate: "pending" };
    this.asked.push(asked);
    fate(this.world.node(id).coupons.ask(key, command)).then((fate) => asked.fate = fate);
  }

  async take(step: Step): Promise<void> {
    const { world, running } = this;
    const id = "at" in step ? running[step.at % running.length]! : "";
    switch (step.do) {
      case "ask": // A property shrinks by running its values again: each run gives its commands ids of its own.
        return this.ask(id, step.key, { ...step.command, id: crypto.randomUUID() });
      case "fail":
        return void world.node(id).store.failures.push(step.how);
      case "wait":
        return await world.clock.advance(step.ms);
      case "kill":
        if (running.length > 1) world.kill(id);
        return;
      case "leave":
        if (running.length > 1) world.leave(id);
        return;
      case "freeze":
        if (running.length > 1) this.#thaws.set(id, world.freeze(id));
        return;
      case "start": {
        const free = NODES.find((each) => !world.nodes.has(each));
        if (free !== undefined) world.make(free).cluster.join();
        return;
      }
      case "cut":
        return world.network.cut(`http://${id}:8081`, `http://${running[step.to % running.length]}:8081`);
      case "heal":
        return world.network.heal();
      case "thaw":
        return this.thaw();
      case "lose answers": {
        let left = 2;
        world.network.losesAnswers = () => left-- > 0;
        return;
      }
      case "redis empty":
        return world.registry.clear();
    }
    world.registry.gone = step.do === "redis gone";
  }

  thaw(): void {
    for (const thaw of this.#thaws.values()) thaw();
    this.#thaws.clear();
  }

  /** Ends all trouble, and waits until everything is as it should be. */
  async calm(): Promise<void> {
    const { world } = this;
    this.thaw();
    world.network.heal();
    world.network.losesAnswers = () => false;
    world.registry.gone = false;
    for (const { store } of world.nodes.values()) store.failures.length = 0;
    await world.clock.advance(20_000);
  }

  assertExact(key: string): void {
    const { events } = this.world.rows.byKey.get(key)!;
    const stored = new Set(events.map(({ id }) => id));
    assert.equal(stored.size, events.length, "no command acts twice");
    for (const { command, key: of, fate } of this.asked) {
      if (of !== key || fate === "pending" || fate === UNKNOWN) continue;
      if (fate === "done") assert(stored.has(command.id), `an acknowledged ${command.kind} is stored`);
      else assert(!stored.has(command.id), `a ${command.kind} answered ${fate} is not found later`);
    }
    const holders = new Set<string>();
    for (const event of events) {
      if (event.kind === "claimed") assert(!holders.has(event.userId), "one claim a user");
      if (event.kind === "claimed") holders.add(event.userId);
      if (event.kind === "voided") assert(holders.delete(event.userId), "a void returns one unit once");
    }
    const { amount, remaining } = this.anyStore.state(key);
    assert(remaining >= 0);
    assert.equal(holders.size + remaining, amount);
  }

  get anyStore(): ClusterWorld["nodes"] extends Map<string, infer N extends { store: unknown }> ? N["store"] : never {
    return [...this.world.nodes.values()][0]!.store;
  }

  /** Every unit that is left can be had, through any node. */
  async assertServes(key: string): Promise<void> {
    const { world } = this;
    const left = this.anyStore.state(key).remaining;
    const ids = [...world.nodes.keys()];
    const all = Array<string>(left + 3).fill("pending");
    for (const place of all.keys()) {
      const { coupons } = world.node(ids[place % ids.length]!);
      fate(coupons.ask(key, claim(`last ${place}`))).then((one) => all[place] = one);
    }
    await world.clock.advance(3_000);
    assert.equal(all.filter((one) => one === "done").length, left, all.join());
    assert.equal(all.filter((one) => one === "sold_out").length, 3, all.join());
  }
}

Deno.test("a cluster in all kinds of trouble keeps every promise", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120, size: "max" }), async (steps) => {
      const run = new Run(await ClusterWorld.of("a", "b", "c"));
      const { world } = run;
      for (const key of KEYS) run.ask("a", key, create(terms(key, AMOUNT)));
      await world.clock.advance(100);
      for (const { store } of world.nodes.values()) store.ticks = 20;
      for (const step of steps) await run.take(step);
      await run.calm();
      assert.equal(new Set(world.rings()).size, 1, `all see the same ring: ${world.rings().join(" | ")}`);
      assert.equal(world.rings()[0], [...world.nodes.keys()].sort().join(" "));
      for (const key of KEYS) run.assertExact(key);
      for (const key of KEYS) await run.assertServes(key);
      world.end();
    }),
    { numRuns: RUNS },
  );
});
