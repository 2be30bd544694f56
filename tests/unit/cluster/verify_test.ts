/** When is a node asked whether it is there, and what makes it go? */
import assert from "node:assert/strict";
import { ClusterWorld, HEARTBEAT_MS } from "../../support/cluster_world.ts";

/** Nodes a and b, a beat of a just over; what a knows, and how many pings there were since. */
async function makePair() {
  const world = await ClusterWorld.of("a", "b");
  const lists = () => world.registry.calls.get("a list");
  await world.afterBeat("a");
  const { membership } = world.node("a").cluster;
  // Each pinged itself when it joined.
  const sent = () => world.network.sent.get("ping") ?? 0;
  const before = sent();
  const pings = () => sent() - before;
  const verify = async (ms: number, member = world.node("b").self) => {
    let isOver = false;
    membership.verify(member).then(() => isOver = true);
    await world.clock.advance(ms);
    return isOver;
  };
  return { world, membership, pings, lists, verify };
}

/** Longest until a ping is given up and the registry has answered. */
const SILENT_MS = 510;

Deno.test("verify() asks a node again 100 ms after it answered", async () => {
  const { world, membership, pings, verify } = await makePair();
  assert(await verify(2));
  assert.equal(pings(), 1);
  assert(await verify(99), "nobody is asked");
  assert.equal(pings(), 1);
  const { self } = world.node("b");
  world.kill("b");
  await world.clock.advance(1);
  assert(await verify(2, self));
  assert.deepEqual([pings(), membership.view.ring.nodes], [2, ["a"]]);
});

type World = Awaited<ReturnType<typeof makePair>>["world"];
const silences: [what: string, act: (world: World) => void, isOut: boolean][] = [
  ["whose entry is there", () => {}, false],
  ["without an entry", ({ registry }) => registry.clear(), true],
  ["while the registry is gone", ({ registry }) => registry.gone = true, false],
  [
    "whose entry is a younger process's",
    (world) => world.registry.put({ ...world.node("b").self, incarnation: world.node("b").self.incarnation + 1 }),
    true,
  ],
];
for (const [what, act, isOut] of silences) {
  Deno.test(`verify() ${isOut ? "lets go" : "keeps"} a silent node ${what}`, async () => {
    const { world, membership, verify } = await makePair();
    act(world);
    world.freeze("b");
    assert(await verify(SILENT_MS));
    assert.deepEqual(membership.view.ring.nodes, isOut ? ["a"] : ["a", "b"]);
    assert.deepEqual(world.node("a").gone, isOut ? ["b expired"] : []);
  });
}

Deno.test("verify() asks no registry of a node at whose address nothing listens", async () => {
  const { world, lists, verify } = await makePair();
  const [before, { self }] = [lists(), world.node("b")];
  world.registry.clear();
  world.kill("b");
  assert(await verify(2, self));
  assert.equal(lists(), before);
  assert.deepEqual(world.node("a").gone, ["b unreachable"]);
});

Deno.test("verify() of a process that started again does not wait for the one before it", async () => {
  const { world, verify } = await makePair();
  world.freeze("b");
  assert(!await verify(2));
  await world.start("b");
  assert(await verify(2));
});

Deno.test("verify() asks a process that started again, though the one before it has just answered", async () => {
  const { world, membership, pings, verify } = await makePair();
  const { self } = world.node("b");
  assert(await verify(2));
  membership.departed("b", self.incarnation);
  const young = { ...self, incarnation: self.incarnation + 1 };
  membership.greeted(young);
  assert.deepEqual(membership.view.ring.nodes, ["a", "b"]);
  await verify(2, young);
  assert.equal(pings(), 2);
  await world.clock.advance(HEARTBEAT_MS);
});
