/** Does a commit of several actors touch the rows of each alone, where their users and items are the same? */
import assert from "node:assert/strict";
import { Fenced, type LoadedActor, type Rules, type Store } from "../../../src/ports/mod.ts";
import { couponRules } from "../../../src/domain/coupon.ts";
import type { Kind } from "../../../src/domain/decision.ts";
import { type Sale, type SaleKind, saleRules } from "../../../src/domain/sale.ts";
import { saleKeyOf } from "../../../src/domain/sale_ids.ts";
import type { Storage } from "../../../src/storage/mod.ts";
import { SaleActivator } from "../../../src/storage/sale_activator.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { claim, create, edit, terms, voidClaim } from "../../support/commands.ts";
import {
  checkout,
  newCode,
  NUMBER,
  open,
  purchase,
  release,
  settingsOf,
  START,
  voidPurchase,
} from "../../support/sale_commands.ts";
import { NO_EVENTS, openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { append } from "../../support/stored.ts";

/** Actors of one kind, each under a writer; what is told to several at once is one commit. */
class Desk<K extends Kind> {
  readonly #actors = new Map<string, LoadedActor<K["State"]>>();
  #now = START;

  constructor(readonly store: Store<K>, readonly rules: Rules<K>, readonly commits: number[]) {}

  async make(key: string, command: K["Command"]): Promise<void> {
    const made = this.rules.decide(undefined, command, this.#now);
    assert(made.kind === "accepted" && made.event !== undefined);
    assert(await this.store.create(key, made.event));
    await this.activate(key);
  }

  async activate(key: string): Promise<K["State"]> {
    const activation = (await this.store.activate(key, this.#now))!;
    this.#actors.set(key, activation);
    return activation.state;
  }

  async tell(commands: Readonly<Record<string, readonly K["Command"][]>>): Promise<void> {
    this.#now++;
    this.commits.length = 0;
    await Promise.all(
      Object.entries(commands).map(([key, commands]) => {
        const { handle, turn, state } = this.#actors.get(key)!;
        const events = commands.map((command) => {
          const decided = this.rules.decide(state, command, this.#now);
          assert(decided.kind === "accepted" && decided.event !== undefined, JSON.stringify([key, command, decided]));
          this.rules.evolve(state, decided.event);
          return decided.event;
        });
        this.#actors.set(key, { handle, state, turn: turn + 1 });
        return append(this.store, { handle, turn: turn + 1, events });
      }),
    );
    assert.deepEqual(this.commits, [Object.keys(commands).length], "one commit");
  }
}

type Body = (storage: Storage, commits: number[], database: Database) => Promise<void>;

function test(behaviour: string, body: Body): void {
  for (const [name, openDatabase] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
    Deno.test(`${name}: ${behaviour}`, async () => {
      const commits: number[] = [];
      const events = { ...NO_EVENTS, committed: (_seconds: number, parts: number) => void commits.push(parts) };
      const database = await openDatabase();
      const storage = await openTestStorage(database, { lanes: 1, events });
      try {
        await body(storage, commits, database);
      } finally {
        await storage.close();
      }
    });
  }
}

test("voids and new claims of one commit change their own coupons' rows alone", async ({ coupons, views }, commits) => {
  const desk = new Desk(coupons, couponRules, commits);
  const keys = ["a", "b", "c"];
  for (const key of keys) {
    await desk.make(key, create(terms(key, 10)));
    await desk.tell({ [key]: [claim("u"), claim("v"), claim("w")] });
  }
  const before = new Map(await Promise.all(keys.map(async (key) => [key, await views.claims(key, 0, 10)] as const)));
  const again = claim("v", { keyed: true });
  await desk.tell({
    a: [voidClaim("u")],
    b: [voidClaim("v"), again],
    c: [edit({ paused: true }), voidClaim("w")],
  });
  const claimsOf = async (key: string) => (await views.claims(key, 0, 10))!.data;
  const old = (key: string, ...users: string[]) => before.get(key)!.data.filter(({ userId }) => users.includes(userId));
  assert.deepEqual(await claimsOf("a"), old("a", "v", "w"));
  assert.deepEqual(await claimsOf("c"), old("c", "u", "v"));
  const [u, w, anew] = await claimsOf("b");
  assert.deepEqual([u, w], old("b", "u", "w"));
  assert.deepEqual(anew, { couponName: "b", claimId: again.id, userId: "v", claimedAt: START + 4 });
  for (const [key, remaining] of [["a", 8], ["b", 7], ["c", 8]] as const) {
    const state = await desk.activate(key);
    assert.equal(state.remaining, remaining);
    assert.equal(state.holders.size, 10 - remaining);
    assert.equal(state.paused, key === "c");
  }
  assert.equal((await desk.activate("b")).keys.get(again.id), "claim v", "the new claim is known by its key");
});

test("a charge that is voided takes its own credit back, no other's of the same user", async (storage, commits) => {
  const desk = new Desk(storage.coupons, couponRules, commits);
  const credits = { x: "1.00", y: "20.00", z: "300.00" };
  for (const [key, credit] of Object.entries(credits)) {
    await desk.make(key, create(terms(key, 10, { kind: "charge", credit })));
    await desk.tell({ [key]: [claim("u"), claim("v")] });
  }
  await desk.tell({ x: [voidClaim("u")], y: [voidClaim("v"), claim("v")], z: [edit({ paused: true })] });
  const walletOf = async (user: string) => {
    const { data } = (await storage.userViews.wallet(user, 0, 20))!;
    return data.map(({ couponName, amount }) => `${couponName} ${amount}`).toSorted();
  };
  assert.deepEqual(await walletOf("u"), ["x -1.00", "x 1.00", "y 20.00", "z 300.00"]);
  assert.deepEqual(await walletOf("v"), ["x 1.00", "y -20.00", "y 20.00", "y 20.00", "z 300.00"]);
});

test("an edit sets each term that it names and clears each that it takes away", async ({ coupons, views }, commits) => {
  const desk = new Desk(coupons, couponRules, commits);
  await desk.make("a", create(terms("a", 10)));
  const shown = async () => {
    const { startsAt, endsAt, paused, amount, segment } = await desk.activate("a");
    const view = (await views.coupon("a", 0))!;
    assert.deepEqual([view.startsAt, view.endsAt, view.paused, view.amount], [startsAt, endsAt, paused, amount]);
    return [startsAt, endsAt, paused, amount, segment];
  };
  await desk.tell({ a: [edit({ startsAt: START, endsAt: START + 9, paused: true, amount: 12, segment: "vip" })] });
  assert.deepEqual(await shown(), [START, START + 9, true, 12, "vip"]);
  await desk.tell({ a: [edit({ startsAt: null })] });
  assert.deepEqual(await shown(), [null, START + 9, true, 12, "vip"]);
  await desk.tell({ a: [edit({ startsAt: START + 1, endsAt: null, paused: false })] });
  assert.deepEqual(await shown(), [START + 1, null, false, 12, "vip"]);
  await desk.tell({ a: [edit({ segment: null })] });
  assert.deepEqual(await shown(), [START + 1, null, false, 12, null]);
});

const rules = saleRules(settingsOf());

async function makeSales(storage: Storage, commits: number[]): Promise<{ desk: Desk<SaleKind>; a: string; b: string }> {
  const desk = new Desk<SaleKind>(storage.sales, rules, commits);
  const [a, b] = [saleKeyOf(NUMBER), saleKeyOf(NUMBER - 1)];
  await desk.make(a, open(5));
  await desk.make(b, { ...open(5), number: NUMBER - 1 });
  return { desk, a, b };
}

test("voids, releases and purchases of one commit change their own sales' rows alone", async (storage, commits) => {
  const { desk, a, b } = await makeSales(storage, commits);
  const holds = new Map([a, b].map((key) => [key, [1, 2, 3].map((n) => checkout("u", n))]));
  const codeOf = (key: string, n: number) => holds.get(key)![n - 1]!.code;
  for (const key of [a, b]) {
    await desk.tell({ [key]: holds.get(key)! });
    await desk.tell({ [key]: [purchase(codeOf(key, 1))] });
  }
  await desk.tell({
    [a]: [voidPurchase(codeOf(a, 1)), release(codeOf(a, 3))],
    [b]: [purchase(codeOf(b, 2)), checkout("v", 4)],
  });
  const views = storage.saleViews;
  const states = async (number: number) =>
    await Promise.all([1, 2, 3, 4, 5].map(async (n) => {
      const { isSold, purchasedAt, endedAt } = n < 4 ? (await views.hold(number, codeOf(saleKeyOf(number), n)))! : {
        isSold: false,
        purchasedAt: null,
        endedAt: null,
      };
      return [isSold && "sold", purchasedAt !== null && "bought", endedAt !== null && "ended"].filter(Boolean).join();
    }));
  assert.deepEqual(await states(NUMBER), ["ended", "", "ended", "", ""]);
  assert.deepEqual(await states(NUMBER - 1), ["sold,bought", "sold,bought", "", "", ""]);
  assert.deepEqual([(await views.sale(NUMBER))!.sold, (await views.sale(NUMBER - 1))!.sold], [0, 2]);
  for (const key of [a, b]) {
    const before = desk.rules.decide(await desk.activate(key), checkout("x", 1), START + 5);
    assert.equal(before.kind, key === a ? "accepted" : "refused", key);
  }
});

test("a sale knows each keyed command again after it was activated", async (storage, commits) => {
  const { desk, a } = await makeSales(storage, commits);
  const held = checkout("u", 1, { keyed: true });
  const bought = purchase(held.code, { keyed: true });
  const freed = checkout("u", 2, { keyed: true });
  const released = release(freed.code, { keyed: true });
  await desk.tell({ [a]: [held, bought, freed, released] });
  const sale = await desk.activate(a);
  for (const command of [held, bought, freed, released]) {
    // As whoever asks again does: each checkout comes with a code of its own.
    const again = command.kind === "checkout" ? { ...command, code: newCode() } : command;
    assert.equal(rules.decide(sale, again, START + 1_000_000).kind, "replay", command.kind);
    assert.equal((await storage.sales.recall({ id: NUMBER, epoch: 0, lane: 0 }, [again])).size, 1, command.kind);
  }
});

test(
  "an activation of a sale that another overtook between two of its reads is fenced",
  async (storage, commits, database) => {
    const { a } = await makeSales(storage, commits);
    let overtakes = 1;
    const slow = new SaleActivator({
      async query(text, params, name) {
        if (name === "read_sale_page" && overtakes-- > 0) assert(await storage.sales.activate(a, START));
        return await database.activations.query(text, params, name);
      },
    }, "slow");
    await assert.rejects(slow.activate(NUMBER, START), Fenced);
    const { state } = (await slow.activate(NUMBER, START))! as LoadedActor<Sale>;
    assert.equal(state.items, 5);
  },
);
