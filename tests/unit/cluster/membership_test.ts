import assert from "node:assert/strict";
import { ClusterWorld, EXPIRY_MS, HEARTBEAT_MS } from "../../support/cluster_world.ts";

/** Longest until a node that went silent is out everywhere: its expiry, a beat, a ping. */
const OUT_MS = EXPIRY_MS + HEARTBEAT_MS + 600;

function assertRings(world: ClusterWorld, ring: string): void {
  for (const [at, seen] of world.rings().entries()) {
    assert.equal(seen, ring, `as ${[...world.nodes.keys()][at]} sees it`);
  }
}

Deno.test("join() greets all: every node has the ring before any other heartbeat", async () => {
  const world = await ClusterWorld.of("a", "b");
  const c = world.make("c");
  const joined = c.cluster.join();
  await world.clock.advance(10);
  assertRings(world, "a b c");
  await joined;
});

Deno.test("nodes that start at once find one another within two heartbeats", async () => {
  const world = new ClusterWorld();
  const joined = ["a", "b", "c", "d"].map((id) => world.make(id).cluster.join());
  await world.clock.advance(2 * HEARTBEAT_MS);
  await Promise.all(joined);
  assertRings(world, "a b c d");
});

Deno.test("join() waits for a registry that is gone", async () => {
  const world = await ClusterWorld.of("a");
  world.registry.gone = true;
  let isJoined = false;
  world.make("b").cluster.join().then(() => isJoined = true);
  await world.clock.advance(20_000);
  assert(!isJoined);
  world.registry.gone = false;
  await world.clock.advance(2 * HEARTBEAT_MS);
  assert(isJoined);
  assertRings(world, "a b");
});

Deno.test("join() finds the others in a registry that has just come back empty", async () => {
  const world = await ClusterWorld.of("a", "b");
  world.registry.clear();
  const c = world.make("c");
  let ring: readonly string[] = [];
  c.cluster.join().then(() => ring = c.cluster.membership.view.ring.nodes);
  await world.clock.advance(HEARTBEAT_MS + 10);
  assert.deepEqual(ring, ["a", "b", "c"], "as it had joined");
  assertRings(world, "a b c");
});

Deno.test("a registry that is gone for a minute changes nothing; once it is back all list the same", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  world.registry.gone = true;
  await world.clock.advance(60_000);
  assertRings(world, "a b c");
  const { state, ageMs } = world.node("a").cluster.registry();
  assert.equal(state, "silent");
  assert(ageMs! > 59_000 && ageMs! < 62_000, String(ageMs));
  world.registry.gone = false;
  world.registry.clear();
  await world.clock.advance(2 * HEARTBEAT_MS);
  assert.equal(world.registry.list().length, 3);
  assertRings(world, "a b c");
  assert.equal(world.node("a").cluster.registry().state, "answers");
  for (const node of world.nodes.values()) assert.deepEqual(node.gone, []);
});

Deno.test("a registry that comes back empty again and again changes nothing", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  for (let times = 0; times < 20; times++) {
    world.registry.clear();
    await world.clock.advance(HEARTBEAT_MS / 3);
    assertRings(world, "a b c");
  }
});

Deno.test("a node cut from the registry alone stays, and keeps all", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  world.registry.unreachableBy.add("c");
  await world.clock.advance(60_000);
  assertRings(world, "a b c");
});

Deno.test("a killed node is out everywhere once its entry has expired, not before", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  world.kill("c");
  await world.clock.advance(HEARTBEAT_MS);
  assertRings(world, "a b c");
  await world.clock.advance(OUT_MS);
  assertRings(world, "a b");
  assert.deepEqual(world.node("a").gone, ["c expired"]);
});

Deno.test("a frozen node is out once its entry has expired, and in again when it goes on", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  const thaw = world.freeze("c");
  await world.clock.advance(OUT_MS);
  assert.deepEqual(world.rings(), ["a b", "a b", "a b c"]);
  thaw();
  await world.clock.advance(100);
  assertRings(world, "a b c");
});

Deno.test("nodes that are cut from each other and not from the registry stay in each other's rings", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  world.network.cut("http://a:8081", "http://c:8081");
  await world.clock.advance(30_000);
  assertRings(world, "a b c");
});

Deno.test("a node cut from all and from the registry is out for the others, and itself changes nothing", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  for (const other of ["a", "b"]) world.network.cut(`http://${other}:8081`, "http://c:8081");
  world.registry.unreachableBy.add("c");
  await world.clock.advance(OUT_MS);
  assert.deepEqual(world.rings(), ["a b", "a b", "a b c"]);
  world.network.heal();
  world.registry.unreachableBy.clear();
  await world.clock.advance(2 * HEARTBEAT_MS);
  assertRings(world, "a b c");
});

Deno.test("leave() is known to all at once, also while the registry is gone", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  world.registry.gone = true;
  const left = world.leave("c");
  await world.clock.advance(10);
  assertRings(world, "a b");
  assert.deepEqual(world.node("b").gone, ["c left"]);
  world.registry.gone = false;
  await world.clock.advance(10 * HEARTBEAT_MS);
  await left;
  assertRings(world, "a b");
});

Deno.test("leave() takes the entry off, and no heartbeat under way puts it back", async () => {
  const world = await ClusterWorld.of("a", "b");
  world.registry.latencyMs = 400;
  await world.clock.advance(HEARTBEAT_MS + 100); // a beat waits for its list
  const left = world.node("b").cluster.leave();
  await world.clock.advance(2_000);
  await left;
  assert.deepEqual(world.registry.list().map(({ id }) => id), ["a"]);
});

Deno.test("leave() owns until a peer that does not answer has had its second", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  const { cluster } = world.node("c");
  world.freeze("a");
  const left = world.leave("c");
  await world.clock.advance(900);
  assert.equal(cluster.membership.view.leaving, false);
  await world.clock.advance(200);
  await left;
  assert.equal(cluster.membership.view.leaving, true);
  assert.deepEqual(world.node("b").gone, ["c left"]);
});

Deno.test("a node that starts again under its name is another: the former's good-bye does not bind it", async () => {
  const world = await ClusterWorld.of("a", "b");
  const left = world.leave("b");
  await world.clock.advance(100);
  await left;
  assertRings(world, "a");
  await world.start("b");
  await world.clock.advance(10 * HEARTBEAT_MS);
  assertRings(world, "a b");
  world.kill("b");
  await world.start("b");
  await world.clock.advance(10 * HEARTBEAT_MS);
  assertRings(world, "a b");
  assert.equal(world.node("a").cluster.membership.view.member("b")!.incarnation, world.node("b").self.incarnation);
});

Deno.test("a node whose connection was refused is out until it answers, while its heartbeats go on", async () => {
  const world = await ClusterWorld.of("a", "b");
  const a = world.node("a").cluster.membership;
  const b = world.node("b");
  world.network.died(b.host); // its listener alone
  a.refused(b.self);
  await world.clock.advance(5 * HEARTBEAT_MS);
  assert.deepEqual(a.view.ring.nodes, ["a"]);
  assert.deepEqual(world.node("a").cluster.nodes().map(({ id, state }) => [id, state]), [
    ["a", "in"],
    ["b", "unreachable"],
  ]);
  world.network.listen(b.host);
  await world.clock.advance(HEARTBEAT_MS + 10);
  assert.deepEqual(a.view.ring.nodes, ["a", "b"]);
});

Deno.test("a node that was out is in as soon as it greets and answers", async () => {
  const world = await ClusterWorld.of("a", "b");
  const { membership } = world.node("a").cluster;
  membership.refused(world.node("b").self);
  assert.deepEqual(membership.greeted(world.node("b").self).map(({ id }) => id), ["a"], "it is not taken at its word");
  await world.clock.advance(5);
  assert.deepEqual(membership.view.ring.nodes, ["a", "b"]);
});

Deno.test("verify() lets a dead node go at once, and pings a living one once", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  const { membership } = world.node("a").cluster;
  const pings = () => world.network.sent.get("ping") ?? 0;
  const before = pings();
  const sure = Promise.all(Array.from({ length: 50 }, () => membership.verify(world.node("b").self)));
  await world.clock.advance(10);
  await sure;
  assert.equal(pings(), before + 1);
  await membership.verify(world.node("b").self);
  assert.equal(pings(), before + 1, "nor again at once");
  const { self } = world.node("c");
  world.kill("c");
  const checked = membership.verify(self);
  await world.clock.advance(10);
  await checked;
  assert.deepEqual(membership.view.ring.nodes, ["a", "b"]);
});

Deno.test("of two processes of one name the older is told", async () => {
  const world = await ClusterWorld.of("a", "b");
  const older = world.node("b");
  await world.start("b");
  await world.clock.advance(3 * HEARTBEAT_MS);
  assert(older.counts.get("displaced")! > 0);
});

Deno.test("a node shows the nodes, their shares and the registry", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  const { cluster } = world.node("b");
  const nodes = cluster.nodes();
  assert.deepEqual([cluster.self, cluster.registry().state], ["b", "answers"]);
  assert.deepEqual(nodes.map(({ id }) => id), ["a", "b", "c"]);
  assert(Math.abs(nodes.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  assert.equal(world.node("a").cluster.ownerOf("x").id, world.node("c").cluster.ownerOf("x").id);
});

Deno.test("a node that has left shows the owners of its actors: the others, or itself where there are none", async () => {
  const world = await ClusterWorld.of("a", "b");
  const [a, b] = [world.node("a"), world.node("b")];
  const leave = async (id: string) => {
    const left = world.node(id).cluster.leave();
    await world.clock.advance(10);
    await left;
  };
  await leave("a");
  assert.equal(a.cluster.ownerOf("x").id, "b");
  await leave("b");
  assert.deepEqual(b.cluster.nodes(), []);
  assert.deepEqual(b.cluster.ownerOf("x"), { id: "b", url: b.self.url, share: 1, state: "in" });
});
