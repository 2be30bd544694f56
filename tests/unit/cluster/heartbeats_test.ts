/** What does a node say to the registry and to the others, how often, and when no more? */
import assert from "node:assert/strict";
import { ClusterWorld, EXPIRY_MS, HEARTBEAT_MS } from "../../support/cluster_world.ts";

function greetings({ network }: ClusterWorld): number {
  return network.sent.get("greet") ?? 0;
}

for (const [latencyMs, calls] of [[1, 11], [400, 9]] as const) {
  Deno.test(`a registry that answers in ${latencyMs} ms is asked once a heartbeat, from the first on`, async () => {
    const world = new ClusterWorld();
    world.registry.latencyMs = latencyMs;
    world.make("a").cluster.join();
    // Two lists of a node that finds nobody, a heartbeat between them; then each beat starts 1,000 ms after the last.
    await world.clock.advance(10_500);
    assert.equal(world.registry.calls.get("a list"), calls);
  });
}

for (const failing of ["list", "write"] as const) {
  Deno.test(`join() waits while the registry's ${failing} fails, asks once a heartbeat, and writes nothing unread`, async () => {
    const world = new ClusterWorld();
    world.registry.failing.add(failing);
    const { cluster, counts } = world.make("a");
    let isJoined = false;
    cluster.join().then(() => isJoined = true);
    await world.clock.advance(9_900);
    assert.deepEqual([isJoined, counts.get("registryFailed"), world.registry.calls.get("a write")], [
      false,
      10,
      undefined,
    ]);
    world.registry.failing.clear();
    await world.clock.advance(3 * HEARTBEAT_MS);
    assert(isJoined);
  });
}

Deno.test("join() ends once all others know of it", async () => {
  const world = await ClusterWorld.of("a", "b");
  let rings: string[] = [];
  world.make("c").cluster.join().then(() => rings = world.rings());
  await world.clock.advance(50);
  assert.deepEqual(rings, ["a b c", "a b c", "a b c"]);
});

Deno.test("join() greets whom the others know as well, each once, and never itself", async () => {
  const world = await ClusterWorld.of("a");
  assert.equal(greetings(world), 0);
  for (const id of ["b", "d"]) await world.start(id);
  world.registry.unreachableBy.add("d");
  await world.clock.advance(EXPIRY_MS + HEARTBEAT_MS); // no more on the list, and in the ring
  const before = greetings(world);
  world.make("c").cluster.join();
  await world.clock.advance(20);
  assert.deepEqual(world.rings(), Array(4).fill("a b c d"));
  assert.equal(greetings(world), before + 3);
});

for (const [beats, greeted] of [[2, 0], [3, 1]] as const) {
  Deno.test(`who did not hear of the registry for ${beats} heartbeats greets ${greeted > 0 ? "all" : "nobody"}`, async () => {
    const world = await ClusterWorld.of("a", "b");
    await world.afterBeat("a");
    const before = greetings(world);
    world.registry.unreachableBy.add("a");
    await world.clock.advance(beats * HEARTBEAT_MS);
    world.registry.unreachableBy.clear();
    await world.clock.advance(HEARTBEAT_MS);
    assert.equal(greetings(world), before + greeted);
  });
}

Deno.test("a ring is told when its nodes change, not when one of them starts again", async () => {
  const world = await ClusterWorld.of("a");
  const { counts } = world.node("a");
  assert.equal(counts.get("ringChanged"), undefined);
  await world.start("b");
  assert.equal(counts.get("ringChanged"), 1);
  world.kill("b");
  await world.start("b");
  await world.clock.advance(EXPIRY_MS);
  assert.equal(counts.get("ringChanged"), 1);
});

Deno.test("neither its own entry nor one of a younger node displaces a node", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  await world.clock.advance(3 * HEARTBEAT_MS);
  for (const { counts } of world.nodes.values()) assert.equal(counts.get("displaced"), undefined);
});

Deno.test("a younger process of one name that dies is out though the older one's entry goes on", async () => {
  const world = await ClusterWorld.of("a", "b");
  const older = world.node("b");
  await world.start("b");
  const { membership } = world.node("a").cluster;
  const incarnation = () => membership.view.member("b")?.incarnation;
  assert.equal(incarnation(), world.node("b").self.incarnation);
  world.kill("b");
  await world.clock.advance(3 * HEARTBEAT_MS);
  assert.equal(incarnation(), older.self.incarnation);
});

Deno.test("a node that could not be reached is forgotten once its entry has expired", async () => {
  const world = await ClusterWorld.of("a", "b");
  const { cluster } = world.node("a");
  const { self } = world.node("b");
  const states = () => cluster.nodes().map(({ id, state }) => `${id} ${state}`);
  world.kill("b");
  cluster.membership.refused(self);
  assert.deepEqual(states(), ["a in", "b unreachable"]);
  await world.clock.advance(EXPIRY_MS + HEARTBEAT_MS);
  assert.deepEqual(states(), ["a in"]);
});

for (const latencyMs of [1, 400]) {
  Deno.test(`a node that has left asks and waits for nothing, ${latencyMs > 1 ? "a beat under way or not" : "idle"}`, async () => {
    const world = await ClusterWorld.of("a");
    world.registry.latencyMs = latencyMs;
    await world.clock.advance(HEARTBEAT_MS + 100);
    const left = world.leave("a");
    await world.clock.advance(latencyMs);
    await left;
    assert.equal(world.clock.timers, 0);
  });
}

Deno.test("leave() tells of a registry that is gone, and ends", async () => {
  const world = await ClusterWorld.of("a");
  const { counts, cluster } = world.node("a");
  world.registry.gone = true;
  const left = cluster.leave();
  await world.clock.advance(10);
  await left;
  assert.equal(counts.get("registryFailed"), 1);
});

Deno.test("leave() ends a join() that waits for the registry", async () => {
  const world = new ClusterWorld();
  world.registry.gone = true;
  const { cluster } = world.make("a");
  let isOver = false;
  cluster.join().then(() => isOver = true);
  await world.clock.advance(100);
  const left = cluster.leave();
  await world.clock.advance(HEARTBEAT_MS);
  await left;
  assert(!isOver, "a look at the clock is on its way");
  await world.clock.advance(HEARTBEAT_MS);
  assert(isOver);
});

Deno.test("a node that leaves before it has joined greets nobody: others would count with it though it has gone", async () => {
  const world = await ClusterWorld.of("a");
  world.registry.latencyMs = 400;
  const { cluster } = world.make("b");
  const joined = cluster.join();
  await world.clock.advance(100); // it waits for the list that names a
  const left = cluster.leave();
  await world.clock.advance(2 * HEARTBEAT_MS);
  await Promise.all([joined, left]);
  assert.deepEqual([greetings(world), world.node("a").counts.get("ringChanged")], [0, undefined]);
});

Deno.test("a node that leaves while it greets greets nobody more: its good-bye went to those it knew", async () => {
  const world = await ClusterWorld.of("a", "b");
  world.registry.unreachableBy.add("b");
  await world.clock.advance(EXPIRY_MS + HEARTBEAT_MS); // only a is on the list, and a knows b
  const before = greetings(world);
  const { counts } = world.node("b");
  const [changes, { cluster }] = [counts.get("ringChanged"), world.make("c")];
  const joined = cluster.join();
  while (greetings(world) === before) await world.clock.advance(1);
  const left = cluster.leave();
  await world.clock.advance(100);
  await Promise.all([joined, left]);
  assert.deepEqual([greetings(world), counts.get("ringChanged")], [before + 1, changes]);
  assert.deepEqual(world.node("a").gone, ["c left"]);
});
