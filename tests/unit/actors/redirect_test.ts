import assert from "node:assert/strict";
import { Fenced, type Waiting } from "../../../src/ports/mod.ts";
import type { CouponKind } from "../../../src/domain/coupon.ts";
import { claim, create, edit, terms, voidClaim } from "../../support/commands.ts";
import { settle } from "../../support/fake_clock.ts";
import { fate, gate, makeWorld, type World } from "../../support/world.ts";

const KEY = "promo";

/** Two nodes over one coupon; the second has it. */
async function twoNodes(amount: number): Promise<[World, World]> {
  const one = makeWorld();
  await one.actors.ask(KEY, create(terms("Promo", amount)));
  const two = makeWorld({ clock: one.clock, rows: one.store.rows });
  assert.equal(await fate(two.actors.ask(KEY, claim("of two"))), "done");
  return [one, two];
}

/** Collects what a node's actors redirect. */
function collect(world: World, takes: boolean = true): { waiting: Waiting<CouponKind>[]; holders: unknown[] } {
  const redirected = { waiting: [] as Waiting<CouponKind>[], holders: [] as unknown[] };
  world.actors.redirectTo((_key, waiting, holder) => {
    redirected.holders.push(holder);
    if (takes) redirected.waiting.push(...waiting);
    return takes;
  });
  return redirected;
}

function users(redirected: { waiting: Waiting<CouponKind>[] }): string[] {
  return redirected.waiting.map(({ command }) => (command as { userId: string }).userId);
}

for (
  const [what, command] of [["claim", claim("a")], ["void", voidClaim("of two")], [
    "edit",
    edit({ amount: 7 }),
  ]] as const
) {
  Deno.test(`a ${what} that may be stored, and another node stored, gets the first's answer, and acts once`, async () => {
    const [one, two] = await twoNodes(10);
    const first = await two.actors.ask(KEY, command);
    const before = one.store.state(KEY);
    const asked = one.actors.ask(KEY, command, { mayBeStored: true });
    await one.clock.advance(1_000);
    assert.deepEqual(await asked, first);
    assert.deepEqual(one.store.state(KEY), before);
  });
}

Deno.test("a command that may be stored that nobody stored is decided; one that was voided later is not done again", async () => {
  const [one] = await twoNodes(10);
  const command = claim("a");
  const asked = one.actors.ask(KEY, command, { mayBeStored: true });
  await one.clock.advance(1_000);
  assert.equal((await asked).kind, "done");
  assert.equal(await fate(one.actors.ask(KEY, voidClaim("a"))), "done");
  assert.equal(await fate(one.actors.ask(KEY, command, { mayBeStored: true })), "done");
  assert(!one.store.holders(KEY).includes("a"));
});

for (const command of [claim("a"), edit({ amount: 7 })]) {
  Deno.test(`a ${command.kind} whose first copy is in a turn in flight gets the first's answer`, async () => {
    const world = makeWorld();
    await world.actors.ask(KEY, create(terms("Promo", 10)));
    const { promise, open } = gate();
    world.store.gate = promise;
    const first = world.actors.ask(KEY, command);
    await settle();
    world.store.gate = Promise.resolve(); // what is read meanwhile does not wait
    const second = world.actors.ask(KEY, command, { mayBeStored: true });
    const behind = fate(world.actors.ask(KEY, claim("behind")));
    await settle();
    open();
    await settle();
    assert.deepEqual(await second, await first);
    assert.equal((await first).kind, "done");
    assert.equal(await behind, "done");
  });
}

Deno.test("a command that may be stored that waits behind its first copy gets the first's answer", async () => {
  const [one] = await twoNodes(10);
  await one.clock.advance(61_000);
  const command = claim("a");
  const [first, second] = [one.actors.ask(KEY, command), one.actors.ask(KEY, command, { mayBeStored: true })];
  await one.clock.advance(1_000);
  assert.deepEqual(await second, await first);
  assert.equal((await first).kind, "done");
});

Deno.test("a command that may be stored behind a refusal from memory is looked up at once", async () => {
  const world = makeWorld();
  await world.actors.ask(KEY, create(terms("Promo", 1)));
  const command = claim("a");
  const first = await world.actors.ask(KEY, command);
  const fates = [fate(world.actors.ask(KEY, claim("b"))), world.actors.ask(KEY, command, { mayBeStored: true })];
  await settle();
  assert.deepEqual(await Promise.all(fates), ["sold_out", first]);
});

Deno.test("an actor goes on deciding while mayBeStored commands come without end", async () => {
  const world = makeWorld();
  await world.actors.ask(KEY, create(terms("Promo", 100)));
  const told: string[] = [];
  let look = gate();
  world.store.recall = async () => {
    await look.promise;
    return new Map();
  };
  for (let round = 0; round < 5; round++) {
    fate(world.actors.ask(KEY, claim(`plain ${round}`))).then((fate) => told.push(fate));
    world.actors.ask(KEY, claim(`stored ${round}`), { mayBeStored: true });
    const { open } = look;
    look = gate();
    open();
    await settle();
  }
  assert.deepEqual(told.slice(0, 4), ["done", "done", "done", "done"]);
  look.open();
  await settle();
});

Deno.test("a command that may be stored that nobody can say whether it was stored never becomes a deadline fault", async () => {
  const [one] = await twoNodes(10);
  await one.clock.advance(61_000);
  const { promise, open } = gate();
  one.store.gate = promise;
  const deadline = one.clock.monotonic() + 500;
  const mayBeStored = fate(one.actors.ask(KEY, claim("a"), { mayBeStored: true, deadline }));
  const plain = fate(one.actors.ask(KEY, claim("b"), { deadline }));
  await one.clock.advance(1_000);
  assert.deepEqual([await mayBeStored, await plain], ["storage_unavailable", "deadline"]);
  open();
  await settle();
});

Deno.test("a fenced actor redirects what waits, with the holder that its row names", async () => {
  const [one, two] = await twoNodes(10);
  const redirected = collect(one);
  one.actors.ask(KEY, claim("a"));
  one.actors.ask(KEY, claim("b"));
  await settle();
  assert.deepEqual(users(redirected), ["a", "b"]);
  assert.deepEqual(redirected.holders, [two.store.holder]);
  const activations = one.store.activations;
  await one.clock.advance(1_000);
  assert.equal(one.store.activations, activations, "it does not take the coupon back for nothing");
  assert.equal(one.actors.awake, 0);
});

Deno.test("what a fenced actor redirects tells how often that has happened, and its deadline", async () => {
  const [one] = await twoNodes(10);
  const redirected = collect(one);
  one.actors.ask(KEY, claim("a"), { redirects: 2, deadline: 700 });
  await settle();
  assert.deepEqual(redirected.waiting.map(({ redirects, deadline }) => [redirects, deadline]), [[2, 700]]);
});

/** What becomes of a command before its actor redirects it, and whether it may be stored then. */
const REDIRECTED: readonly (readonly [string, (one: World) => void | Promise<unknown>, boolean, boolean])[] = [
  ["was fenced", () => {}, false, false],
  ["was lost here", (one) => void one.store.failures.push("lost before"), false, true],
  ["was lost elsewhere", (one) => one.clock.advance(61_000), true, true],
  // A turn with its first copy may be under way to storage where another node has the actor.
  ["was lost elsewhere, and was not found", () => {}, true, true],
];
for (const [what, prepare, mayBeStored, wanted] of REDIRECTED) {
  Deno.test(`a command that ${what} is redirected as one that may ${wanted ? "" : "not "}be stored`, async () => {
    const [one] = await twoNodes(10);
    const redirected = collect(one);
    await prepare(one);
    one.store.activate = () => Promise.reject(new Fenced("Another node has it"));
    one.actors.ask(KEY, claim("a"), { mayBeStored });
    await settle();
    assert.deepEqual(redirected.waiting.map(({ mayBeStored }) => mayBeStored), [wanted]);
  });
}

Deno.test("a fenced actor whose holder cannot be read redirects all the same", async () => {
  const [one] = await twoNodes(10);
  one.store.holderOf = () => Promise.reject(new Error("no"));
  const redirected = collect(one);
  one.actors.ask(KEY, claim("a"));
  await settle();
  assert.deepEqual([users(redirected), redirected.holders], [["a"], [undefined]]);
});

Deno.test("a fenced actor whose commands nobody takes decides them itself after its back-off", async () => {
  const [one] = await twoNodes(10);
  collect(one, false);
  const asked = fate(one.actors.ask(KEY, claim("a")));
  await one.clock.advance(1_000);
  assert.equal(await asked, "done");
});

Deno.test("release() lets the turn in flight be answered and redirects what waits behind it", async () => {
  const world = makeWorld();
  await world.actors.ask(KEY, create(terms("Promo", 10)));
  const redirected = collect(world);
  const { activations } = world.store;
  const { promise, open } = gate();
  world.store.gate = promise;
  const fates = [];
  for (const user of ["a", "b"]) { // two turns in flight
    fates.push(fate(world.actors.ask(KEY, claim(user))));
    await settle();
  }
  world.actors.ask(KEY, claim("c"));
  assert.equal(world.actors.release((key) => key !== KEY), 1);
  await settle();
  assert.deepEqual(users(redirected), [], "nothing is redirected while a turn is out");
  open();
  assert.deepEqual(await Promise.all(fates), ["done", "done"]);
  assert.deepEqual(users(redirected), ["c"]);
  await settle();
  assert.equal(world.actors.awake, 0);
  assert.equal(world.store.activations, activations, "and it is not activated again");
});

Deno.test("release() during activation redirects without deciding", async () => {
  const [one] = await twoNodes(10);
  await one.clock.advance(61_000);
  const redirected = collect(one);
  const { promise, open } = gate();
  one.store.gate = promise;
  one.actors.ask(KEY, claim("a"));
  await settle();
  one.actors.release(() => false);
  open();
  await settle();
  assert.deepEqual(users(redirected), ["a"]);
  assert.equal(one.actors.awake, 0);
  assert.deepEqual(one.store.holders(KEY), ["of two"]);
});

Deno.test("release() where nobody takes the commands loses none", async () => {
  const world = makeWorld();
  await world.actors.ask(KEY, create(terms("Promo", 10)));
  collect(world, false);
  const { promise, open } = gate();
  world.store.gate = promise;
  const fates = [];
  for (const user of ["a", "b", "c"]) {
    fates.push(fate(world.actors.ask(KEY, claim(user))));
    await settle();
  }
  world.actors.release(() => false);
  open();
  assert.deepEqual(await Promise.all(fates), ["done", "done", "done"]);
});

Deno.test("release() of a keyed replay in reading answers it first", async () => {
  const world = makeWorld();
  await world.actors.ask(KEY, create(terms("Promo", 10)));
  const command = claim("a", { keyed: true });
  const first = await world.actors.ask(KEY, command);
  const redirected = collect(world);
  const { promise, open } = gate();
  const recall = world.store.recall.bind(world.store);
  world.store.recall = async (...args) => (await promise, await recall(...args));
  const again = world.actors.ask(KEY, command);
  await settle();
  world.actors.release(() => false);
  await settle();
  assert.equal(world.actors.awake, 1);
  open();
  assert.deepEqual(await again, first);
  await settle();
  assert.deepEqual([world.actors.awake, redirected.waiting.length], [0, 0]);
});

Deno.test("release() while a command that may be stored is looked up redirects it, where nobody stored it", async () => {
  const [one] = await twoNodes(10);
  await one.clock.advance(61_000);
  assert.equal(await fate(one.actors.ask(KEY, claim("a"))), "done");
  const redirected = collect(one);
  const { activations } = one.store;
  const { promise, open } = gate();
  const recall = one.store.recall.bind(one.store);
  one.store.recall = async (...args) => (await promise, await recall(...args));
  one.actors.ask(KEY, claim("mayBeStored"), { mayBeStored: true });
  await settle();
  one.actors.release(() => false);
  open();
  await settle();
  assert.deepEqual(users(redirected), ["mayBeStored"]);
  assert.deepEqual([one.store.activations, one.actors.awake], [activations, 0]);
});

Deno.test("release() keeps those it is told to keep", async () => {
  const world = makeWorld();
  for (const key of ["a", "b"]) await world.actors.ask(key, create(terms(key, 1)));
  collect(world);
  assert.equal(world.actors.release((key) => key === "a"), 1);
  await settle();
  assert.equal(world.actors.awake, 1);
});
