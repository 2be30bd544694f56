/** Is an answer written down as what it means? */
import assert from "node:assert/strict";
import { Ledger } from "../../../../tools/stampede/ledger.ts";

function replied(status: number, body: Record<string, unknown> = {}) {
  return { status, body, ms: 5 };
}
const GIVEN = { code: "S.c", user_id: "ann", item: { id: 7 } };

Deno.test("Ledger.checkout() keeps the code that was given, once however often it is told", () => {
  const ledger = new Ledger();
  assert.equal(ledger.checkout("ann", 7, replied(200, GIVEN)), "ok");
  assert.equal(ledger.checkout("ann", 7, replied(200, GIVEN)), "ok");
  assert.deepEqual([...ledger.codes], [["S.c", { user: "ann", item: 7, purchases: [], releases: [] }]]);
  assert.deepEqual([ledger.checkouts.length, ledger.strange], [2, []]);
  assert.deepEqual([...ledger.answers], [["checkout 200", 2]]);
});

const OUTCOMES: readonly [status: number, code: string | undefined, outcome: string, isStrange: boolean][] = [
  [412, "item_unavailable", "item_unavailable", false],
  [429, "limit_reached", "limit_reached", false],
  [503, "storage_unavailable", "unsure", false],
  [0, undefined, "unsure", false],
  [400, "invalid_request", "unsure", true],
  [500, "internal_error", "unsure", true],
  [404, undefined, "unsure", true],
  [302, undefined, "unsure", true],
];
for (const [status, code, outcome, isStrange] of OUTCOMES) {
  Deno.test(`Ledger takes ${status} ${code ?? ""} as ${outcome}${isStrange ? ", and as strange" : ""}`, () => {
    const ledger = new Ledger();
    assert.equal(ledger.checkout("ann", 7, replied(status, code === undefined ? {} : { code })), outcome);
    assert.equal(ledger.codes.size, 0);
    assert.equal(ledger.strange.length, isStrange ? 1 : 0);
  });
}

Deno.test("Ledger.checkout() finds a success strange that is another's, for another item, or without a code", () => {
  const bodies = [{ ...GIVEN, user_id: "bob" }, { ...GIVEN, item: { id: 8 } }, { ...GIVEN, code: undefined }, {}];
  for (const body of bodies) {
    const ledger = new Ledger();
    ledger.checkout("ann", 7, replied(200, body));
    assert.deepEqual([ledger.strange.length, ledger.codes.size], [1, 0], JSON.stringify(body));
  }
  const ledger = new Ledger();
  ledger.checkout("ann", 7, replied(200, GIVEN));
  ledger.checkout("bob", 7, replied(200, { ...GIVEN, user_id: "bob" }));
  assert.deepEqual(ledger.strange, ["bob was given a code of ann"]);
});

Deno.test("Ledger notes what was told of a code", () => {
  const ledger = new Ledger();
  ledger.checkout("ann", 7, replied(200, GIVEN));
  ledger.purchase("S.c", replied(200));
  ledger.purchase("S.c", replied(409, { code: "code_used" }));
  ledger.release("S.c", replied(404, { code: "hold_not_live" }));
  const { purchases, releases } = ledger.codes.get("S.c")!;
  assert.deepEqual([purchases, releases], [["ok", "code_used"], ["hold_not_live"]]);
  assert.equal(ledger.answers.get("purchase 409 code_used"), 1);
  assert.equal(ledger.latencies.count, 4);
});
