/** What does a node answer to batches that another version, or too many others, may send? */
import assert from "node:assert/strict";
import { OPEN_MAX } from "../../../src/cluster/peer_request_handler.ts";
import { PROTOCOL } from "../../../src/cluster/member.ts";
import { BATCH_MAX } from "../../../src/cluster/wire.ts";
import { claim, create, edit, terms, validate } from "../../support/commands.ts";
import { ClusterWorld } from "../../support/cluster_world.ts";

/** A node that is alone, and what it answers to runs of commands for a key each. */
async function makeNode() {
  const world = await ClusterWorld.of("a");
  const { clock, cluster, store, self } = world.node("a");
  const post = (...runs: [kind: string, key: string, ...commands: unknown[]][]) => {
    const told = runs.map(([kind, key, ...commands]) => [kind, key, 5_000, 0, ...commands]);
    const { status, write } = cluster.peerRequestHandler.receive(
      self,
      "commands",
      JSON.stringify([PROTOCOL, clock.now(), told]),
    );
    const answers: unknown[][] = [];
    let ends = 0;
    write?.((line, isLast) => {
      answers.push(...JSON.parse(line));
      if (isLast) ends++;
    });
    return { status, answers: () => answers.toSorted(([a], [b]) => Number(a) - Number(b)), ends: () => ends };
  };
  return { world, store, post };
}

Deno.test("a batch without commands has an end, as any", async () => {
  const { world, post } = await makeNode();
  const { status, answers, ends } = post();
  await world.clock.advance(10);
  assert.deepEqual([status, answers(), ends()], ["answered", [], 1]);
});

Deno.test("answers have the places of their commands in the batch; what is unknown harms no other", async () => {
  const { world, post } = await makeNode();
  const makes = ["x", "y"].map((name) => create(terms(name, 1)));
  const unknown = { kind: "transfer", id: "1" };
  const { answers, ends } = post(
    ["coupon", "x", validate("u"), unknown, makes[0]],
    ["voucher", "x", validate("u"), validate("v")],
    ["coupon", "NO FOLD", validate("u")],
    ["coupon", "y", makes[1], unknown],
  );
  await world.clock.advance(10);
  const told = answers().map(([place, code, value]) => {
    return [place, code, (value as { kind?: string }).kind ?? value];
  });
  assert.deepEqual(told, [
    [0, 1, "coupon_not_found"],
    [1, 2, "data_error"],
    [2, 0, "created"],
    [3, 2, "data_error"],
    [4, 2, "data_error"],
    [5, 2, "data_error"],
    [6, 0, "created"],
    [7, 2, "data_error"],
  ]);
  assert.equal(ends(), 1);
});

const voids = { kind: "void", userId: "u", keyed: false };
/** Commands of administrators, as one who knows the cluster's secret may send them, and what the trail says of them. */
const FORGED: readonly (readonly [what: string, more: Record<string, unknown>, vouches: boolean | "gone"])[] = [
  ["that names no record", {}, true],
  ["that names a record that is no number", { act: "1" }, true],
  ["that names a fraction of a record", { act: 1.5 }, true],
  ["that no record is of", { act: 7 }, false],
  ["while the trail cannot be read", { act: 7 }, "gone"],
];
for (const [what, more, vouches] of FORGED) {
  Deno.test(`an act of an administrator ${what} is not done, and the claims beside it are`, async () => {
    const { world, store, post } = await makeNode();
    const made = post(["coupon", "x", create(terms("x", 5))]);
    await world.clock.advance(10);
    assert.equal(made.answers()[0]![1], 0);
    world.acts.vouches = () => vouches === "gone" ? Promise.reject(new Error("gone")) : Promise.resolve(vouches);
    const acts = [
      { ...edit({ amount: 1 }), act: undefined, ...more },
      { ...create(terms("x", 9)), act: undefined, ...more },
      { ...voids, id: crypto.randomUUID(), ...more },
    ];
    const { answers, ends } = post(["coupon", "x", ...acts, claim("u")]);
    await world.clock.advance(10);
    const code = vouches === "gone" ? "storage_unavailable" : "data_error";
    assert.deepEqual(answers().slice(0, 3), [0, 1, 2].map((place) => [place, 2, code]));
    assert.deepEqual([answers()[3]![1], ends()], [0, 1], "the claim");
    assert.equal(store.state("x").amount, 5);
    assert.deepEqual(store.holders("x"), ["u"]);
    assert.equal(world.node("a").counts.get("unrecorded"), vouches === "gone" ? undefined : 3);
  });
}

Deno.test("an act of an administrator is looked up as what it is, by its record and its command, and then done", async () => {
  const { world, store, post } = await makeNode();
  const asked: unknown[] = [];
  world.acts.vouches = (...told) => {
    asked.push(told);
    return Promise.resolve(true);
  };
  const made = { ...create(terms("x", 5)), act: 7 };
  const edited = { ...edit({ amount: 3 }), act: 8 };
  const voided = { ...voids, id: crypto.randomUUID(), act: 9 };
  for (const command of [made, edited, claim("u"), voided]) {
    const { answers } = post(["coupon", "x", command]);
    await world.clock.advance(10);
    assert.equal(answers()[0]![1], 0);
  }
  assert.deepEqual(asked, [[7, "coupon.create", made.id], [8, "coupon.edit", edited.id], [9, "claim.void", voided.id]]);
  assert.deepEqual(store.holders("x"), []);
});

Deno.test("more than may be under way at once is refused, and taken again once that is answered", async () => {
  const { world, store, post } = await makeNode();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  let batches = 0;
  const batch = () => {
    const commands = Array.from({ length: BATCH_MAX }, (_, user) => validate(`u${user}`));
    return post(["coupon", `k${batches++ % 66}`, ...commands]);
  };
  for (let open = BATCH_MAX; open <= OPEN_MAX; open += BATCH_MAX) assert.equal(batch().status, "answered");
  const { status, ends } = batch();
  assert.deepEqual([status, ends()], ["unavailable", 0]);
  resolve();
  await world.clock.advance(1_000);
  for (let open = BATCH_MAX; open <= OPEN_MAX; open += BATCH_MAX) assert.equal(batch().status, "answered");
  await world.clock.advance(1_000);
});
