import assert from "node:assert/strict";
import type { CouponCommand } from "../../../src/domain/coupon.ts";
import { claim, create, terms, validate, voidClaim } from "../../support/commands.ts";
import { settle } from "../../support/fake_clock.ts";
import { fate, gate, makeWorld, type World } from "../../support/world.ts";

const KEY = "promo";

async function withCoupon(amount: number, world: World = makeWorld()): Promise<World> {
  assert.equal(await fate(world.actors.ask(KEY, create(terms("Promo", amount)))), "done");
  return world;
}

async function asleep(world: World): Promise<void> {
  await world.clock.advance(61_000);
  assert.equal(world.actors.awake, 0);
}

Deno.test("ask() answers 5 of 50 at once with a claim and 45 with sold_out, in few turns", async () => {
  const { actors, store, counts } = await withCoupon(5);
  const fates = await Promise.all(Array.from({ length: 50 }, (_, user) => fate(actors.ask(KEY, claim(`u${user}`)))));
  assert.equal(fates.filter((one) => one === "done").length, 5);
  assert.equal(fates.filter((one) => one === "sold_out").length, 45);
  assert.deepEqual(store.holders(KEY), ["u0", "u1", "u2", "u3", "u4"]);
  assert(counts.turns.length <= 3, `turns: ${counts.turns}`);
});

Deno.test("ask() of nobody's key is refused and keeps nothing awake", async () => {
  const { actors } = makeWorld();
  assert.equal(await fate(actors.ask("nobody", claim("u"))), "coupon_not_found");
  assert.equal(actors.awake, 0);
});

Deno.test("ask() during activation waits for it; one activation serves all", async () => {
  const world = await withCoupon(10);
  await asleep(world);
  const before = world.store.activations;
  const { promise, open } = gate();
  world.store.gate = promise;
  const asked = ["a", "b", "c"].map((user) => fate(world.actors.ask(KEY, claim(user))));
  await settle();
  open();
  assert.deepEqual(await Promise.all(asked), ["done", "done", "done"]);
  assert.equal(world.store.activations, before + 1);
});

Deno.test("twenty creates at once make one coupon", async () => {
  const { actors } = makeWorld();
  const fates = await Promise.all(Array.from({ length: 20 }, () => fate(actors.ask(KEY, create(terms("Promo", 1))))));
  assert.equal(fates.filter((one) => one === "done").length, 1);
  assert.equal(fates.filter((one) => one === "coupon_exists").length, 19);
});

Deno.test("the same id twice in one turn gets the first's answer", async () => {
  const { actors, store } = await withCoupon(10);
  const who = { id: crypto.randomUUID(), keyed: true };
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => actors.ask(KEY, claim("a", who))));
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  assert.deepEqual(store.holders(KEY), ["a"]);
});

Deno.test("a question changes nothing", async () => {
  const { actors, store } = await withCoupon(1);
  assert.equal(await fate(actors.ask(KEY, validate("a"))), "done");
  assert.equal(store.state(KEY).remaining, 1);
  assert.equal(store.appends, 0);
});

Deno.test("a refusal from memory is trusted for 200 ms, then Postgres is asked first", async () => {
  const one = await withCoupon(1);
  assert.equal(await fate(one.actors.ask(KEY, claim("a"))), "done");
  const two = makeWorld({ clock: one.clock, rows: one.store.rows });
  // The other node voids the claim: from then on the first one's memory is wrong.
  assert.equal(await fate(two.actors.ask(KEY, voidClaim("a"))), "done");
  assert.equal(await fate(one.actors.ask(KEY, claim("b"))), "sold_out", "within the trust");
  await one.clock.advance(201);
  const asked = fate(one.actors.ask(KEY, claim("b")));
  await one.clock.advance(100);
  assert.equal(await asked, "done", "fenced, activated again, and told the truth");
  assert.equal(one.counts.fenced, 1);
});

Deno.test("a fenced turn is decided again once; fenced a second time it is a moved fault", async () => {
  const { actors, store, clock, counts } = await withCoupon(10);
  store.failures.push("fenced");
  const once = fate(actors.ask(KEY, claim("a")));
  await clock.advance(60);
  assert.equal(await once, "done");
  store.failures.push("fenced", "fenced");
  const twice = fate(actors.ask(KEY, claim("b")));
  await clock.advance(500);
  assert.equal(await twice, "moved");
  assert.equal(counts.fenced, 3);
  assert.deepEqual(store.holders(KEY), ["a"]);
});

for (const failure of ["lost before", "lost after"] as const) {
  Deno.test(`a commit's answer ${failure} it was stored is resolved, not reported`, async () => {
    const { actors, store } = await withCoupon(3);
    store.failures.push(failure);
    const outcomes = await Promise.all(["a", "b", "c", "d"].map((user) => actors.ask(KEY, claim(user))));
    assert.deepEqual(outcomes.map(({ kind }) => kind), ["done", "done", "done", "refused"]);
    assert.deepEqual(store.holders(KEY).sort(), ["a", "b", "c"]);
    assert.equal(store.state(KEY).remaining, 0);
  });

  Deno.test(`a create's answer ${failure} it was stored is resolved, not reported`, async () => {
    const { actors, store } = makeWorld();
    store.failures.push(failure);
    assert.equal(await fate(actors.ask(KEY, create(terms("Promo", 3)))), "done");
    assert.equal(await fate(actors.ask(KEY, claim("a"))), "done");
  });
}

Deno.test("two turns in flight that are both lost are both resolved", async () => {
  const { actors, store } = await withCoupon(10);
  const { promise, open } = gate();
  store.gate = promise;
  store.failures.push("lost after", "lost after");
  const first = actors.ask(KEY, claim("a"));
  await settle();
  const second = actors.ask(KEY, claim("b"));
  await settle();
  open();
  assert.deepEqual((await Promise.all([first, second])).map(({ kind }) => kind), ["done", "done"]);
  assert.deepEqual(store.holders(KEY), ["a", "b"]);
});

Deno.test("a refusal that rests on a turn in flight is not told where that turn fails", async () => {
  const { actors, store } = await withCoupon(1);
  const { promise, open } = gate();
  store.gate = promise;
  store.failures.push("unavailable");
  const first = fate(actors.ask(KEY, claim("a")));
  await settle();
  const second = fate(actors.ask(KEY, claim("b")));
  await settle();
  open();
  assert.equal(await first, "storage_unavailable");
  assert.notEqual(await second, "sold_out");
});

Deno.test("refusals that come while a turn is out are all told after it, however many turns they are", async () => {
  const { actors, store } = await withCoupon(1);
  const { promise, open } = gate();
  store.gate = promise;
  const told: string[] = [];
  for (const user of ["a", "b", "c"]) { // c finds two turns in flight
    fate(actors.ask(KEY, claim(user))).then((fate) => told.push(`${user} ${fate}`));
    await settle();
  }
  assert.deepEqual(told, []);
  open();
  await settle();
  assert.deepEqual(told, ["a done", "b sold_out", "c sold_out"]);
});

/** A claim of the last unit is under way; then someone is refused for it, beside what makes Postgres be asked. */
async function restingOnTheLast() {
  const { actors, store } = await withCoupon(1);
  const told: string[] = [];
  const ask = async (name: string, command: CouponCommand) => {
    fate(actors.ask(KEY, command)).then((fate) => told.push(`${name} ${fate}`));
    await settle();
  };
  return { actors, store, told, ask };
}

for (const isStored of [true, false]) {
  Deno.test(`what rests on a turn that is out waits for it, which is ${isStored ? "" : "not "}stored`, async () => {
    const { store, told, ask } = await restingOnTheLast();
    if (!isStored) store.failures.push("unavailable");
    const { promise, open } = gate();
    const append = store.append.bind(store);
    store.append = (part, completion) => void promise.then(() => append(part, completion)); // as one that is sent again
    await ask("a", claim("a"));
    await ask("void", voidClaim("nobody"));
    await ask("b", claim("b"));
    assert.deepEqual(told, [], "Postgres has confirmed the epoch, which is not all that the void's refusal rests on");
    open();
    await settle();
    const stored = ["a done", "void claim_not_found", "b sold_out"];
    assert.deepEqual(told, isStored ? stored : ["a storage_unavailable", "void storage_unavailable", "b done"]);
  });
}

Deno.test("a refusal that rests on a turn that failed is not told, though the epoch is confirmed after that", async () => {
  const { actors, store, told, ask } = await restingOnTheLast();
  const { promise: answered, open: answer } = gate();
  const { promise: confirmed, open: confirm } = gate();
  const [append, confirmOne] = [store.append.bind(store), store.confirm.bind(store)];
  store.failures.push("unavailable");
  store.append = (part, completion) => void answered.then(() => append(part, completion));
  store.confirm = (handle, completion) => void confirmed.then(() => confirmOne(handle, completion));
  await ask("a", claim("a"));
  const both = [actors.ask(KEY, voidClaim("nobody")), actors.ask(KEY, claim("b"))].map(fate);
  await settle();
  answer();
  await settle();
  assert.deepEqual(told, ["a storage_unavailable"]);
  confirm();
  assert.deepEqual(await Promise.all(both), ["storage_unavailable", "storage_unavailable"]);
  assert.equal(await fate(actors.ask(KEY, claim("b"))), "done");
});

Deno.test("a refusal that rests on a turn is trusted from when Postgres was asked, not from when it was decided", async () => {
  const { actors, store, clock } = await withCoupon(1);
  const { promise, open } = gate();
  const [append, confirm] = [store.append.bind(store), store.confirm.bind(store)];
  let confirms = 0;
  store.append = (part, completion) => void promise.then(() => append(part, completion));
  store.confirm = (handle, completion) => (confirms++, confirm(handle, completion));
  const first = fate(actors.ask(KEY, claim("a")));
  await clock.advance(150);
  const second = fate(actors.ask(KEY, claim("b")));
  await settle();
  open();
  assert.deepEqual(await Promise.all([first, second]), ["done", "sold_out"]);
  await clock.advance(100); // 250 ms after Postgres was asked
  assert.equal(await fate(actors.ask(KEY, claim("c"))), "sold_out");
  assert.equal(confirms, 1);
});

for (const [late, told] of [[200, "sold_out"], [201, "done"]] as const) {
  Deno.test(`a refusal rests on a turn that was sent ${late} ms ago${late > 200 ? " only once Postgres is asked" : ""}`, async () => {
    const one = await withCoupon(1);
    const two = makeWorld({ clock: one.clock, rows: one.store.rows });
    const { promise: answered, open: answer } = gate();
    const append = one.store.append.bind(one.store);
    one.store.append = (part, completion) => {
      append(part, {
        done: () => void answered.then(() => completion.done()),
        failed: (error) => completion.failed(error),
      }); // stored at once, told late
    };
    const first = fate(one.actors.ask(KEY, claim("a")));
    await settle();
    assert.equal(await fate(two.actors.ask(KEY, voidClaim("a"))), "done");
    const second = fate(one.actors.ask(KEY, claim("b")));
    await one.clock.advance(late);
    one.store.append = append;
    answer();
    await settle();
    await one.clock.advance(100);
    assert.deepEqual(await Promise.all([first, second]), ["done", told]);
  });
}

Deno.test("a turn that was not stored is undone: its units are there for the next", async () => {
  const { actors, store } = await withCoupon(1);
  store.failures.push("unavailable");
  assert.equal(await fate(actors.ask(KEY, claim("a"))), "storage_unavailable");
  assert.equal(await fate(actors.ask(KEY, claim("b"))), "done");
  store.failures.push("data error");
  assert.equal(await fate(actors.ask(KEY, voidClaim("b"))), "data_error");
  assert.equal(await fate(actors.ask(KEY, voidClaim("b"))), "done");
});

Deno.test("a full mailbox refuses at once, and the waiting are served", async () => {
  const world = await withCoupon(100, makeWorld({ limits: { mailboxMax: 10 } }));
  const { promise, open } = gate();
  world.store.gate = promise;
  const waves = [];
  for (let wave = 0; wave < 3; wave++) {
    for (let user = 0; user < 12; user++) waves.push(fate(world.actors.ask(KEY, claim(`${wave}-${user}`))));
    await settle();
  }
  open();
  const fates = await Promise.all(waves);
  assert.deepEqual([...new Set(fates)].sort(), ["done", "overloaded"]);
  assert.equal(world.store.holders(KEY).length, fates.filter((one) => one === "done").length);
});

Deno.test("a command not decided in time is dropped, and never acts later", async () => {
  const world = await withCoupon(10);
  await asleep(world);
  const { promise, open } = gate();
  world.store.gate = promise;
  const asked = fate(world.actors.ask(KEY, claim("a")));
  await world.clock.advance(5_500);
  assert.equal(await asked, "deadline");
  open();
  await settle();
  assert.deepEqual(world.store.holders(KEY), []);
});

Deno.test("an idle actor is passivated; its next command wakes it with all it had", async () => {
  const world = await withCoupon(2);
  await world.actors.ask(KEY, claim("a"));
  await asleep(world);
  assert.equal(await fate(world.actors.ask(KEY, claim("a"))), "already_claimed");
  assert.equal(await fate(world.actors.ask(KEY, claim("b"))), "done");
  assert.equal(await fate(world.actors.ask(KEY, claim("c"))), "sold_out");
});

Deno.test("one actor too many lets the least recently used go; with all busy the command is refused", async () => {
  const world = makeWorld({ limits: { awakeMax: 2 } });
  for (const key of ["a", "b"]) await world.actors.ask(key, create(terms(key, 5)));
  await world.clock.advance(100); // use is told apart to within that
  await world.actors.ask("a", claim("u"));
  await world.actors.ask("c", create(terms("c", 5)));
  assert.equal(world.actors.awake, 2);
  const before = world.store.activations;
  await world.actors.ask("a", claim("v"));
  assert.equal(world.store.activations, before, "a stayed awake, b was let go");
  const { promise, open } = gate();
  world.store.gate = promise;
  const busy = ["a", "c"].map((key) => fate(world.actors.ask(key, claim("w"))));
  await settle();
  assert.equal(await fate(world.actors.ask("b", claim("u"))), "overloaded");
  open();
  assert.deepEqual(await Promise.all(busy), ["done", "done"]);
});

Deno.test("an actor that is asked without a pause is not held for the least recently used", async () => {
  const world = makeWorld({ limits: { awakeMax: 2 } });
  for (const key of ["busy", "once"]) await world.actors.ask(key, create(terms(key, 50)));
  for (let user = 0; user < 10; user++) {
    await world.clock.advance(30);
    await world.actors.ask("busy", claim(`u${user}`));
  }
  await world.actors.ask("other", create(terms("other", 5)));
  assert.deepEqual(world.actors.list(9).data.map(({ key }) => key), ["other", "busy"]);
});

Deno.test("actors take their turns together after the tick, or as soon as 64 are ready", async () => {
  const world = makeWorld({ limits: { awakeMax: 200 } });
  const keys = Array.from({ length: 130 }, (_, place) => `k${place}`);
  for (const key of keys) await world.actors.ask(key, create(terms(key, 5)));
  await settle();
  const later: (() => void)[] = [];
  world.clock.soon = (callback) => later.push(callback);
  const askSome = (from: number, to: number) =>
    keys.slice(from, to).map((key) => fate(world.actors.ask(key, claim("u"))));
  const asked = askSome(0, 63);
  await settle();
  assert.equal(world.store.appends, 0);
  asked.push(...askSome(63, 130));
  await settle();
  assert.equal(world.store.appends, 130, "those that came while they were about to");
  for (const callback of later) callback();
  assert.deepEqual([...new Set(await Promise.all(asked))], ["done"]);
  assert.equal(world.store.appends, 130);
});

Deno.test("stop() answers what was taken and refuses what comes", async () => {
  const { actors, store, clock } = await withCoupon(5);
  const { promise, open } = gate();
  store.gate = promise;
  const taken = fate(actors.ask(KEY, claim("a")));
  await settle();
  const stopped = actors.stop();
  assert.equal(await fate(actors.ask(KEY, claim("b"))), "stopping");
  open();
  assert.equal(await taken, "done");
  await clock.advance(50);
  await stopped;
});

Deno.test("where the first of two turns is refused as data, the second's commands are decided again at once", async () => {
  const { actors, store } = await withCoupon(5);
  store.ticks = 20;
  store.failures.push("data error");
  const first = fate(actors.ask(KEY, claim("a")));
  for (let tick = 0; tick < 8; tick++) await undefined;
  const second = fate(actors.ask(KEY, claim("b")));
  assert.equal(await first, "data_error");
  await settle();
  await settle();
  assert.equal(await Promise.race([second, Promise.resolve("nothing")]), "done");
});

Deno.test("what is missing is told only once Postgres confirms: it may have come through another owner", async () => {
  const one = makeWorld();
  const two = makeWorld({ clock: one.clock, rows: one.store.rows });
  await one.actors.ask("k", create(terms("k", 3)));
  assert.equal(await fate(one.actors.ask("k", claim("a"))), "done");
  assert.equal(await fate(two.actors.ask("k", claim("b"))), "done");
  const asked = fate(one.actors.ask("k", voidClaim("b")));
  await one.clock.advance(1_000);
  assert.equal(await asked, "done");
});
