/** Where do commands go that an actor hands back, and how often? */
import assert from "node:assert/strict";
import type { Asking, HandBack, LocalActors, OutcomeOf } from "../../../src/ports/mod.ts";
import { couponActOf, isCouponCommand, isCouponKey } from "../../../src/cluster/coupon_commands.ts";
import { HANDED_MAX } from "../../../src/cluster/dispatcher.ts";
import { holderText } from "../../../src/cluster/mod.ts";
import type { CouponKind } from "../../../src/domain/coupon.ts";
import { ClusterWorld } from "../../support/cluster_world.ts";
import { claim } from "../../support/commands.ts";
import { fate } from "../../support/world.ts";

/** Nodes a, b and c with a kind of actors whose local side is the test's: what each was told, by node. */
async function makeNodes() {
  const world = await ClusterWorld.of("a", "b", "c");
  const told: { node: string; asking: Asking | undefined }[] = [];
  const takes = new Map<string, HandBack<CouponKind>>();
  for (const [node, { cluster }] of world.nodes) {
    const local: LocalActors<CouponKind> = {
      ask: () => Promise.reject(new Error("tell is enough")),
      tell(_key, _command, asking, resolve) {
        told.push({ node, asking });
        resolve({ kind: "refused", refusal: "sold_out" });
      },
      handBackTo: (take) => void takes.set(node, take),
      release: () => 0,
    };
    cluster.host<CouponKind>({
      name: "test",
      local,
      isKey: isCouponKey,
      isCommand: isCouponCommand,
      actOf: couponActOf,
    });
  }
  /** Node a's actor of a key hands a command back; whether that is taken, and what becomes of it. */
  const handBack = (key: string, handed: number, holder?: string): { taken: boolean; fate: Promise<string> } => {
    const { promise, resolve, reject } = Promise.withResolvers<OutcomeOf<CouponKind>>();
    const deadline = world.clock.monotonic() + 5_000;
    const waiting = [{ command: claim("u"), deadline, handed, resolve, reject }];
    return { taken: takes.get("a")!(key, waiting, holder), fate: fate(promise) };
  };
  return { world, told, handBack };
}

for (let handed = 0; handed <= HANDED_MAX; handed++) {
  const isPassedOn = handed < HANDED_MAX;
  Deno.test(`a command that was handed back ${handed} times is ${isPassedOn ? "" : "not "}passed on`, async () => {
    const { world, told, handBack } = await makeNodes();
    const { taken, fate } = handBack(world.keyOf("b"), handed);
    await world.clock.advance(10);
    assert(taken);
    assert.equal(await fate, isPassedOn ? "sold_out" : "storage_unavailable");
    const passedOn = isPassedOn ? [["b", handed + 1, true]] : [];
    assert.deepEqual(told.map(({ node, asking }) => [node, asking?.handed, asking?.mayBeStored]), passedOn);
  });
}

Deno.test("what is handed back goes to the holder that the row names, where that is another in the ring", async () => {
  const { world, told, handBack } = await makeNodes();
  const { self } = world.node("c");
  const holders: [holder: string | undefined, isAsked: boolean][] = [
    [holderText(self), true],
    [holderText({ ...self, incarnation: self.incarnation - 1 }), false],
    [holderText({ ...self, id: "gone" }), false],
    [holderText(world.node("a").self), false],
    ["no node", false],
    [undefined, false],
  ];
  const { counts } = world.node("a");
  for (const [holder, isAsked] of holders) {
    told.length = 0;
    counts.delete("not_owner");
    const { taken, fate } = handBack(world.keyOf("b"), 0, holder);
    assert(taken, `${holder}`);
    await world.clock.advance(10);
    assert.equal(await fate, "sold_out");
    assert.deepEqual(told.map(({ node }) => node), ["b"]);
    assert.equal(counts.get("not_owner") ?? 0, Number(isAsked), `${holder}: c does not own it, and names b`);
  }
});

Deno.test("what is handed back by the ring's own owner stays there, unless another in the ring holds it", async () => {
  const { world, told, handBack } = await makeNodes();
  for (const holder of [undefined, holderText(world.node("a").self)]) {
    assert.equal(handBack(world.keyOf("a"), 0, holder).taken, false);
  }
  const { taken, fate } = handBack(world.keyOf("a"), 0, holderText(world.node("c").self));
  assert(taken);
  await world.clock.advance(10);
  assert.equal(await fate, "sold_out");
  assert.deepEqual(told.map(({ node }) => node), ["a"], "c names a, which has it decided");
});
