/** Does an item number mean an item of the current sale, bought once however the hour turns? */
import assert from "node:assert/strict";
import { Fault, type OutcomeOf, type Sales } from "../../../src/ports/mod.ts";
import type { SaleCommandOf, SaleKind } from "../../../src/domain/sale.ts";
import { HOUR_MS, itemIdOf, saleKeyOf } from "../../../src/domain/sale_ids.ts";
import { OPEN } from "../../../src/http/auth/callers.ts";
import { askCurrent } from "../../../src/http/handlers/current_sale.ts";
import { wordSale } from "../../../src/http/handlers/sale_asking.ts";
import { get, type TestEdge, withEdge } from "../../support/edge.ts";
import { KEY, NUMBER, open, SaleDesk, settingsOf, START } from "../../support/sale_commands.ts";
import { ADMIN_TOKEN, bearer, knownCallers, SERVICE_TOKEN } from "../../support/tokens.ts";

const ITEMS = 9;
const NEXT = saleKeyOf(NUMBER + 1);

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
async function say(edge: TestEdge, method: string, path: string, headers: Record<string, string> = {}): Promise<any> {
  const response = await edge.fetch(get(path, method, headers));
  const body = await response.json();
  return { told: response.ok ? String(response.status) : `${response.status} ${body.code}`, body };
}

const checkout = (edge: TestEdge, user: string, item: string | number, key?: string) =>
  say(edge, "POST", `/checkout?user_id=${user}&id=${item}`, key === undefined ? {} : { "idempotency-key": key });

/** What was tried on a sale: `user item outcome`. */
async function attemptsOf(edge: TestEdge, key: string): Promise<string[]> {
  const { body } = await say(edge, "GET", `/api/sales/${key}/attempts`);
  return body.data.map(({ user_id, item_id, outcome }: Record<string, unknown>) =>
    `${user_id} ${Number(item_id) % 1_000_000} ${outcome}`
  );
}

function test(name: string, body: (edge: TestEdge) => Promise<void>, more = {}): void {
  Deno.test(name, () =>
    withEdge(
      async (edge) => {
        await edge.sales.ask(KEY, open(ITEMS));
        await edge.sales.ask(NEXT, { ...open(ITEMS), number: NUMBER + 1 });
        await body(edge);
        assert.deepEqual(edge.failures, []);
      },
      10_000,
      settingsOf(more),
    ));
}

test("an id from 1 to the number of items means that item of the current sale, and no other does", async (edge) => {
  for (const n of [1, ITEMS]) {
    const { told, body } = await checkout(edge, "ann", n);
    assert.equal(told, "200");
    assert.deepEqual([body.item.id, body.item.sale], [itemIdOf(NUMBER, n), KEY]);
    assert.equal((await checkout(edge, "ann", itemIdOf(NUMBER, n))).body.code, body.code, "the same item by its id");
  }
  for (const item of ["0", ITEMS + 1, 999_999, "01", "1.0", "+1", "-1", "1e0", "%201", ""]) {
    assert.equal((await checkout(edge, "ann", item)).told, "404 item_not_found", String(item));
  }
  edge.clock.epoch += HOUR_MS;
  assert.equal((await checkout(edge, "ann", 1)).body.item.id, itemIdOf(NUMBER + 1, 1));
});

test("item numbers name items of the current sale in paths too, and no picture of it is kept over the hour", async (edge) => {
  assert.equal((await say(edge, "GET", "/api/sales/current/items/3")).body.id, itemIdOf(NUMBER, 3));
  assert.equal((await say(edge, "GET", `/api/sales/${KEY}/items/3`)).body.id, itemIdOf(NUMBER, 3));
  assert.equal((await say(edge, "GET", `/api/sales/${NEXT}/items/3`)).told, "404 item_not_found");
  assert.equal((await say(edge, "GET", `/api/sales/current/items/${ITEMS + 1}`)).told, "404 item_not_found");
  const cacheOf = async (item: number) => {
    const { status, headers } = await edge.fetch(get(`/api/sales/current/items/${item}/image.svg`));
    return [status, headers.get("cache-control")];
  };
  assert.deepEqual(await cacheOf(3), [200, "no-cache"]);
  assert.deepEqual(await cacheOf(itemIdOf(NUMBER, 3)), [200, "public, max-age=31536000, immutable"]);
});

test("a repeat with the same key after the hour gets the first answer, and holds nothing more", async (edge) => {
  const first = await checkout(edge, "ann", 1, "key");
  assert.equal(first.told, "200");
  edge.clock.epoch += HOUR_MS;
  const again = await checkout(edge, "ann", 1, "key");
  assert.deepEqual([again.told, again.body], ["200", first.body]);
  assert.equal((await checkout(edge, "ann", 2, "key")).told, "422 idempotency_key_reused");
  assert.equal((await checkout(edge, "eve", 1, "key")).told, "422 idempotency_key_reused");
  assert.deepEqual(await attemptsOf(edge, NEXT), [], "the sale of this hour was not asked");
  assert.equal((await checkout(edge, "ann", 1)).body.item.sale, NEXT, "without the key it is another request");
});

test("a key that was not accepted in the hour before is one of this hour's sale, and leaves no attempt there", async (edge) => {
  edge.clock.epoch += HOUR_MS;
  const first = await checkout(edge, "ann", 1, "key");
  assert.deepEqual([first.told, first.body.item.sale], ["200", NEXT]);
  assert.deepEqual((await checkout(edge, "ann", 1, "key")).body, first.body);
  assert.equal((await checkout(edge, "ann", ITEMS + 1, "other")).told, "404 item_not_found");
  assert.deepEqual(await attemptsOf(edge, KEY), []);
  assert.deepEqual(await attemptsOf(edge, NEXT), ["ann 1 ok", "ann 10 item_not_found"]);
});

test("a key that was refused in the hour before binds nothing", async (edge) => {
  await checkout(edge, "ann", 1);
  assert.equal((await checkout(edge, "eve", 1, "key")).told, "412 item_unavailable");
  edge.clock.epoch += HOUR_MS;
  const { told, body } = await checkout(edge, "eve", 1, "key");
  assert.deepEqual([told, body.item.sale], ["200", NEXT]);
});

test("repeats at once, before and after the hour, hold one item in all", async (edge) => {
  const before = Array.from({ length: 5 }, () => checkout(edge, "ann", 1, "key"));
  edge.clock.epoch += HOUR_MS;
  const after = Array.from({ length: 5 }, () => checkout(edge, "ann", 1, "key"));
  const answers = await Promise.all([...before, ...after]);
  assert.deepEqual(new Set(answers.map(({ told }) => told)), new Set(["200"]));
  assert.equal(new Set(answers.map(({ body }) => body.code)).size, 1);
  assert.equal((await attemptsOf(edge, KEY)).length + (await attemptsOf(edge, NEXT)).length, 1);
}, { mode: "open" });

Deno.test("a node without a sale in the hour before sells in this hour's, with a key too", () =>
  withEdge(async (edge) => {
    await edge.sales.ask(KEY, open(ITEMS));
    assert.equal((await checkout(edge, "ann", 1, "key")).told, "200");
    assert.equal((await checkout(edge, "ann", ITEMS + 1, "other")).told, "404 item_not_found");
  }));

Deno.test("a key is its caller's own over the hour", async () => {
  const clock = { now: () => START };
  await withEdge(
    async (edge) => {
      await edge.sales.ask(KEY, open(ITEMS));
      await edge.sales.ask(NEXT, { ...open(ITEMS), number: NUMBER + 1 });
      const by = (token: string) =>
        say(edge, "POST", "/checkout?user_id=ann&id=1", { "idempotency-key": "key", ...bearer(token) });
      const first = await by(SERVICE_TOKEN);
      edge.clock.epoch += HOUR_MS;
      assert.equal((await by(SERVICE_TOKEN)).body.code, first.body.code);
      assert.equal((await by(ADMIN_TOKEN)).body.item.sale, NEXT);
    },
    10_000,
    settingsOf(),
    { callers: knownCallers(clock) },
  );
});

Deno.test("a sale whose hour is over takes no checkout of the current sale's item, but what it accepted stays", () => {
  const desk = new SaleDesk(3);
  const wanted = (userId: string, n: number, id: string, code: string): SaleCommandOf<"checkout"> => {
    return { kind: "checkout", userId, n, id, code, keyed: true, current: true };
  };
  const codes = Array.from({ length: 4 }, (_, n) => `${n}`.padEnd(21, "x") + "A");
  const first = wanted("ann", 1, "one", codes[0]!);
  desk.now = START + HOUR_MS - 1;
  assert.equal(desk.say(first), "accepted");
  desk.now = START + HOUR_MS;
  const late = desk.ask(wanted("ann", 2, "two", codes[1]!));
  assert.deepEqual(late, { kind: "refused", refusal: "sale_not_current", isAbsence: true });
  assert.equal(desk.say(wanted("ann", 99, "three", codes[2]!)), "sale_not_current", "before its number is looked at");
  assert.equal(desk.say(first), "replay");
  assert.equal(desk.say({ ...first, id: "another copy without a key", keyed: false }), "replay", "by its code");
  assert.equal(desk.say(wanted("ann", 2, "one", codes[3]!)), "idempotency_key_reused");
  assert.deepEqual(desk.outcomes, ["ok", "idempotency_key_reused"], "what was not decided here left no attempt");
  const early = new SaleDesk(3);
  early.now = START - 1;
  assert.equal(early.say(wanted("ann", 1, "one", codes[0]!)), "sale_not_current", "nor of an hour that has not begun");
  early.now = START;
  assert.equal(early.say(wanted("ann", 1, "one", codes[0]!)), "accepted");
  const { current: _, ...ofThisSale } = wanted("ann", 2, "two", codes[1]!);
  assert.equal(desk.say(ofThisSale), "accepted", "an item that is named by its id is sold on");
});

/** Sales that answer as they are told to, and what each was asked. */
function scripted(answers: Readonly<Record<string, OutcomeOf<SaleKind> | Error>>): { sales: Sales; asked: string[] } {
  const asked: string[] = [];
  const ask = (key: string) => {
    asked.push(key);
    const answer = answers[key] ?? { kind: "refused", refusal: "item_not_found" } as const;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { sales: { ask } as Sales, asked };
}

const LATE = { kind: "refused", refusal: "sale_not_current" } as const;
const HELD = { kind: "refused", refusal: "item_unavailable" } as const;
const views = { current: () => NUMBER };
const wanted = { kind: "checkout", userId: "ann", n: 1 } as const;
const keyed = get("/checkout", "POST", { "idempotency-key": "key" });
const unkeyed = get("/checkout", "POST");
const BEFORE = saleKeyOf(NUMBER - 1);

Deno.test("askCurrent() asks no later sale where it is not known what became of the request in the one before", async () => {
  const { sales, asked } = scripted({ [BEFORE]: new Fault("storage_unavailable", "no answer") });
  await assert.rejects(askCurrent({ sales, views }, keyed, OPEN, wanted), { code: "storage_unavailable" });
  assert.deepEqual(asked, [BEFORE]);
});

Deno.test("askCurrent() lets the sales say which is current, where its own clock is ahead of theirs or behind", async () => {
  const cases: [Request, Parameters<typeof scripted>[0], asked: string[]][] = [
    [unkeyed, { [KEY]: HELD }, [KEY]],
    [unkeyed, { [KEY]: LATE, [NEXT]: HELD }, [KEY, NEXT]],
    [unkeyed, { [KEY]: LATE, [NEXT]: LATE, [BEFORE]: HELD }, [KEY, NEXT, BEFORE]],
    [unkeyed, { [KEY]: LATE, [BEFORE]: HELD }, [KEY, NEXT, BEFORE]],
    [unkeyed, {}, [KEY]],
    [keyed, { [BEFORE]: HELD, [KEY]: LATE }, [BEFORE]],
    [keyed, { [BEFORE]: LATE, [KEY]: HELD }, [BEFORE, KEY]],
    [keyed, { [BEFORE]: LATE, [KEY]: LATE, [NEXT]: HELD }, [BEFORE, KEY, NEXT]],
    [keyed, { [KEY]: HELD }, [BEFORE, KEY]],
    [keyed, {}, [BEFORE, KEY]],
  ];
  for (const [request, answers, expected] of cases) {
    const { sales, asked } = scripted(answers);
    const outcome = await askCurrent({ sales, views }, request, OPEN, wanted);
    assert.deepEqual(asked, expected);
    assert.equal(outcome, answers[expected.at(-1)!] ?? outcome);
  }
});

Deno.test("askCurrent() says that no sale is current where none is, so that the request is to be sent again", async () => {
  for (const [request, expected] of [[unkeyed, [KEY, NEXT, BEFORE]], [keyed, [BEFORE, KEY, NEXT]]] as const) {
    for (const others of [{}, { [BEFORE]: LATE, [NEXT]: LATE }]) {
      const { sales, asked } = scripted({ [KEY]: LATE, ...others });
      assert.deepEqual(await askCurrent({ sales, views }, request, OPEN, wanted), LATE);
      assert.deepEqual(asked, expected);
    }
  }
  assert.throws(() => wordSale({ sales: {} as Sales, purchaseLimit: 1 }, LATE, { id: "a", echoed: false }), {
    code: "moved",
  });
});
