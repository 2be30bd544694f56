/** Does a buyer do what its plan says, and no more? */
import assert from "node:assert/strict";
import { shop } from "../../../../tools/stampede/buyer.ts";
import { Ledger, type Reply } from "../../../../tools/stampede/ledger.ts";
import type { Ending, Plan } from "../../../../tools/stampede/plan.ts";

/** Sends to a shop whose answers are given, in their order; returns what was sent. */
async function sentBy(plan: Plan, answers: [status: number, code?: string][]): Promise<{ sent: string[] }> {
  const sent: string[] = [];
  const ledger = new Ledger();
  const send = (method: string, path: string): Promise<Reply> => {
    const [status, code] = answers[sent.length]!;
    sent.push(`${method} ${path}`);
    const id = Number(/&id=(\d+)/.exec(path)?.[1]);
    return Promise.resolve({ status, ms: 1, body: { code, user_id: "ann b", item: { id } } });
  };
  await shop("ann b", plan, { send, ledger, items: [70, 71, 72] });
  assert.deepEqual(ledger.strange, []);
  return { sent };
}

function plan(endings: Ending[], more: Partial<Plan> = {}): Plan {
  const tries = endings.map((ending, place) => ({ place, ending }));
  return { kind: "keen", copies: 1, wants: endings.length, tries, ...more };
}
const CHECKOUT = (id: number) => `POST /checkout?user_id=ann%20b&id=${id}`;

Deno.test("shop() buys, gives back or walks away as it was planned", async () => {
  const { sent } = await sentBy(plan(["buy", "give back", "walk away"]), [
    ...[[200, "a+"], [200], [200, "b"], [200], [200, "c"]] as [number, string?][],
  ]);
  assert.deepEqual(sent, [
    ...[CHECKOUT(70), "POST /purchase?code=a%2B", CHECKOUT(71), "DELETE /checkout?code=b", CHECKOUT(72)],
  ]);
});

Deno.test("shop() tries the next item after a refusal or a lost answer, and ends once it has what it wants", async () => {
  const refused = await sentBy(plan(["buy", "buy", "buy"], { wants: 1 }), [
    ...[[412, "item_unavailable"], [0], [200, "c"], [200]] as [number, string?][],
  ]);
  assert.deepEqual(refused.sent, [CHECKOUT(70), CHECKOUT(71), CHECKOUT(72), "POST /purchase?code=c"]);
  const early = await sentBy(plan(["buy", "buy"], { wants: 1 }), [[200, "a"], [200]]);
  assert.deepEqual(early.sent, [CHECKOUT(70), "POST /purchase?code=a"]);
});

Deno.test("shop() goes home once it is told of its limit", async () => {
  assert.deepEqual((await sentBy(plan(["buy", "buy"]), [[429, "limit_reached"]])).sent, [CHECKOUT(70)]);
});

Deno.test("shop() sends each request as often as it was planned", async () => {
  const { sent } = await sentBy(plan(["buy"], { copies: 2 }), [[200, "a"], [200, "a"], [200], [409, "code_used"]]);
  assert.deepEqual(sent, [CHECKOUT(70), CHECKOUT(70), "POST /purchase?code=a", "POST /purchase?code=a"]);
});
