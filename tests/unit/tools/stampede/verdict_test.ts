/** Is each thing that can be wrong found, and nothing else? A small exact world, then one thing of it changed. */
import assert from "node:assert/strict";
import type { AttemptShown, Evidence, HoldShown, ItemShown, SaleShown } from "../../../../tools/stampede/evidence.ts";
import { Ledger } from "../../../../tools/stampede/ledger.ts";
import { contradiction, verdict, wasQuiet } from "../../../../tools/stampede/verdict.ts";

const LIMIT = 2;

/** Evidence that a case may change. */
interface World {
  ledger: Ledger;
  before: SaleShown;
  after: SaleShown;
  items: ItemShown[];
  attempts: AttemptShown[];
  totals: [number, number];
  holds: Map<string, HoldShown>;
}

/** Ann buys 1 and 2 and is told of her limit, Bob is refused 1 and has given 3 back, Cid walked away from 4 of 5. */
function exactWorld(): World {
  const ledger = new Ledger();
  const reply = (status: number, body: Record<string, unknown> = {}) => ({ status, body, ms: 1 });
  const holds = new Map<string, HoldShown>();
  const attempts: AttemptShown[] = [];
  const refuse = (user: string, item: number, status: number, code: string) => {
    ledger.checkout(user, item, reply(status, { code }));
    attempts.push({ user_id: user, item_id: item, outcome: code });
  };
  const get = (user: string, item: number, code: string, state: HoldShown["state"]) => {
    ledger.checkout(user, item, reply(200, { code, user_id: user, item: { id: item } }));
    attempts.push({ user_id: user, item_id: item, outcome: "ok" });
    holds.set(code, { user_id: user, item: { id: item }, state });
  };
  get("ann", 1, "a1", "purchased");
  refuse("bob", 1, 412, "item_unavailable");
  get("ann", 2, "a2", "purchased");
  refuse("ann", 3, 429, "limit_reached");
  get("bob", 3, "b3", "ended");
  get("cid", 4, "c4", "live");
  ledger.purchase("a1", reply(200));
  ledger.purchase("a1", reply(409, { code: "code_used" }));
  ledger.purchase("a2", reply(200));
  ledger.release("b3", reply(200));
  attempts.push({ user_id: "someone else", item_id: 5, outcome: "ok" });
  const states = ["sold", "sold", "available", "held", "available"] as const;
  const items = states.map((state, index) => ({ id: index + 1, state }));
  const sale: SaleShown = { id: "s", items: 5, sold: 2, held: 1, left: 2, state: "open" };
  return { ledger, before: sale, after: sale, items, attempts, totals: [7, 7], holds };
}

function judge({ ledger, ...evidence }: World): string[] {
  return verdict(ledger, evidence satisfies Evidence, LIMIT);
}

function state(world: World, code: string, state: HoldShown["state"]): void {
  world.holds.set(code, { ...world.holds.get(code)!, state });
}

Deno.test("verdict() finds nothing wrong with an exact world", () => {
  assert.deepEqual(judge(exactWorld()), []);
});

const WRONG: Readonly<Record<string, [change: (world: World) => void, said: RegExp]>> = {
  "an attempt that is not stored": [(world) => {
    world.attempts.splice(1, 1);
    world.totals = [6, 6];
  }, /^1 attempts are missing: bob 1 item_unavailable$/],
  "an attempt stored with another outcome": [
    (world) => world.attempts[1] = { ...world.attempts[1]!, outcome: "ok" },
    /attempts are missing: bob 1 item_unavailable/,
  ],
  "an attempt stored twice": [(world) => {
    world.attempts.push(world.attempts[1]!);
    world.totals = [8, 8];
  }, /^1 attempts are stored that none was told of: bob 1/],
  "a purchase that was lost": [(world) => state(world, "a1", "expired"), /a1 of ann is expired, but was bought/],
  "a purchase that was never made": [(world) => state(world, "c4", "purchased"), /c4 of cid is purchased, but/],
  "a hold given back that is still live": [(world) => state(world, "b3", "live"), /b3 of bob is live, but was given/],
  "a hold that ended by itself": [(world) => state(world, "c4", "ended"), /c4 of cid is ended, but was never given/],
  "a code that is gone": [(world) => world.holds.delete("c4"), /the code c4 of cid is not known/],
  "a code that became another's": [
    (world) => world.holds.set("c4", { ...world.holds.get("c4")!, user_id: "dan" }),
    /the code c4 of cid is of dan/,
  ],
  "a bought item that is not sold": [
    (world) => world.items[1] = { id: 2, state: "available" },
    /ann bought the item 2, which is available/,
  ],
  "a sale that says it sold more": [
    (world) => world.before = world.after = { ...world.after, sold: 3, left: 1 },
    /2 items are listed as sold, and the sale says 3/,
  ],
  "a sale that does not add up": [
    (world) => world.after = { ...world.after, left: 3 },
    /sold \+ held \+ left are 6, and there are 5 items/,
  ],
  "a sale that lists too few items": [(world) => world.items.pop(), /4 items are listed, and there are 5/],
  "a sale that holds more than it lists": [
    (world) => world.items[3] = { id: 4, state: "available" },
    /0 items are listed as held/,
  ],
  "attempts that are fewer than their total": [(world) => world.totals = [9, 9], /7 attempts are listed/],
  "a false refusal": [(world) => {
    world.attempts.unshift(...world.attempts.splice(1, 1));
  }, /bob was refused the item 1, which no one had had/],
  "a purchase told twice": [
    (world) => world.ledger.purchase("a2", { status: 200, body: {}, ms: 1 }),
    /a2 of ann is purchased, but was bought 2 times/,
  ],
  "one above the limit": [(world) => {
    const reply = (body: Record<string, unknown>) => ({ status: 200, body, ms: 1 });
    world.ledger.checkout("ann", 5, reply({ code: "a5", user_id: "ann", item: { id: 5 } }));
    world.ledger.purchase("a5", reply({}));
    world.holds.set("a5", { user_id: "ann", item: { id: 5 }, state: "purchased" });
    world.attempts.push({ user_id: "ann", item_id: 5, outcome: "ok" });
  }, /ann bought 3 items/],
  "a limit that was never near": [(world) => {
    world.ledger.checkout("bob", 2, { status: 429, body: { code: "limit_reached" }, ms: 1 });
    world.attempts.push({ user_id: "bob", item_id: 2, outcome: "limit_reached" });
  }, /bob was told of a limit with 1 codes of 2/],
  "an item sold twice": [(world) => {
    world.holds.set("c4", { user_id: "cid", item: { id: 1 }, state: "purchased" });
    world.ledger.codes.set("c4", { user: "cid", item: 1, purchases: ["ok"], releases: [] });
  }, /the item 1 is sold to ann and to cid/],
  "an answer that made no sense": [(world) => world.ledger.strange.push("500 of checkout"), /^500 of checkout$/],
};
for (const [name, [change, said]] of Object.entries(WRONG)) {
  Deno.test(`verdict() finds ${name}`, () => {
    const world = exactWorld();
    change(world);
    const wrong = judge(world);
    assert(wrong.some((line) => said.test(line)), JSON.stringify(wrong));
  });
}

Deno.test("verdict() takes a lost answer for either, but not for more than it can be", () => {
  const lost = { status: 0, body: {}, ms: 1 };
  const world = exactWorld();
  world.ledger.checkout("dan", 5, lost);
  world.ledger.purchase("c4", lost);
  assert.deepEqual(judge(world), [], "neither happened");
  world.attempts.push({ user_id: "dan", item_id: 5, outcome: "item_unavailable" });
  state(world, "c4", "purchased");
  world.items[3] = { id: 4, state: "sold" };
  world.before = world.after = { ...world.after, sold: 3, held: 0 };
  world.totals = [8, 8];
  assert.deepEqual(judge(world), [], "both happened");
  world.attempts.push({ user_id: "dan", item_id: 5, outcome: "ok" });
  assert(judge(world).some((line) => line.includes("none was told of")), "one request is not two attempts");
});

Deno.test("verdict() does not compare counts while others buy, but all else", () => {
  const world = exactWorld();
  world.after = { ...world.after, sold: 3, left: 1 };
  world.totals = [7, 9];
  assert.equal(wasQuiet(world), false);
  assert.deepEqual(judge(world), []);
  state(world, "a1", "expired");
  assert.equal(judge(world).length, 1);
});

const CONTRADICTIONS: readonly [purchases: string[], releases: string[], state: string, isWrong: boolean][] = [
  [["ok", "code_used"], [], "purchased", false],
  [["code_used"], [], "purchased", true],
  [["unsure", "code_used"], [], "purchased", false],
  [["unsure", "code_used"], [], "live", true],
  [["code_expired"], [], "expired", false],
  [["code_expired"], [], "live", true],
  [["code_unknown"], [], "live", true],
  [["sold_to_another"], [], "sold_to_another", false],
  [[], ["ok", "hold_not_live"], "ended", false],
  [[], ["ok", "ok"], "ended", true],
  [[], ["unsure"], "ended", false],
  [[], ["unsure"], "expired", false],
  [[], ["code_unknown"], "live", true],
];
for (const [purchases, releases, state, isWrong] of CONTRADICTIONS) {
  const told = `${[...purchases, ...releases].join(", ")} and ${state}`;
  Deno.test(`contradiction() finds ${told} ${isWrong ? "wrong" : "right"}`, () => {
    const found = contradiction({ user: "ann", item: 1, purchases, releases }, state);
    assert.equal(found !== undefined, isWrong, found ?? "");
  });
}
