/** When may an actor go, and what keeps it? */
import assert from "node:assert/strict";
import { claim, create, terms, voidClaim } from "../../support/commands.ts";
import { settle } from "../../support/fake_clock.ts";
import { fate, gate, makeWorld, type World } from "../../support/world.ts";

const KEY = "promo";

async function withCoupon(idleMs: number): Promise<World> {
  const world = makeWorld({ limits: { idleMs } });
  assert.equal(await fate(world.actors.ask(KEY, create(terms("Promo", 10)))), "done");
  return world;
}

Deno.test("an actor that is asked now and then stays awake", async () => {
  const world = await withCoupon(1_000);
  const { activations } = world.store;
  for (const user of ["a", "b", "c", "d"]) {
    await world.clock.advance(600);
    await world.actors.ask(KEY, claim(user));
  }
  assert.equal(world.store.activations, activations);
});

Deno.test("an actor stays awake while its turn is out, however long that is, and takes the next one after it", async () => {
  const world = await withCoupon(1_000);
  const { activations } = world.store;
  const { promise, open } = gate();
  world.store.gate = promise;
  const first = fate(world.actors.ask(KEY, claim("a")));
  await world.clock.advance(3_000);
  assert.equal(world.actors.awake, 1);
  const second = fate(world.actors.ask(KEY, claim("b")));
  await settle();
  open();
  assert.deepEqual([await first, await second], ["done", "done"]);
  assert.equal(world.store.activations, activations);
});

for (const [hours, told] of [[47, "done"], [49, "claim_not_found"]] as const) {
  Deno.test(`a void that is repeated after ${hours} hours of idleness is ${told}, by the actors' clock`, async () => {
    const world = await withCoupon(60_000);
    const gone = voidClaim("a");
    await world.actors.ask(KEY, claim("a"));
    assert.equal(await fate(world.actors.ask(KEY, gone)), "done");
    await world.clock.advance(61_000);
    assert.equal(world.actors.awake, 0);
    world.clock.epoch += hours * 3_600_000;
    assert.equal(await fate(world.actors.ask(KEY, gone)), told);
  });
}

Deno.test("stop() waits for the turn that is out, and leaves no timer", async () => {
  const world = await withCoupon(1_000);
  const { promise, open } = gate();
  world.store.gate = promise;
  const asked = fate(world.actors.ask(KEY, claim("a")));
  await settle();
  let stopped = false;
  const stopping = world.actors.stop().then(() => stopped = true);
  await world.clock.advance(100);
  assert.equal(stopped, false);
  open();
  assert.equal(await asked, "done");
  await world.clock.advance(100);
  await stopping;
  assert.equal(world.clock.timers, 0);
});

Deno.test("an actor that is asked again before it has gone stays the only one of its key", async () => {
  const world = await withCoupon(60_000);
  const soon: (() => void)[] = [];
  const runSoon = async () => {
    for (const callback of soon.splice(0)) callback();
    await settle();
  };
  world.clock.soon = (callback) => void soon.push(callback);
  const redirected: unknown[] = [];
  world.actors.redirectTo((_key, waiting) => (redirected.push(...waiting), true));
  world.actors.ask(KEY, claim("a"));
  world.actors.release(() => false);
  assert.equal(redirected.length, 1);
  const { activations } = world.store;
  const fates = [fate(world.actors.ask(KEY, claim("b")))];
  await runSoon();
  fates.push(fate(world.actors.ask(KEY, claim("c"))));
  await runSoon();
  await runSoon();
  assert.deepEqual(await Promise.all(fates), ["done", "done"]);
  assert.deepEqual([world.store.activations, world.actors.awake], [activations + 1, 1]);
});
