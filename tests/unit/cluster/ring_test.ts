import assert from "node:assert/strict";
import fc from "fast-check";
import { POINTS, Ring } from "../../../src/cluster/ring.ts";

const MEMBERSHIPS = 300;
const KEYS = Array.from({ length: 2_000 }, (_, key) => `coupon ${key}`);
const nodes = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 30 });

function counted(ring: Ring, keys: readonly string[]): number[] {
  const counts = ring.nodes.map(() => 0);
  for (const key of keys) counts[ring.nodes.indexOf(ring.ownerOf(key)!)]!++;
  return counts;
}

Deno.test("shares() of any membership are at most 1.25 times the mean, and together all", () => {
  fc.assert(
    fc.property(nodes, (ids) => {
      const shares = new Ring(ids).shares();
      assert(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
      assert(Math.max(...shares) * ids.length <= 1.25, `max/mean ${Math.max(...shares) * ids.length}`);
    }),
    { numRuns: MEMBERSHIPS },
  );
});

Deno.test("ownerOf() gives each node the share that shares() tells", () => {
  const ring = new Ring(["a", "b", "c", "d", "e"]);
  const keys = Array.from({ length: 200_000 }, (_, key) => `user-${key}@example.com`);
  const shares = ring.shares();
  for (const [node, count] of counted(ring, keys).entries()) {
    assert(Math.abs(count / keys.length - shares[node]!) < 0.005, `${count / keys.length} against ${shares[node]}`);
  }
});

Deno.test("ownerOf() moves only the keys of a node that is lost or joins", () => {
  fc.assert(
    fc.property(nodes, fc.nat(), (ids, at) => {
      const whole = new Ring(ids);
      const lost = ids[at % ids.length]!;
      const rest = new Ring(ids.filter((id) => id !== lost));
      for (const key of KEYS) {
        const before = whole.ownerOf(key);
        if (before === lost) assert.notEqual(rest.ownerOf(key), lost);
        else assert.equal(rest.ownerOf(key), before);
      }
    }),
    { numRuns: MEMBERSHIPS },
  );
});

Deno.test("ownerOf() is the same whatever the order in which nodes are named", () => {
  const ids = ["n3", "n1", "n2"];
  const [one, other] = [new Ring(ids), new Ring([...ids, ...ids].reverse())];
  for (const key of KEYS) assert.equal(one.ownerOf(key), other.ownerOf(key));
});

Deno.test("ownerOf() stays the same from version to version", () => {
  const ring = new Ring(["n1", "n2", "n3"]);
  const owners = ["promo_super", "black-friday", "2026-11-21T14Z", "ünï 🎉", ""].map((key) => ring.ownerOf(key));
  assert.deepEqual(owners, ["n2", "n2", "n1", "n2", "n3"]);
});

Deno.test("ownerOf() without a node is nobody, of one node that node", () => {
  assert.equal(new Ring([]).ownerOf("a"), undefined);
  assert.deepEqual(new Ring([]).shares(), []);
  assert.equal(new Ring(["only"]).ownerOf("a"), "only");
  assert.equal(POINTS, 256);
});

Deno.test("ownerOf() is the same in every version: nodes of two agree while a cluster is upgraded", () => {
  const ring = new Ring(["node-1", "node-2", "node-3", "node-4", "node-5"]);
  const keys = Array.from({ length: 60 }, (_, key) => `coupon ${key}`);
  const owners = keys.map((key) => ring.ownerOf(key)!.at(-1)).join("");
  assert.equal(owners, "411315223232222241335541213323533555532125232221235342435443");
});
