import assert from "node:assert/strict";
import { isCouponCommand, isCouponKey } from "../../../src/cluster/coupon_commands.ts";
import type { Found } from "../../../src/cluster/calls.ts";
import { applyProbe } from "../../../src/cluster/judgement.ts";
import { PROTOCOL, PROTOCOL_MIN } from "../../../src/cluster/member.ts";
import { type Member, selfMember } from "../../../src/cluster/mod.ts";
import { isSaleCommand, isSaleKey } from "../../../src/cluster/sale_commands.ts";
import { ClusterView } from "../../../src/cluster/cluster_view.ts";
import {
  type Answer,
  BadMessage,
  BATCH_MAX,
  commandsIn,
  decodeAnswers,
  decodeCommands,
  encodeAnswers,
  encodeCommands,
  versioned,
} from "../../../src/cluster/wire.ts";
import { claim, create, edit, terms, validate, voidClaim } from "../../support/commands.ts";
import {
  checkout,
  editSale,
  KEY,
  newCode,
  open,
  purchase,
  release,
  voidPurchase,
} from "../../support/sale_commands.ts";

const SENT = { now: 1_000_000, monotonic: 5_000 };
const POSTED = { kind: "coupon", key: "ünï 🎉", command: claim("u"), deadline: 9_000, lease: 7_000 };

Deno.test("commands arrive as they left, their time counted by the receiver's clock", () => {
  const first = { ...POSTED, mayBeStored: false, redirects: 0 };
  const sent = [
    first,
    { ...first, command: claim("v") },
    { ...first, key: "other" },
    { ...first, kind: "sale", key: "other" },
    { ...first, kind: "sale", key: "other", lease: 6_000 },
    { ...first, mayBeStored: true, redirects: 3 },
    { ...first, mayBeStored: true, redirects: 3, command: claim("w"), lease: 7_000.9 },
    first,
  ];
  const runs = decodeCommands(JSON.parse(encodeCommands(sent, PROTOCOL, SENT)), { now: 1_000_000, monotonic: 77 });
  const read = runs.flatMap(({ commands, ...run }) => commands.map((command) => ({ ...run, command })));
  assert.deepEqual(
    read,
    sent.map(({ lease, ...each }) => ({ ...each, deadline: 77 + Math.floor(lease - SENT.monotonic) })),
  );
  assert.equal(commandsIn(runs), sent.length);
  assert.equal(runs.length, 6, "what differs in the command alone is one run");
});

Deno.test("what a batch lay on its way is taken off its time; a clock that is behind adds none", () => {
  const text = encodeCommands([{ ...POSTED, mayBeStored: false, redirects: 0 }], PROTOCOL, SENT);
  const deadline = (now: number) => decodeCommands(JSON.parse(text), { now, monotonic: 100 })[0]!.deadline;
  assert.equal(deadline(1_000_000 + 1_500), 100 + 500);
  assert.equal(deadline(1_000_000 + 60_000), 100 + 2_000 - 60_000);
  assert.equal(deadline(1_000_000 - 50), 100 + 2_000);
});

const command = ["coupon", "k", 1_000, 0, { id: "x" }];
const garbage: unknown[] = [
  null,
  "a",
  {},
  [],
  [0, []],
  [PROTOCOL + 1, 1, []],
  [PROTOCOL_MIN - 1, 1, []],
  [String(PROTOCOL), 1, []],
  [PROTOCOL, "now", []],
  [PROTOCOL, -1, []],
  [PROTOCOL, 1],
  [PROTOCOL, 1, {}],
  [1, []],
  [PROTOCOL, 1, [null]],
  [PROTOCOL, 1, [[]]],
  [PROTOCOL, 1, [command, "x"]],
  [PROTOCOL, 1, Array(BATCH_MAX + 1).fill(command)],
  [PROTOCOL, 1, [[...command, ...Array(BATCH_MAX).fill({ id: "x" })]]],
  [PROTOCOL, 1, [[...command, { id: "x" }, null]]],
  [PROTOCOL, 1, [command.slice(0, 4)]],
  ...command.map((_, at) => [PROTOCOL, 1, [command.with(at, null as never)]]),
  [PROTOCOL, 1, [command.with(2, -1)]],
  [PROTOCOL, 1, [command.with(3, 1.5)]],
  [PROTOCOL, 1, [command.with(4, { id: 1 } as never)]],
];
for (const message of garbage) {
  Deno.test(`decodeCommands() refuses ${JSON.stringify(message).slice(0, 60)}`, () => {
    assert.throws(() => decodeCommands(message, SENT), BadMessage);
  });
}

Deno.test("versioned() takes the versions that this node speaks", () => {
  for (let version = PROTOCOL_MIN; version <= PROTOCOL; version++) {
    assert.deepEqual(versioned([version, "a"]), [version, "a"]);
  }
  for (const version of [PROTOCOL_MIN - 1, PROTOCOL + 1, 4.5, -1, "4", null]) {
    assert.throws(() => versioned([version]), BadMessage);
  }
});

Deno.test("answers arrive as they left; what is none is refused", () => {
  const owner = selfMember("n1", "http://n1:8081", 1);
  const answers: Answer[] = [[0, 0, { kind: "x" }], [1, 1, "sold_out"], [2, 2, "overloaded"], [3, 3, owner]];
  assert.deepEqual(decodeAnswers(encodeAnswers(answers)), answers);
  for (const line of ["{}", "[[]]", "[[0,4,1]]", "[[0,3,{}]]", "[[0,2,1]]", "[[-1,0,1]]", "[[0,0]]", "["]) {
    assert.throws(() => decodeAnswers(line));
  }
});

Deno.test("isCouponCommand() takes every command that the edge makes", () => {
  const all = [
    claim("u", { keyed: true }),
    validate("ünï 🎉"),
    voidClaim("u"),
    create(terms("Promo", 1, { startsAt: 5, endsAt: null })),
    edit({}),
    edit({ amount: 3, startsAt: null, endsAt: 9, paused: true }),
    claim("u", {}, { orderAmount: "49.99", membership: { segment: "gold", until: 0 } }),
    create(terms("Promo", 1, { kind: "discount", percentOff: "15.00", maxDiscount: null, minOrder: "50.00" })),
    create(terms("Promo", 1, { kind: "charge", credit: "0.01", segment: "gold" })),
    edit({ segment: null, amountOff: "1.00", percentOff: null }),
  ];
  for (const each of all) assert(isCouponCommand(JSON.parse(JSON.stringify(each))), each.kind);
});

Deno.test("isCouponCommand() refuses what the rules must not meet", () => {
  const good = claim("u");
  const wrong = [
    null,
    "claim",
    {},
    { ...good, kind: "transfer" },
    { ...good, id: "1" },
    { ...good, id: undefined },
    { ...good, keyed: 1 },
    { ...good, userId: "" },
    { ...good, userId: 5 },
    { ...good, userId: "a\u0000" },
    create(terms("a/b", 1)),
    create(terms("Promo", 0)),
    create(terms("Promo", 1.5)),
    { ...create(terms("Promo", 1)), terms: null },
    create(terms("Promo", 1, { startsAt: "now" as never })),
    edit({ amount: 2 ** 31 }),
    edit({ paused: null as never }),
    { ...edit({}), changes: undefined },
    { ...good, orderAmount: 5 },
    { ...good, orderAmount: "5" },
    { ...good, orderAmount: null },
    { ...good, membership: null },
    { ...good, membership: { segment: "gold" } },
    { ...good, membership: { segment: "", until: 5 } },
    { ...good, membership: { segment: "gold", until: 0.5 } },
    create(terms("Promo", 1, { kind: "gift" as never })),
    create(terms("Promo", 1, { kind: "charge" })),
    create(terms("Promo", 1, { kind: "charge", credit: "1" })),
    create(terms("Promo", 1, { kind: "discount", percentOff: "100.01" })),
    create(terms("Promo", 1, { credit: "1.00" })),
    create(terms("Promo", 1, { segment: " " })),
    edit({ credit: "0.00" }),
    edit({ segment: 5 as never }),
  ];
  for (const each of wrong) assert(!isCouponCommand(each), JSON.stringify(each));
});

Deno.test("isCouponKey() takes folds alone", () => {
  assert(isCouponKey("promo"));
  for (const key of ["Promo", " promo", "", "a/b", "."]) assert(!isCouponKey(key), key);
});

Deno.test("isSaleCommand() takes every command that the edge makes, and nothing that the rules must not meet", () => {
  const code = newCode();
  const held = checkout("ünï 🎉", 7, { keyed: true });
  const all = [open(10), held, checkout("u", 0), purchase(code), release(code), voidPurchase(code), editSale()];
  all.push({ ...held, current: true }, { ...purchase(code), by: "u" }, { ...release(code), by: "u" });
  for (const each of [...all, editSale({ paused: true })]) {
    assert(isSaleCommand(JSON.parse(JSON.stringify(each))), each.kind);
  }
  const wrong = [
    null,
    claim("u"),
    { ...held, userId: "" },
    { ...held, n: -1 },
    { ...held, n: "7" },
    { ...held, code: KEY + "." + code },
    { ...held, id: "1" },
    { ...held, keyed: undefined },
    { ...held, current: false },
    { ...held, current: 1 },
    { ...purchase(code), by: "" },
    { ...release(code), by: 7 },
    { ...purchase(code), code: code.slice(1) },
    { ...purchase(code), code: undefined },
    { ...open(10), number: -1 },
    open(0),
    open(1_000_000),
    editSale({ paused: 1 as never }),
  ];
  for (const each of wrong) assert(!isSaleCommand(each), JSON.stringify(each));
  assert(isSaleKey(KEY));
  for (const key of ["2026-11-21T24Z", "promo", ""]) assert(!isSaleKey(key), key);
});

const A1: Member = { ...selfMember("a", "http://a:8081", 5) };
const judgements: [found: string, Found, missing: boolean, incarnation: number][] = [
  ["silent", "silent", false, 5],
  ["silent and missing", "silent", true, 0],
  ["refused", "refused", false, 0],
  ["refused and missing", "refused", true, 0],
  ["there", { ...A1, leaving: false }, false, 5],
  ["there, though missing", { ...A1, leaving: false }, true, 5],
  ["leaving", { ...A1, leaving: true }, false, 0],
  ["a new incarnation", { ...A1, incarnation: 6, leaving: false }, false, 6],
  ["another node at its address", { ...A1, id: "b", leaving: false }, false, 0],
];
for (const [what, found, missing, incarnation] of judgements) {
  Deno.test(`a node that is found ${what} is ${incarnation === 0 ? "out" : "in"}`, () => {
    const before = ClusterView.alone(selfMember("self", "http://self:8081", 1)).admitted(A1);
    assert.equal(applyProbe(before, A1, found, missing).member("a")?.incarnation ?? 0, incarnation);
  });
}
