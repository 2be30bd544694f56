import assert from "node:assert/strict";
import { normalizeName } from "../../../src/domain/name_key.ts";
import { ClusterWorld } from "../../support/cluster_world.ts";
import { claim, create, terms } from "../../support/commands.ts";
import { fate } from "../../support/world.ts";

Deno.test("a coupon whose fold is longer than a name may be is served by any node", async () => {
  const world = await ClusterWorld.of("a", "b");
  const name = "\u0130".repeat(255); // each becomes an i and a dot
  const fold = normalizeName(name)!;
  assert.equal([...fold].length, 510);
  const owner = world.node("a").cluster.ownerOf(fold).id;
  assert.equal(await fate(world.node(owner).coupons.ask(fold, create(terms(name, 5)))), "done");
  const asked = fate(world.node(owner === "a" ? "b" : "a").coupons.ask(fold, claim("u")));
  await world.clock.advance(6_000);
  assert.equal(await asked, "done");
});
