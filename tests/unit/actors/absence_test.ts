import assert from "node:assert/strict";
import { claim, create, terms } from "../../support/commands.ts";
import { settle } from "../../support/fake_clock.ts";
import { fate, gate, makeWorld } from "../../support/world.ts";

Deno.test("an absence is told to commands that were there when it was read, though one of them expired since", async () => {
  const world = makeWorld();
  const { promise, open } = gate();
  const activate = world.store.activate.bind(world.store);
  world.store.activate = async (...args) => {
    const read = await activate(...args);
    await promise;
    return read;
  };
  const early = fate(world.actors.ask("promo", claim("a"), { deadline: 100 }));
  await settle();
  await makeWorld({ rows: world.store.rows }).actors.ask("promo", create(terms("Promo", 1)));
  await world.clock.advance(300);
  const late = fate(world.actors.ask("promo", claim("b")));
  open();
  assert.deepEqual([await early, await late], ["deadline", "done"]);
});
