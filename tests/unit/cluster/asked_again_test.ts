/** What becomes of a command whose owner is gone, goes, or would not take it: who is asked next, and what is told? */
import assert from "node:assert/strict";
import type { Member } from "../../../src/cluster/member.ts";
import { Ring } from "../../../src/cluster/ring.ts";
import { claim, create, terms, validate } from "../../support/commands.ts";
import { type ClusterNode, ClusterWorld } from "../../support/cluster_world.ts";
import { fate } from "../../support/world.ts";

/** Longest until a command of which a copy may be about is asked again. */
const LEASE_MS = 2_200;

/** A key of these owners, as each ring sees it. */
function keyOf(...owners: [nodes: string, owner: string][]): string {
  const rings = owners.map(([nodes, owner]) => ({ ring: new Ring(nodes.split(" ")), owner }));
  for (let key = 0;; key++) {
    if (rings.every(({ ring, owner }) => ring.ownerOf(`k${key}`) === owner)) return `k${key}`;
  }
}

async function withCoupons(nodes: string, ...keys: string[]): Promise<ClusterWorld> {
  const world = await ClusterWorld.of(...nodes.split(" "));
  for (const key of keys) {
    const made = world.node("a").coupons.ask(key, create(terms(key, 1_000)));
    await world.clock.advance(20);
    await made;
  }
  return world;
}

/** A claim by node a; what became of it so far. */
function claimAt({ coupons }: ClusterNode, key: string, user: string): { told: string } {
  const asked = { told: "" };
  fate(coupons.ask(key, claim(user))).then((told) => asked.told = told);
  return asked;
}

Deno.test("a command whose owner died with it is found by the next after its lease, which takes over", async () => {
  const key = keyOf(["a b", "b"]);
  const world = await withCoupons("a b", key);
  const a = world.node("a");
  const asked = claimAt(a, key, "u");
  await world.clock.advance(1); // it is stored, and its answer on the way
  world.kill("b");
  await world.clock.advance(LEASE_MS);
  assert.equal(asked.told, "done");
  assert.deepEqual([a.counts.get("ambiguous"), a.counts.get("tookOver")], [1, 1]);
  assert.equal(a.counts.get("never_connected"), undefined, "it was known to be dead by then");
});

Deno.test("a dead owner's command is taken over where the asker owns it now, and only there", async () => {
  const [mine, others] = [keyOf(["a b c", "c"], ["a b", "a"]), keyOf(["a b c", "c"], ["a b", "b"])];
  const world = await withCoupons("a b c", mine, others);
  const a = world.node("a");
  world.kill("c");
  for (const [key, tookOver] of [[others, undefined], [mine, 1]] as const) {
    a.cluster.membership.greeted({ ...a.self, id: "c", url: "http://c:8081", incarnation: world.clock.now() });
    const asked = claimAt(a, key, "u");
    await world.clock.advance(10);
    assert.deepEqual([asked.told, a.counts.get("tookOver")], ["done", tookOver]);
  }
});

/** Nodes a and b, and a coupon of b's, which has left and could not tell a. */
async function withUnheardLeave() {
  const key = keyOf(["a b", "b"]);
  const world = await withCoupons("a b", key);
  const [a, b] = [world.node("a"), world.node("b")];
  world.network.cut(a.self.url, b.self.url);
  const left = b.cluster.leave();
  await world.clock.advance(1_100);
  await left;
  world.network.heal();
  return { world, a, b, key };
}

Deno.test("a command that a node gives back as it leaves is decided by its asker at once, which asks itself nothing", async () => {
  const { world, a, b, key } = await withUnheardLeave();
  const pings = () => world.network.sent.get("ping") ?? 0;
  const before = pings();
  const asked = claimAt(a, key, "u");
  await world.clock.advance(1);
  a.cluster.membership.departed("b", b.self.incarnation); // heard of while it is asked
  await world.clock.advance(10);
  assert.deepEqual([asked.told, a.counts.get("not_owner"), a.counts.get("tookOver")], ["done", 1, undefined]);
  assert.equal(pings(), before + 1, "b makes sure of a");
});

Deno.test("a node that would take no batch as it leaves is asked no more: it is found to be leaving", async () => {
  const { world, a, b, key } = await withUnheardLeave();
  const receive = (from: Member, what: string, text: string) => {
    return what === "commands"
      ? { status: "unavailable" as const }
      : b.cluster.peerRequestHandler.receive(from, what, text);
  };
  world.network.listen({ ...b.host, receive });
  const asked = claimAt(a, key, "u");
  await world.clock.advance(20);
  assert.deepEqual([asked.told, a.counts.get("rejected")], ["done", 1]);
  assert.deepEqual(a.gone, ["b left"]);
});

Deno.test("a command that is asked again and not sent, since that node leaves, goes on to the next", async () => {
  const [key, busy] = [keyOf(["a b c", "c"], ["a b", "b"]), keyOf(["a b c", "b"], ["a b", "b"])];
  const world = await withCoupons("a b c", key, busy);
  const [a, b] = [world.node("a"), world.node("b")];
  await world.clock.advance(1_000);
  world.kill("c");
  const gate = Promise.withResolvers<void>();
  b.store.gate = gate.promise;
  // Three batches are out to b, so that what comes next waits a little.
  for (const user of ["x", "y", "z"]) {
    claimAt(a, busy, user);
    await world.clock.advance(0);
  }
  const asked = claimAt(a, key, "u");
  await world.clock.advance(2);
  assert.equal(a.counts.get("never_connected"), 1);
  a.cluster.membership.departed("b", b.self.incarnation);
  await world.clock.advance(20);
  assert.deepEqual([asked.told, a.counts.get("unsent"), a.counts.get("tookOver")], ["done", 1, undefined]);
  b.store.gate = Promise.resolve();
  gate.resolve();
  await world.clock.advance(LEASE_MS);
});

Deno.test("a ring that takes no awake actor from a node hands off none, and tells of none", async () => {
  const world = await ClusterWorld.of("a");
  await world.start("b");
  assert.equal(world.node("a").counts.get("handedOff"), undefined);
});

Deno.test("close() gives up what is out to other nodes", async () => {
  const key = keyOf(["a b", "b"]);
  const world = await withCoupons("a b", key);
  world.freeze("b");
  const { coupons, cluster, counts } = world.node("a");
  coupons.ask(key, validate("u")).catch(() => {});
  await world.clock.advance(5);
  assert.equal(counts.get("ambiguous"), undefined);
  cluster.close();
  await world.clock.advance(1);
  assert.equal(counts.get("ambiguous"), 1);
  world.end();
});
