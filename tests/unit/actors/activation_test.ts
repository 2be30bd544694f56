/** What does an actor do while it comes into memory, and when that fails? */
import assert from "node:assert/strict";
import { Fenced } from "../../../src/ports/mod.ts";
import type { Coupon } from "../../../src/domain/coupon.ts";
import { claim, create, terms, voidClaim } from "../../support/commands.ts";
import { settle } from "../../support/fake_clock.ts";
import { fate, gate, makeWorld, type World } from "../../support/world.ts";

const KEY = "promo";

async function withCoupon(amount: number): Promise<World> {
  const world = makeWorld();
  assert.equal(await fate(world.actors.ask(KEY, create(terms("Promo", amount)))), "done");
  return world;
}

/** From now on what an activation has read comes only once the gate is open: it may be old by then. */
function readsComeLate({ store }: World): () => void {
  const { promise, open } = gate();
  const activate = store.activate.bind(store);
  store.activate = async (...args) => {
    const read = await activate(...args);
    await promise;
    return read;
  };
  return open;
}

/** What the next activations are given as remnants: the holders of each, undefined where there is none. */
function watchRemnants({ store }: World): (string[] | undefined)[] {
  const remnants: (string[] | undefined)[] = [];
  const activate = store.activate.bind(store);
  store.activate = (key, now, staleState) => {
    remnants.push(staleState && ["a", "b", "c"].filter((user) => staleState.holders.has(user)));
    return activate(key, now, staleState);
  };
  return remnants;
}

Deno.test("an absence that was read before a command came is told to none but those that came before it", async () => {
  const world = makeWorld();
  const open = readsComeLate(world);
  const early = fate(world.actors.ask(KEY, claim("a")));
  await settle();
  await makeWorld({ rows: world.store.rows }).actors.ask(KEY, create(terms("Promo", 1)));
  const late = fate(world.actors.ask(KEY, claim("b")));
  open();
  assert.deepEqual([await early, await late], ["coupon_not_found", "done"]);
});

Deno.test("a create that another node's overtook hears of it, and what waited behind it finds the coupon", async () => {
  const world = makeWorld();
  const open = readsComeLate(world);
  const asked = [create(terms("Promo", 5)), claim("a")].map((command) => fate(world.actors.ask(KEY, command)));
  await settle();
  await makeWorld({ rows: world.store.rows }).actors.ask(KEY, create(terms("Promo", 1)));
  open();
  assert.deepEqual(await Promise.all(asked), ["coupon_exists", "done"]);
});

Deno.test("a create whose time is over when the absence is known makes nothing", async () => {
  const world = makeWorld();
  const open = readsComeLate(world);
  const asked = fate(world.actors.ask(KEY, create(terms("Promo", 5)), { deadline: 510 }));
  await world.clock.advance(600); // deadlines were looked at 100 ms ago
  open();
  assert.equal(await asked, "deadline");
  assert.equal(world.store.rows.byKey.size, 0);
});

Deno.test("a create that may be stored is never told that nothing happened", async () => {
  const world = makeWorld();
  const { promise, open } = gate();
  const make = world.store.create.bind(world.store);
  world.store.create = (...args) => {
    const made = make(...args);
    world.store.gate = promise; // the next activation waits
    return made;
  };
  world.store.failures.push("lost after");
  const asked = fate(world.actors.ask(KEY, create(terms("Promo", 5))));
  await world.clock.advance(6_000);
  assert.equal(await asked, "storage_unavailable");
  open();
  await settle();
});

Deno.test("a turn that fails while the next is about to be taken is followed by one activation", async () => {
  const world = await withCoupon(5);
  const soon: (() => void)[] = [];
  const runSoon = () => soon.splice(0).forEach((callback) => callback());
  world.clock.soon = (callback) => void soon.push(callback);
  const before = world.store.activations;
  const [commit, activation] = [gate(), gate()];
  world.store.gate = commit.promise;
  world.store.failures.push("lost before");
  const first = fate(world.actors.ask(KEY, claim("a")));
  runSoon();
  const second = fate(world.actors.ask(KEY, claim("b")));
  world.store.gate = activation.promise;
  commit.open();
  await settle();
  runSoon();
  activation.open();
  for (let turn = 0; turn < 3; turn++) {
    await settle();
    runSoon();
  }
  assert.deepEqual([await first, await second], ["done", "done"]);
  assert.equal(world.store.activations, before + 1);
});

Deno.test("an actor that loses its row again and again waits longer each time before it takes it back", async () => {
  const world = await withCoupon(5);
  await world.clock.advance(61_000);
  const times: number[] = [];
  const activate = world.store.activate.bind(world.store);
  world.store.activate = (...args) => {
    times.push(world.clock.monotonic());
    return times.length < 7 ? Promise.reject(new Fenced("another owner was faster")) : activate(...args);
  };
  const asked = fate(world.actors.ask(KEY, claim("a")));
  await world.clock.advance(2_000);
  assert.equal(await asked, "done");
  assert.deepEqual(times.slice(1).map((time, place) => time - times[place]!), [37.5, 75, 150, 300, 375, 375]);
});

for (const [lastedMs, waitsMs] of [[4_900, 75], [5_100, 37.5]] as const) {
  Deno.test(`an actor that loses its row after ${lastedMs} ms with it waits ${waitsMs} ms, once it lost it before`, async () => {
    const world = await withCoupon(5);
    world.store.failures.push("fenced");
    const first = fate(world.actors.ask(KEY, claim("a")));
    await world.clock.advance(100);
    assert.equal(await first, "done");
    await world.clock.advance(lastedMs - 62.5);
    world.store.failures.push("fenced");
    const before = world.store.activations;
    const second = fate(world.actors.ask(KEY, claim("b")));
    await world.clock.advance(waitsMs - 1);
    assert.equal(world.store.activations, before);
    await world.clock.advance(1);
    assert.equal(await second, "done");
  });
}

Deno.test("an actor that was fenced is activated with what it knew, less what was not stored", async () => {
  const world = await withCoupon(5);
  await world.actors.ask(KEY, claim("a"));
  const remnants = watchRemnants(world);
  world.store.failures.push("fenced");
  const asked = fate(world.actors.ask(KEY, claim("b")));
  await world.clock.advance(100);
  assert.equal(await asked, "done");
  assert.deepEqual(remnants, [["a"]]);
});

Deno.test("an activation that another owner overtook leaves what it read to the next one", async () => {
  const world = await withCoupon(5);
  await world.actors.ask(KEY, claim("a"));
  await world.clock.advance(61_000);
  const remnants: unknown[] = [];
  const staleState: Coupon = world.store.state(KEY);
  const activate = world.store.activate.bind(world.store);
  world.store.activate = (key, now, given) => {
    remnants.push(given);
    return remnants.length === 1
      ? Promise.reject(new Fenced("another owner was faster", staleState))
      : activate(key, now, given);
  };
  const asked = fate(world.actors.ask(KEY, claim("b")));
  await world.clock.advance(100);
  assert.equal(await asked, "done");
  assert.deepEqual(remnants, [undefined, staleState]);
});

for (
  const [what, second, failures] of [
    ["a void", voidClaim("a"), ["fenced", "fenced"]],
    ["a turn of which nobody knows whether it was stored", claim("c"), ["fenced", "lost before"]],
  ] as const
) {
  Deno.test(`an actor that was fenced with ${what} is activated without what it knew`, async () => {
    const world = await withCoupon(5);
    await world.actors.ask(KEY, claim("a"));
    const remnants = watchRemnants(world);
    const { promise, open } = gate();
    world.store.gate = promise;
    world.store.failures.push(...failures);
    const asked = [fate(world.actors.ask(KEY, claim("b")))];
    await settle();
    asked.push(fate(world.actors.ask(KEY, second)));
    await settle();
    open();
    await world.clock.advance(1_000);
    assert.deepEqual(await Promise.all(asked), ["done", "done"]);
    assert.deepEqual(remnants, [undefined]);
  });
}

Deno.test("an actor that was fenced while a second turn is out is activated without what it knew", async () => {
  const world = await withCoupon(5);
  await world.actors.ask(KEY, claim("a"));
  const remnants = watchRemnants(world);
  const { promise, open } = gate();
  const append = world.store.append.bind(world.store);
  let appends = 0;
  world.store.append = (part, completion) =>
    void (++appends === 2 ? promise : Promise.resolve()).then(() => append(part, completion));
  const held = gate();
  world.store.gate = held.promise;
  world.store.failures.push("fenced");
  const first = fate(world.actors.ask(KEY, claim("b")));
  await settle();
  const second = fate(world.actors.ask(KEY, claim("c")));
  await settle();
  held.open();
  await world.clock.advance(100);
  assert.equal(await first, "done");
  assert.deepEqual(remnants, [undefined]);
  open();
  await world.clock.advance(100);
  assert.equal(await second, "done");
  assert.deepEqual(world.store.holders(KEY), ["a", "b", "c"]);
});

for (const mayBeStored of [false, true]) {
  const what = mayBeStored ? "a command that may be stored" : "a command that was accepted before";
  Deno.test(`the stored answer of ${what} that cannot be read is a fault, and holds up nothing`, async () => {
    const world = await withCoupon(5);
    const command = claim("a", { keyed: true });
    if (!mayBeStored) await world.actors.ask(KEY, command);
    const recall = world.store.recall.bind(world.store);
    world.store.recall = () => Promise.reject(new Error("Postgres is silent"));
    const asked = fate(world.actors.ask(KEY, command, { mayBeStored }));
    assert.equal(await asked, "storage_unavailable");
    world.store.recall = recall;
    assert.equal(await fate(world.actors.ask(KEY, claim("b"))), "done");
    await world.clock.advance(61_000);
    assert.equal(world.actors.awake, 0);
  });
}

Deno.test("what comes while a command that may be stored is looked up is decided after it, and so is what came with it", async () => {
  const world = await withCoupon(1);
  const { promise, open } = gate();
  const recall = world.store.recall.bind(world.store);
  world.store.recall = async (...args) => (await promise, await recall(...args));
  const asked = [world.actors.ask(KEY, claim("a"), { mayBeStored: true }), world.actors.ask(KEY, claim("b"))];
  await settle();
  asked.push(world.actors.ask(KEY, claim("c")));
  await settle();
  open();
  assert.deepEqual(await Promise.all(asked.map(fate)), ["done", "sold_out", "sold_out"]);
});
