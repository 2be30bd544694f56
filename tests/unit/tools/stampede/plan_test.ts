/** Do buyers of a stampede want what they should? */
import assert from "node:assert/strict";
import { botPlace, KINDS, type Plan, planOf, type Scene } from "../../../../tools/stampede/plan.ts";

const SCENE: Scene = { seed: 7, items: 10_000, limit: 10 };
const PLANS = Array.from({ length: 4_000 }, (_, number) => planOf(SCENE, number));
const of = (kind: Plan["kind"]) => PLANS.filter((plan) => plan.kind === kind);

Deno.test("planOf() gives the same plan to the same buyer, another to another seed", () => {
  assert.deepEqual(PLANS.slice(0, 50), Array.from({ length: 50 }, (_, number) => planOf(SCENE, number)));
  const other = Array.from({ length: 50 }, (_, number) => planOf({ ...SCENE, seed: 8 }, number));
  assert.notDeepEqual(PLANS.slice(0, 50), other);
});

Deno.test("planOf() draws each kind about as often as it should", () => {
  for (const [kind, share] of Object.entries(KINDS)) {
    const percent = 100 * of(kind as Plan["kind"]).length / PLANS.length;
    assert(Math.abs(percent - share) < 3, `${kind}: ${percent} %`);
  }
});

Deno.test("planOf() wants items that there are, over the whole sale", () => {
  const places = of("keen").flatMap(({ tries }) => tries.map(({ place }) => place));
  assert(places.every((place) => Number.isInteger(place) && place >= 0 && place < SCENE.items));
  for (const quarter of [0, 1, 2, 3]) {
    const share = places.filter((place) => Math.floor(place / (SCENE.items / 4)) === quarter).length / places.length;
    assert(Math.abs(share - 0.25) < 0.03, `quarter ${quarter}: ${share}`);
  }
  assert.deepEqual(planOf({ ...SCENE, items: 1 }, 0).tries.map(({ place }) => place).filter((place) => place > 0), []);
});

Deno.test("planOf() has bots want one item again and again, all the same", () => {
  const place = botPlace(SCENE);
  for (const { tries, wants } of of("bot")) {
    assert.deepEqual([wants, new Set(tries.map((one) => one.place))], [1, new Set([place])]);
    assert(tries.length > 1);
  }
});

Deno.test("planOf() has only doubles send twice, only the wavering give up, and hoarders want too much", () => {
  for (const { kind, copies, tries, wants } of PLANS) {
    assert.equal(copies, kind === "double" ? 2 : 1);
    if (kind !== "wavering") assert(tries.every(({ ending }) => ending === "buy"), kind);
    assert.equal(wants > SCENE.limit, kind === "hoarding", kind);
    assert(tries.length >= wants, "it may fail now and then and still get what it wants");
  }
  const endings = new Set(of("wavering").flatMap(({ tries }) => tries.map(({ ending }) => ending)));
  assert.deepEqual(endings, new Set(["buy", "give back", "walk away"]));
});
