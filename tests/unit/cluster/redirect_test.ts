/** Where do commands go that an actor redirects, and how often? */
import assert from "node:assert/strict";
import {
  type Asking,
  Fault,
  type FaultCode,
  type LocalActors,
  type OutcomeOf,
  type Redirect,
} from "../../../src/ports/mod.ts";
import { COUPONS } from "../../../src/cluster/coupon_commands.ts";
import { REDIRECTS_MAX } from "../../../src/cluster/dispatcher.ts";
import { holderText } from "../../../src/cluster/mod.ts";
import type { CouponKind } from "../../../src/domain/coupon.ts";
import { ClusterWorld } from "../../support/cluster_world.ts";
import { claim, create, terms } from "../../support/commands.ts";
import { fate } from "../../support/world.ts";

/** Nodes a, b and c with a kind of actors whose local side is the test's: what each was told, by node. */
async function makeNodes(fault?: FaultCode) {
  const world = await ClusterWorld.of("a", "b", "c");
  const told: { node: string; asking: Asking | undefined }[] = [];
  const takes = new Map<string, Redirect<CouponKind>>();
  for (const [node, { cluster }] of world.nodes) {
    const local: LocalActors<CouponKind> = {
      ask: () => Promise.reject(new Error("tell is enough")),
      tell(_key, _command, asking, resolve, reject) {
        told.push({ node, asking });
        if (fault !== undefined) return reject(new Fault(fault, "as the test wants it"));
        resolve({ kind: "refused", refusal: "sold_out" });
      },
      redirectTo: (take) => void takes.set(node, take),
      release: () => 0,
      list: () => ({ data: [], total: 0 }),
      view: () => undefined,
    };
    cluster.host<CouponKind>({ ...COUPONS, name: "test", local });
  }
  /** Node a's actor of a key redirects a command; whether that is taken, and what becomes of it. */
  const redirect = (
    key: string,
    { redirects = 0, mayBeStored = false, holder }: {
      redirects?: number;
      mayBeStored?: boolean;
      holder?: string | undefined;
    } = {},
  ): { taken: boolean; fate: Promise<string> } => {
    const { promise, resolve, reject } = Promise.withResolvers<OutcomeOf<CouponKind>>();
    const deadline = world.clock.monotonic() + 5_000;
    const waiting = [{ command: claim("u"), deadline, redirects, mayBeStored, resolve, reject }];
    return { taken: takes.get("a")!(key, waiting, holder), fate: fate(promise) };
  };
  return { world, told, redirect };
}

for (const mayBeStored of [false, true]) {
  const what = mayBeStored ? "a command that may be stored, and" : "a command that";
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const isPassedOn = redirects < REDIRECTS_MAX;
    Deno.test(`${what} was redirected ${redirects} times is ${isPassedOn ? "" : "not "}passed on`, async () => {
      const { world, told, redirect } = await makeNodes();
      const { taken, fate } = redirect(world.keyOf("b"), { redirects, mayBeStored });
      await world.clock.advance(10);
      assert(taken);
      assert.equal(await fate, isPassedOn ? "sold_out" : mayBeStored ? "storage_unavailable" : "moved");
      const passedOn = isPassedOn ? [["b", redirects + 1, mayBeStored]] : [];
      assert.deepEqual(told.map(({ node, asking }) => [node, asking?.redirects, asking?.mayBeStored]), passedOn);
    });
  }

  for (const fault of ["deadline", "overloaded", "moved", "stopping", "storage_unavailable", "data_error"] as const) {
    const isTold = !mayBeStored || fault === "data_error";
    const shown = isTold ? fault : "storage_unavailable";
    Deno.test(`${what} was redirected is told ${shown} where the next node fails with ${fault}`, async () => {
      const { world, redirect } = await makeNodes(fault);
      const { fate } = redirect(world.keyOf("b"), { mayBeStored });
      await world.clock.advance(10);
      assert.equal(await fate, shown);
    });
  }
}

Deno.test("what waited in a mailbox and was redirected to a node that is full happened nowhere: overloaded", async () => {
  const world = await ClusterWorld.of("a", "b", "c");
  const key = world.keyOf("b");
  const made = fate(world.node("b").coupons.ask(key, create(terms(key, 5))));
  await world.clock.advance(10);
  assert.equal(await made, "done");
  // Node a has the coupon by mistake, and b takes it back: what waits at a goes to b.
  const mistaken = fate(world.node("a").actors.ask(key, claim("a's")));
  await world.clock.advance(10);
  assert.equal(await mistaken, "done");
  const { actors } = world.node("b");
  actors.tell = (_key, _command, _asking, _resolve, reject) => reject(new Fault("overloaded", "full"));
  assert.equal(world.node("a").actors.release(() => false), 1);
  const gate = Promise.withResolvers<void>();
  world.node("a").store.gate = gate.promise;
  const waits = fate(world.node("a").actors.ask(key, claim("waits")));
  world.node("a").actors.release(() => false);
  gate.resolve();
  await world.clock.advance(100);
  assert.equal(await waits, "overloaded");
  assert.deepEqual(world.node("b").store.holders(key), ["a's"]);
});

Deno.test("what is redirected goes to the holder that the row names, where that is another in the ring", async () => {
  const { world, told, redirect } = await makeNodes();
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
    const { taken, fate } = redirect(world.keyOf("b"), { holder });
    assert(taken, `${holder}`);
    await world.clock.advance(10);
    assert.equal(await fate, "sold_out");
    assert.deepEqual(told.map(({ node }) => node), ["b"]);
    assert.equal(counts.get("not_owner") ?? 0, Number(isAsked), `${holder}: c does not own it, and names b`);
  }
});

Deno.test("what is redirected by the ring's own owner stays there, unless another in the ring holds it", async () => {
  const { world, told, redirect } = await makeNodes();
  for (const holder of [undefined, holderText(world.node("a").self)]) {
    assert.equal(redirect(world.keyOf("a"), { holder }).taken, false);
  }
  const { taken, fate } = redirect(world.keyOf("a"), { holder: holderText(world.node("c").self) });
  assert(taken);
  await world.clock.advance(10);
  assert.equal(await fate, "sold_out");
  assert.deepEqual(told.map(({ node }) => node), ["a"], "c names a, which has it decided");
});
