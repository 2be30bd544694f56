import assert from "node:assert/strict";
import { Ring } from "../../../src/cluster/ring.ts";
import type { CouponCommand } from "../../../src/domain/coupon.ts";
import { claim, create, edit, terms, validate, voidClaim } from "../../support/commands.ts";
import { ClusterWorld } from "../../support/cluster_world.ts";
import { fate } from "../../support/world.ts";

/** A cluster of a, b and c, and a coupon that one of them owns. */
async function withCoupon(owner: string, amount: number = 10): Promise<{ world: ClusterWorld; key: string }> {
  const world = await ClusterWorld.of("a", "b", "c");
  const key = world.keyOf(owner);
  await told(world, world.node(owner).coupons.ask(key, create(terms(key, amount))));
  return { world, key };
}

/** Longest until a command of which a copy may be about is asked again. */
const LEASE_MS = 2_200;

/** What is asked, after so much time of the world. */
async function told<T>(world: ClusterWorld, asked: Promise<T>, ms: number = 1_000): Promise<T> {
  asked.catch(() => {});
  await world.clock.advance(ms);
  return await asked;
}

function ask(world: ClusterWorld, node: string, key: string, command: CouponCommand): Promise<string> {
  return fate(world.node(node).coupons.ask(key, command));
}

Deno.test("any node answers as the owner does, refusals too", async () => {
  const { world, key } = await withCoupon("b", 2);
  for (
    const [node, user, expected] of [["a", "u1", "done"], ["c", "u1", "already_claimed"], ["c", "u2", "done"]] as const
  ) {
    assert.equal(await told(world, ask(world, node, key, claim(user))), expected);
  }
  assert.equal(await told(world, ask(world, "a", key, validate("u3"))), "sold_out");
  assert.equal(await told(world, ask(world, "a", key, voidClaim("u1"))), "done");
  assert.equal(await told(world, ask(world, "c", key, edit({ amount: 5 }))), "done");
  assert.equal(await told(world, ask(world, "c", "nobody", claim("u1"))), "coupon_not_found");
  assert.deepEqual(world.node("b").store.holders(key), ["u2"]);
  assert.equal(world.node("a").store.appends + world.node("c").store.appends, 0, "the owner alone stores");
});

Deno.test("a node whose time stands, since Postgres's was set back, answers the others and is answered", async () => {
  const { world, key } = await withCoupon("b", 2);
  world.node("b").clock.ahead = 600_000;
  assert.equal(await told(world, ask(world, "a", key, claim("u1"))), "done");
  const other = world.keyOf("a");
  assert.equal(await told(world, ask(world, "b", other, create(terms(other, 1)))), "done");
  world.node("b").clock.ahead = 0;
  world.node("a").clock.ahead = 600_000;
  assert.equal(await told(world, ask(world, "a", key, claim("u2"))), "done");
});

Deno.test("an answer through another node is the answer of the owner, whole", async () => {
  const { world, key } = await withCoupon("b");
  const command = claim("ünï 🎉", { keyed: true });
  const far = await told(world, world.node("a").coupons.ask(key, command));
  assert.deepEqual(await told(world, world.node("b").coupons.ask(key, command)), far);
});

Deno.test("commands of one tick are one message", async () => {
  const { world, key } = await withCoupon("b", 1_000);
  const before = world.network.sent.get("commands") ?? 0;
  const fates = Array.from({ length: 500 }, (_, user) => ask(world, "a", key, claim(`u${user}`)));
  assert.deepEqual(new Set(await told(world, Promise.all(fates))), new Set(["done"]));
  assert.equal(world.network.sent.get("commands"), before + 1);
  assert.equal(world.node("a").counts.get("answered"), 500);
});

Deno.test("a dead owner's commands are decided at once by the next, and it is asked no more", async () => {
  const { world, key } = await withCoupon("c");
  world.kill("c");
  assert.equal(await told(world, ask(world, "a", key, claim("u1")), 20), "done");
  assert.equal(await told(world, ask(world, "b", key, claim("u2")), 20), "done");
  assert.deepEqual(world.rings(), ["a b", "a b"]);
  const refused = () => ["a", "b"].reduce((sum, id) => sum + (world.node(id).counts.get("never_connected") ?? 0), 0);
  const before = refused();
  for (const id of ["a", "b"]) assert.equal(await told(world, ask(world, id, key, claim(`late ${id}`)), 20), "done");
  assert.equal(refused(), before);
});

Deno.test("what an owner had taken when it was killed is decided once by the next", async () => {
  const { world, key } = await withCoupon("c", 100);
  const fates = [];
  for (let user = 0; user < 30; user++) {
    fates.push(ask(world, user % 2 === 0 ? "a" : "b", key, claim(`u${user}`)));
    await world.clock.advance(1);
    if (user === 15) world.kill("c");
  }
  const all = await told(world, Promise.all(fates), LEASE_MS);
  assert.deepEqual(new Set(all), new Set(["done"]));
  const { events } = world.rows.byKey.get(key)!;
  assert.equal(events.filter(({ kind }) => kind === "claimed").length, 30);
});

Deno.test("an answer that is lost on its way is found again: the command acts once", async () => {
  const { world, key } = await withCoupon("b");
  let lost = 0;
  world.network.losesAnswers = () => lost++ === 0;
  const commands = [claim("u1"), claim("u2", { keyed: true }), voidClaim("nobody")];
  const fates = commands.map((command) => ask(world, "a", key, command));
  assert.deepEqual(await told(world, Promise.all(fates), LEASE_MS), ["done", "done", "claim_not_found"]);
  assert.deepEqual(world.node("b").store.holders(key), ["u1", "u2"]);
  assert.equal(world.node("a").counts.get("ambiguous"), 3);
});

Deno.test("a command whose connection is lost while it is being stored shares that outcome", async () => {
  const { world, key } = await withCoupon("b");
  const { store } = world.node("b");
  const { promise, resolve } = Promise.withResolvers<void>();
  let lost = 0;
  world.network.losesAnswers = () => lost++ === 0;
  const append = store.append.bind(store);
  store.append = (part, completion) => void promise.then(() => append(part, completion)); // alone: what is stored can be read meanwhile
  const asked = ask(world, "a", key, claim("u1"));
  await world.clock.advance(LEASE_MS + 100);
  resolve();
  assert.equal(await told(world, asked), "done");
  assert.equal(world.rows.byKey.get(key)!.events.length, 2);
});

Deno.test("a command that was not sent to a node that left may still be lost once at the next", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  const [whole, without] = [new Ring(["a", "b", "c"]), new Ring(["a", "c"])];
  const key = Array.from({ length: 1_000 }, (_, key) => `k${key}`)
    .find((key) => whole.ownerOf(key) === "b" && without.ownerOf(key) === "c")!;
  await told(world, world.node("b").coupons.ask(key, create(terms(key, 10))));
  let lost = 0;
  world.network.losesAnswers = (_, to) => to === world.node("c").self.url && lost++ === 0;
  const { counts } = world.node("a");
  const asked = ask(world, "a", key, claim("u1"));
  const { incarnation } = world.node("b").self;
  for (const id of ["a", "c"]) world.node(id).cluster.membership.departed("b", incarnation);
  assert.equal(await told(world, asked, LEASE_MS), "done");
  assert.deepEqual([counts.get("unsent"), counts.get("ambiguous")], [1, 1]);
  assert.deepEqual(world.node("c").store.holders(key), ["u1"]);
});

Deno.test("a command that is lost twice is a 503 that does not say that nothing happened", async () => {
  const { world, key } = await withCoupon("b");
  world.network.losesAnswers = () => true;
  assert.equal(await told(world, ask(world, "a", key, claim("u1")), LEASE_MS), "storage_unavailable");
});

Deno.test("what was refused is not found later, though a copy of it was in a frozen owner's buffers", async () => {
  const { world, key } = await withCoupon("c");
  assert.equal(await told(world, ask(world, "a", key, claim("u1"))), "done");
  const thaw = world.freeze("c");
  await world.clock.advance(2_500);
  const again = ask(world, "a", key, claim("u1"));
  await world.clock.advance(2_500);
  assert.equal(await again, "already_claimed");
  assert.equal(await told(world, ask(world, "a", key, voidClaim("u1")), 10), "done");
  thaw();
  await world.clock.advance(5_000);
  assert.deepEqual(world.node("a").store.holders(key), []);
});

Deno.test("a copy that may be about is waited for: refused and accepted later is never one command", async () => {
  const { world, key } = await withCoupon("c");
  assert.equal(await told(world, ask(world, "b", key, claim("u1"))), "done");
  const thaw = world.freeze("c");
  const command = claim("u1");
  const asked = ask(world, "a", key, command);
  await world.clock.advance(10);
  for (const id of ["a", "b"]) world.node(id).cluster.membership.refused(world.node("c").self);
  await world.clock.advance(700); // a ping finds nobody
  assert.equal(await told(world, ask(world, "b", key, voidClaim("u1")), 100), "done");
  thaw();
  const isDone = await told(world, asked, 6_000) === "done";
  const isStored = world.rows.byKey.get(key)!.events.some(({ id }) => id === command.id);
  assert.equal(isDone, isStored);
});

Deno.test("what an owner could not decide within its lease is asked again, and nothing of it acts twice", async () => {
  const { world, key } = await withCoupon("b");
  await world.clock.advance(61_000); // asleep
  const { promise, resolve } = Promise.withResolvers<void>();
  world.node("b").store.gate = promise;
  const asked = ask(world, "a", key, claim("u1"));
  await world.clock.advance(LEASE_MS + 500);
  world.node("b").store.gate = Promise.resolve();
  resolve();
  assert.equal(await told(world, asked), "done");
  assert.equal(world.node("a").counts.get("late"), 1);
  assert.equal(world.rows.byKey.get(key)!.events.length, 2);
});

Deno.test("a frozen owner's commands are decided by the next once it is out, none of them twice", async () => {
  const { world, key } = await withCoupon("c");
  assert.equal(await told(world, ask(world, "a", key, claim("before"))), "done");
  const thaw = world.freeze("c");
  const early = ask(world, "a", key, claim("early"));
  await world.clock.advance(2_000);
  const late = ask(world, "b", key, claim("late"));
  const fates = await told(world, Promise.all([early, late]), 4_000);
  assert.deepEqual(fates, ["done", "done"]);
  assert.equal(await told(world, ask(world, "a", key, voidClaim("early"))), "done");
  thaw();
  await world.clock.advance(10_000);
  assert.deepEqual(world.node("a").store.holders(key), ["before", "late"], "what it finds in its buffers acts no more");
});

Deno.test("an owner that was frozen answers nothing stale when it goes on", async () => {
  const { world, key } = await withCoupon("c", 1);
  const owner = world.node("c");
  const thaw = world.freeze("c");
  await world.clock.advance(5_000);
  assert.equal(await told(world, ask(world, "a", key, claim("taker"))), "done");
  const stale = fate(owner.coupons.ask(key, claim("stale")));
  thaw();
  assert.equal(await told(world, stale), "sold_out");
  assert.equal(owner.counts.get("fenced"), 1);
});

Deno.test("a fenced node asks the holder that the row names, before it takes the actor back", async () => {
  const { world, key } = await withCoupon("c");
  // By mistake b activates it too.
  assert.equal(await told(world, fate(world.node("b").actors.ask(key, claim("of b")))), "done");
  const owner = world.node("c");
  const activated = owner.counts.get("activated") ?? 0;
  assert.equal(await told(world, ask(world, "c", key, claim("u1"))), "done");
  assert.equal(owner.counts.get("fenced"), 1);
  assert.equal(owner.counts.get("not_owner"), 1, "b was asked, and names c");
  assert.equal(owner.counts.get("activated"), activated + 1);
  assert.equal(await told(world, ask(world, "a", key, claim("u2"))), "done");
});

Deno.test("a forwarded command of a fenced actor that comes back does not wait for itself", async () => {
  const { world, key } = await withCoupon("c");
  assert.equal(await told(world, fate(world.node("b").actors.ask(key, claim("of b")))), "done");
  assert.equal(await told(world, ask(world, "a", key, claim("u1"))), "done");
  assert.equal(world.node("c").counts.get("not_owner"), 1);
});

Deno.test("a node that does not own names the owner, and the asker learns of it", async () => {
  const world = await ClusterWorld.of("a", "b");
  const [whole, without] = [new Ring(["a", "b", "c"]), new Ring(["a", "b"])];
  const key = Array.from({ length: 1_000 }, (_, key) => `k${key}`)
    .find((key) => whole.ownerOf(key) === "c" && without.ownerOf(key) === "b")!;
  world.network.cut("http://a:8081", "http://c:8081"); // c's greeting of a is lost
  world.registry.unreachableBy.add("a");
  await world.start("c");
  world.network.heal();
  assert.equal(world.node("a").cluster.ownerOf(key).id, "b");
  assert.equal(await told(world, ask(world, "a", key, create(terms(key, 1))), 20), "done");
  assert.equal(world.node("a").counts.get("not_owner"), 1);
  assert.equal(world.node("a").cluster.ownerOf(key).id, "c");
  assert.equal(await told(world, ask(world, "a", key, claim("u1")), 20), "done");
  assert.equal(world.node("a").counts.get("not_owner"), 1, "the next goes there at once");
});

Deno.test("nodes that are cut from each other answer the truth or a fault", async () => {
  const { world, key } = await withCoupon("c");
  world.network.cut("http://a:8081", "http://c:8081");
  assert.equal(await told(world, ask(world, "a", key, claim("u1")), 6_000), "storage_unavailable");
  assert.equal(await told(world, ask(world, "b", key, claim("u2"))), "done");
  world.network.heal();
  assert.equal(await told(world, ask(world, "a", key, claim("u3"))), "done");
  assert.deepEqual(world.node("b").store.holders(key), ["u2", "u3"]);
});

Deno.test("a node whose good-bye was lost tells at the first forward that it has left", async () => {
  const { world, key } = await withCoupon("b");
  world.network.cut("http://a:8081", "http://b:8081");
  const left = world.node("b").cluster.leave();
  await world.clock.advance(1_100);
  await left;
  world.network.heal();
  assert.equal(world.node("a").cluster.ownerOf(key).id, "b");
  assert.equal(await told(world, ask(world, "a", key, claim("u1")), 20), "done");
  assert.notEqual(world.node("a").cluster.ownerOf(key).id, "b");
});

Deno.test("a node that joins gets its actors without one failed command", async () => {
  const world = await ClusterWorld.of("a", "b");
  const keys = Array.from({ length: 30 }, (_, key) => `k${key}`);
  for (const key of keys) await told(world, world.node("a").coupons.ask(key, create(terms(key, 1_000))), 20);
  const fates: Promise<string>[] = [];
  const claimAll = async () => {
    for (const key of keys) {
      for (const node of world.nodes.values()) {
        fates.push(fate(node.coupons.ask(key, claim(`u${fates.length}`))));
      }
    }
    await world.clock.advance(1);
  };
  for (let times = 0; times < 20; times++) await claimAll();
  const joined = world.make("c").cluster.join();
  for (let times = 0; times < 50; times++) await claimAll();
  await joined;
  assert.deepEqual(new Set(await told(world, Promise.all(fates))), new Set(["done"]));
  assert.equal(world.rings().join(), "a b c,a b c,a b c");
  const handedOff = ["a", "b"].reduce((sum, id) => sum + (world.node(id).counts.get("handedOff") ?? 0), 0);
  const moved = keys.filter((key) => world.node("a").cluster.ownerOf(key).id === "c").length;
  assert.equal(handedOff, moved);
});

Deno.test("nodes that leave one after the other, and start again, fail no command", async () => {
  const { world, key } = await withCoupon("b", 10_000);
  const fates: Promise<string>[] = [];
  const claimFrom = async (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      for (const node of world.nodes.values()) fates.push(fate(node.coupons.ask(key, claim(`u${fates.length}`))));
      await world.clock.advance(1);
    }
  };
  for (const id of ["a", "b", "c"]) {
    await claimFrom(20);
    const left = world.leave(id);
    await claimFrom(40);
    await left;
    const joined = world.make(id).cluster.join();
    await claimFrom(40);
    await joined;
  }
  const all = await told(world, Promise.all(fates));
  assert.deepEqual(new Set(all), new Set(["done"]));
  assert.equal(world.node("a").store.holders(key).length, all.length);
});

Deno.test("what waits at a node that leaves goes to the next owner", async () => {
  const { world, key } = await withCoupon("b");
  const leaver = world.node("b");
  const { promise, resolve } = Promise.withResolvers<void>();
  leaver.store.gate = promise;
  const fates = [];
  for (let user = 0; user < 5; user++) {
    fates.push(fate(leaver.coupons.ask(key, claim(`u${user}`))));
    await world.clock.advance(1);
  }
  const left = world.leave("b");
  await world.clock.advance(10);
  const late = fate(leaver.coupons.ask(key, claim("late")));
  await world.clock.advance(100);
  resolve();
  leaver.store.gate = Promise.resolve();
  assert.deepEqual(await told(world, Promise.all([...fates, late])), Array(6).fill("done"));
  await left;
  assert.equal(world.node("a").store.holders(key).length, 6);
});

Deno.test("a command that another version sent and the rules do not know harms no other", async () => {
  const { world, key } = await withCoupon("b");
  const unknown = { kind: "transfer", id: crypto.randomUUID(), keyed: false } as unknown as CouponCommand;
  const fates = await told(world, Promise.all([ask(world, "a", key, claim("u1")), ask(world, "a", key, unknown)]));
  assert.deepEqual(fates, ["done", "data_error"]);
});
