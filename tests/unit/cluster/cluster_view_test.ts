import assert from "node:assert/strict";
import fc from "fast-check";
import { holderOf, holderText, type Member, memberOf } from "../../../src/cluster/member.ts";
import { ClusterView, MEMBERS_MAX } from "../../../src/cluster/cluster_view.ts";

function node(id: string, incarnation: number = 1): Member {
  return { id, url: `http://${id}:8081`, incarnation, version: 2 };
}

const SELF = node("self");
const A1 = node("a", 1);
const A2 = node("a", 2);
const KNOWS_A1 = ClusterView.alone(SELF).admitted(A1);

type Step = (view: ClusterView) => ClusterView;
/** What was heard, in its order, and the incarnation of `a` that is in the ring then: 0 is none. */
const cases: [what: string, steps: Step[], incarnation: number][] = [
  ["a greeting", [(r) => r.admitted(A1)], 1],
  ["a greeting of a new incarnation", [(r) => r.admitted(A1), (r) => r.admitted(A2)], 2],
  ["an old incarnation's entry", [(r) => r.admitted(A2), (r) => r.admitted(A1)], 2],
  ["a good-bye", [(r) => r.admitted(A1), (r) => r.departed("a", 1)], 0],
  ["a good-bye, then its entry", [(r) => r.admitted(A1), (r) => r.departed("a", 1), (r) => r.admitted(A1)], 0],
  ["a good-bye, then an answer of it", [(r) => r.admitted(A1), (r) => r.departed("a", 1), (r) => r.reached(A1)], 0],
  ["a good-bye, then a new incarnation", [(r) => r.departed("a", 1), (r) => r.admitted(A2)], 2],
  [
    "a good-bye, then a new incarnation that is lost, then the old one's entry",
    [(r) => r.departed("a", 1), (r) => r.admitted(A2), (r) => r.lost(A2), (r) => r.admitted(A1)],
    0,
  ],
  ["an old incarnation's good-bye", [(r) => r.admitted(A2), (r) => r.departed("a", 1)], 2],
  ["a good-bye of one unknown, then its entry", [(r) => r.departed("a", 1), (r) => r.admitted(A1)], 0],
  ["a refused connection", [(r) => r.admitted(A1), (r) => r.refused(A1)], 0],
  ["a refused connection, then its entry", [(r) => r.admitted(A1), (r) => r.refused(A1), (r) => r.admitted(A1)], 0],
  ["a refused connection, then an answer", [(r) => r.admitted(A1), (r) => r.refused(A1), (r) => r.reached(A1)], 1],
  ["a refused connection, then a new one", [(r) => r.admitted(A1), (r) => r.refused(A1), (r) => r.admitted(A2)], 2],
  ["a refused connection of an old one", [(r) => r.admitted(A2), (r) => r.refused(A1)], 2],
  ["a refused connection of one unknown", [(r) => r.refused(A1), (r) => r.admitted(A1)], 1],
  ["a missing entry", [(r) => r.admitted(A1), (r) => r.lost(A1)], 0],
  ["a missing entry, then its entry", [(r) => r.admitted(A1), (r) => r.lost(A1), (r) => r.admitted(A1)], 1],
  ["a missing entry of an old one", [(r) => r.admitted(A2), (r) => r.lost(A1)], 2],
  ["a refused connection, then an old one's entry", [
    (r) => r.admitted(A2),
    (r) => r.refused(A2),
    (r) => r.admitted(A1),
  ], 0],
  [
    "two good-byes, the older one last",
    [(r) => r.departed("a", 2), (r) => r.departed("a", 1), (r) => r.admitted(A2)],
    0,
  ],
];

for (const [what, steps, incarnation] of cases) {
  Deno.test(`the ring after ${what} has ${incarnation === 0 ? "no a" : `a's incarnation ${incarnation}`}`, () => {
    const view = steps.reduce((view, step) => step(view), ClusterView.alone(SELF));
    assert.equal(view.member("a")?.incarnation ?? 0, incarnation);
    assert.equal(view.ring.nodes.includes("a"), incarnation > 0);
    assert(view.ring.nodes.includes("self"), "this node stays");
  });
}

Deno.test("what changes nothing is the same value, and what leaves the nodes as they are the same ring", () => {
  assert.equal(KNOWS_A1.admitted(A1), KNOWS_A1);
  assert.equal(KNOWS_A1.admitted(SELF), KNOWS_A1);
  assert.equal(KNOWS_A1.departed("self", 1), KNOWS_A1);
  const [left, knowsLeft] = [KNOWS_A1.withoutSelf(), KNOWS_A1.departed("a", 1)];
  assert.equal(left.withoutSelf(), left);
  assert.equal(knowsLeft.departed("a", 1), knowsLeft);
  assert.equal(KNOWS_A1.lost(node("b")), KNOWS_A1);
  assert.equal(KNOWS_A1.forgotten(() => false), KNOWS_A1);
  assert.equal(KNOWS_A1.admitted(A2).ring, KNOWS_A1.ring);
  assert.notEqual(KNOWS_A1.lost(A1).ring, KNOWS_A1.ring);
});

Deno.test("an unreachable node that the registry no longer lists is forgotten", () => {
  const view = KNOWS_A1.refused(A1);
  assert.deepEqual(view.unreachable, [A1]);
  assert.deepEqual(view.forgotten((id) => id === "a").unreachable, [A1]);
  assert.deepEqual(view.forgotten(() => false).unreachable, []);
});

Deno.test("a node that left owns nothing, unless nobody else is there", () => {
  const view = KNOWS_A1.withoutSelf();
  for (let key = 0; key < 100; key++) assert.equal(view.ownerOf(`k${key}`), A1);
  assert.equal(view.member("self"), undefined);
  assert.equal(ClusterView.alone(SELF).withoutSelf().ownerOf("k"), SELF);
});

Deno.test("1,000 good-byes are remembered, the newest of each node, the oldest forgotten first", () => {
  let view = ClusterView.alone(SELF).departed("again", 1);
  for (let id = 0; id < 1_000; id++) {
    view = view.departed(`n${id}`, 1);
    if (id === 500) view = view.departed("again", 2);
  }
  const isBack = (id: string, incarnation: number) => view.admitted(node(id, incarnation)).member(id) !== undefined;
  assert.deepEqual([isBack("n0", 1), isBack("n1", 1), isBack("n999", 1), isBack("again", 2)], [
    true,
    false,
    false,
    false,
  ]);
});

const someone = fc.record({ id: fc.constantFrom("a", "b"), incarnation: fc.integer({ min: 1, max: 2 }) });
const heard = fc.tuple(fc.constantFrom("admitted", "reached", "refused", "lost", "departed", "forgotten"), someone);

Deno.test("whatever is heard, a node is in the ring or unreachable or neither, and out for good after its good-bye", () => {
  fc.assert(
    fc.property(fc.array(heard, { maxLength: 12, size: "max" }), (all) => {
      let view = ClusterView.alone(SELF);
      const left = new Map<string, number>();
      for (const [how, { id, incarnation }] of all) {
        const before = view;
        if (how === "departed") {
          view = view.departed(id, incarnation);
          left.set(id, Math.max(left.get(id) ?? 0, incarnation));
        } else if (how === "forgotten") view = view.forgotten((each) => each !== id);
        else view = view[how](node(id, incarnation));
        const known = [...view.members, ...view.unreachable];
        assert.equal(new Set(known.map(({ id }) => id)).size, known.length);
        for (const { id, incarnation } of known) assert(incarnation > (left.get(id) ?? 0), `${id} is gone`);
        assert.deepEqual(view.ring.nodes, [...view.members.map(({ id }) => id), "self"].sort());
        assert.equal(view.ring === before.ring, String(view.ring.nodes) === String(before.ring.nodes));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("holderOf() reads what holderText() wrote, and nothing else", () => {
  assert.deepEqual(holderOf(holderText(A2)), A2);
  for (const text of [undefined, "", "127.0.0.1:8080/6b2f", "a b c d", "a 1 ftp://x 2", "a 1.5 http://x 2"]) {
    assert.equal(holderOf(text), undefined);
  }
});

Deno.test("memberOf() takes a member out of what was told, and refuses everything else", () => {
  assert.deepEqual(memberOf({ ...A1, more: "ignored" }), A1);
  const wrong = [{ id: "" }, { id: "a b" }, { id: 1 }, { url: "x" }, { url: "http://" }, { incarnation: "1" }];
  for (const part of [...wrong, { incarnation: -1 }, { version: undefined }, { url: "http://a b" }]) {
    assert.equal(memberOf({ ...A1, ...part }), undefined, JSON.stringify(part));
  }
  for (const other of [null, undefined, "a", 1, []]) assert.equal(memberOf(other), undefined);
});

Deno.test("so many nodes are admitted and no more, in no time, whoever names them", () => {
  const named = Array.from({ length: 3 * MEMBERS_MAX }, (_, place) => node(`n${place}`));
  const view = named.reduce((view, member) => view.admitted(member), ClusterView.alone(SELF));
  assert.equal(view.members.length, MEMBERS_MAX);
  assert.equal(view.ring.nodes.length, MEMBERS_MAX + 1);
  const again = view.admitted({ ...named[0]!, incarnation: 2 });
  assert.equal(again.member("n0")!.incarnation, 2, "one that started again is no other");
  assert.equal(again.ring, view.ring);
  assert(view.departed("n1", 1).admitted(named.at(-1)!).member(named.at(-1)!.id) !== undefined);
});
