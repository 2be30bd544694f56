/** What must every Store of sales do? One suite; each implementation passes it. */
import assert from "node:assert/strict";
import type { LoadedActor, Store } from "../../src/ports/mod.ts";
import { Fenced } from "../../src/ports/mod.ts";
import {
  type Sale,
  type SaleAnswer,
  type SaleCommand,
  type SaleEvent,
  type SaleKind,
  saleRules,
  type SaleSettings,
} from "../../src/domain/sale.ts";
import { HOUR_MS, saleKeyOf } from "../../src/domain/sale_ids.ts";
import { randomFrom } from "../../tools/random.ts";
import { editSale, newCode, open, purchase, release, settingsOf, voidPurchase } from "../support/sale_commands.ts";
import { checkout as checkoutOf } from "../support/sale_commands.ts";
import type { Identity } from "../support/commands.ts";
import { append, confirm } from "../support/stored.ts";

/** A store, and how to ask its database for a number. */
export interface SaleStores {
  readonly store: Store<SaleKind>;
  readonly count: (sql: string) => Promise<number>;
  close(): Promise<void>;
}

const NOW = Date.UTC(2026, 10, 21, 14);
const SETTINGS = settingsOf();
let sales = NOW / HOUR_MS;

function checkout(
  userId: string,
  n: number,
  { code = newCode(), ...who }: Identity & { code?: string } = {},
): SaleCommand {
  return { ...checkoutOf(userId, n, who), code };
}

/** A sale under a writer of its own: decides like an actor and stores turn by turn. */
class Writer {
  active!: LoadedActor<Sale>;
  readonly rules;
  readonly answers = new Map<SaleCommand, SaleAnswer>();

  constructor(readonly store: Store<SaleKind>, readonly number: number, settings: SaleSettings) {
    this.rules = saleRules(settings);
  }

  static async make(store: Store<SaleKind>, items: number, settings: SaleSettings = SETTINGS): Promise<Writer> {
    const writer = new Writer(store, sales--, settings);
    const decision = writer.rules.decide(undefined, { ...open(items), number: writer.number }, NOW);
    assert(decision.kind === "accepted");
    assert(await store.create(saleKeyOf(writer.number), decision.event) !== undefined);
    await writer.activate();
    return writer;
  }

  async activate(): Promise<Sale> {
    this.active = (await this.store.activate(saleKeyOf(this.number), NOW))!;
    return this.active.state;
  }

  /** Decides, stores as one turn where there is anything to store, and tells what each command came to. */
  async tell(commands: readonly SaleCommand[], now: number): Promise<string[]> {
    const events: SaleEvent[] = [];
    const told = commands.map((command) => {
      const decision = this.rules.decide(this.active.state, command, now);
      if ((decision.kind === "accepted" || decision.kind === "refused") && decision.event !== undefined) {
        events.push(decision.event);
        this.rules.evolve(this.active.state, decision.event);
      }
      if (decision.kind === "accepted") this.answers.set(command, decision.answer);
      return decision.kind === "refused" ? decision.refusal : decision.kind;
    });
    if (events.length > 0) {
      const turn = this.active.turn + 1;
      await append(this.store, { handle: this.active.handle, turn, events });
      this.active = { ...this.active, turn };
    }
    return told;
  }

  async recall(commands: readonly SaleCommand[]): Promise<Map<string, SaleAnswer>> {
    return await this.store.recall(this.active.handle, commands);
  }
}

function randomCommand(below: (max: number) => number, codes: readonly string[], keyed: SaleCommand[]): SaleCommand {
  const who = { keyed: below(3) === 0 };
  const code = codes[below(codes.length + 1)] ?? newCode();
  const kind = below(10);
  if (kind === 9 && keyed.length > 0) return keyed[below(keyed.length)]!;
  if (kind < 5) return checkout(`user ${below(4)}`, below(8), who);
  if (kind < 7) return purchase(code, who);
  if (kind === 7) return release(code, who);
  if (below(4) === 0) return editSale({ paused: below(4) === 0 }, who);
  return voidPurchase(code, who);
}

/** What every next command would come to, now and when all holds have ended. */
function probe(
  writer: Writer,
  sale: Sale,
  codes: readonly string[],
  keyed: readonly SaleCommand[],
  now: number,
): unknown {
  const commands = [
    ...Array.from(
      { length: 36 },
      (_, place) => checkout(`user ${place % 4}`, Math.floor(place / 4), { id: "x", code: "y" }),
    ),
    ...codes.flatMap((code) => [purchase, release, voidPurchase].map((act) => act(code, { id: "x" }))),
    ...keyed,
  ];
  return [now, now + SETTINGS.ttlMs].map((at) => commands.map((command) => writer.rules.decide(sale, command, at)));
}

/** Registers the suite. */
export function saleStoreContract(name: string, openStores: () => Promise<SaleStores>): void {
  const test = (behaviour: string, body: (stores: SaleStores) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      const stores = await openStores();
      try {
        await body(stores);
      } finally {
        await stores.close();
      }
    });

  test("append() stores a turn once, and only after the one before it", async ({ store, count }) => {
    const writer = await Writer.make(store, 5);
    const { handle, turn, state } = writer.active;
    const eventOf = (n: number): SaleEvent => {
      const decision = writer.rules.decide(state, checkout("a", n), NOW);
      assert(decision.kind === "accepted" && decision.event !== undefined);
      writer.rules.evolve(state, decision.event);
      return decision.event;
    };
    const [first, second] = [1, 2].map((n) => ({ handle, turn: turn + n, events: [eventOf(n)] }));
    await assert.rejects(append(store, second!), Fenced);
    await append(store, first!);
    await assert.rejects(append(store, first!), Fenced);
    await append(store, second!);
    assert.equal(await count(`select count(*)::integer from holds where sale_id = ${writer.number}`), 2);
  });

  test("what a turn does not change stays: attempts, and what becomes of items", async ({ store, count }) => {
    const writer = await Writer.make(store, 5, settingsOf({ mode: "open" }));
    const [mine, others, brief] = [checkout("a", 1), checkout("b", 1), checkout("b", 2)].map((command) =>
      command as SaleCommand & { code: string }
    );
    const items = `select count(*)::integer from items where sale_id = ${writer.number} and`;
    await writer.tell([mine!, others!], NOW);
    await writer.tell([purchase(mine!.code)], NOW + 1);
    assert.equal((await writer.activate()).attempts, 2);
    assert.equal(await count(`${items} held_until is not null and held_until > 'epoch'`), 1, "bought, and held still");
    await writer.tell([release(others!.code)], NOW + 2);
    assert.equal((await writer.activate()).attempts, 2);
    assert.equal(await count(`${items} sold`), 1);
    await writer.tell([brief!, release(brief!.code)], NOW + 3);
    assert.equal((await writer.activate()).attempts, 3);
    assert.equal(
      await count(`select count(*)::integer from holds where sale_id = ${writer.number} and ended_at is null`),
      1,
    );
  });

  test("activate() answers undefined where there is no such sale", async ({ store }) => {
    assert.equal(await store.activate("2026-11-21T03Z", NOW), undefined);
    assert.equal(await store.activate("nonsense", NOW), undefined);
  });

  test("create() makes a sale with its items once, whoever asks", async ({ store, count }) => {
    const number = sales--;
    const handles = await Promise.all(Array.from({ length: 10 }, () => {
      const decision = saleRules(SETTINGS).decide(undefined, { ...open(10_000), number }, NOW);
      assert(decision.kind === "accepted");
      return store.create(saleKeyOf(number), decision.event);
    }));
    assert.equal(handles.filter((handle) => handle !== undefined).length, 1);
    assert.equal(await count(`select count(*)::integer from items where sale_id = ${number}`), 10_000);
    const { state } = (await store.activate(saleKeyOf(number), NOW))!;
    assert.deepEqual([state.items, state.sold, state.attempts, state.createdAt], [10_000, 0, 0, NOW]);
  });

  for (const mode of ["exclusive", "open"] as const) {
    test(`append() and activate(): what is stored decides as what was evolved, ${mode}`, async ({ store, count }) => {
      for (let seed = 1; seed <= 6; seed++) {
        const below = randomFrom(seed);
        const writer = await Writer.make(store, 7, { ...SETTINGS, mode, limit: 3 });
        const codes: string[] = [];
        const keyed: SaleCommand[] = [];
        let now = NOW;
        for (let turn = 0; turn < 25; turn++) {
          now += below(12_000);
          const commands = Array.from({ length: 1 + below(8) }, () => randomCommand(below, codes, keyed));
          await writer.tell(commands, now);
          for (const command of commands) {
            if (command.kind === "checkout" && !codes.includes(command.code)) codes.push(command.code);
            if (command.keyed && writer.answers.has(command)) keyed.push(command);
          }
        }
        const evolved = writer.active.state;
        const stored = await writer.activate();
        const told = `seed ${seed}`;
        const counters = ({ sold, attempts, paused, items }: Sale) => ({ sold, attempts, paused, items });
        assert.deepEqual(counters(stored), counters(evolved), told);
        assert.deepEqual(probe(writer, stored, codes, keyed, now), probe(writer, evolved, codes, keyed, now), told);
        const recalled = await writer.recall(keyed);
        for (const command of keyed) assert.deepEqual(recalled.get(command.id), writer.answers.get(command), told);
        const id = writer.number;
        const wrong = `select
          (s.sold <> (select count(*) from purchases where sale_id = s.id))::integer
          + (s.sold <> (select count(*) from items where sale_id = s.id and sold))::integer
          + (s.attempts <> (select count(*) from attempts where sale_id = s.id))::integer
          + (select count(*)::integer from items t where sale_id = s.id and sold <> exists
              (select from purchases p where p.sale_id = s.id and p.n = t.n))
          + (select count(*)::integer from purchases p where sale_id = s.id and not exists
              (select from holds h where h.sale_id = s.id and h.code = p.code and h.n = p.n and h.user_id = p.user_id))
          from sales s where id = ${id}`;
        assert.equal(await count(wrong), 0, told);
      }
    });
  }

  test("append() frees an item and a slot, and gives them anew, within one turn", async ({ store, count }) => {
    const writer = await Writer.make(store, 3, { ...SETTINGS, limit: 1 });
    const [a, b, c] = [newCode(), newCode(), newCode()];
    await writer.tell([checkout("ann", 1, { code: a }), purchase(a)], NOW);
    const again = [
      voidPurchase(a),
      checkout("ann", 2, { code: b }),
      purchase(b), // the slot of the purchase that is voided
      checkout("bob", 1, { code: c }),
      purchase(c), // its item
    ];
    assert.deepEqual(await writer.tell(again, NOW + 1), again.map(() => "accepted"));
    const { sold } = await writer.activate();
    assert.equal(sold, 2);
    assert.equal(await count(`select count(*)::integer from purchases where sale_id = ${writer.number}`), 2);
    const [first] = writer.answers.keys();
    assert.deepEqual((await writer.recall([first!])).get(first!.id), writer.answers.get(first!));
  });

  test("append() records each purchase for the user of its hold, be it of the same turn or of one before", async ({ store, count }) => {
    const writer = await Writer.make(store, 6);
    const users = ["ann", "bob", "cleo"];
    const codes = users.flatMap(() => [newCode(), newCode()]);
    const holds = codes.map((code, place) => checkout(users[place % 3]!, place + 1, { code }));
    await writer.tell(holds.slice(0, 3), NOW);
    await writer.tell([...holds.slice(3), ...codes.toReversed().map((code) => purchase(code))], NOW + 1);
    for (const [place, user] of users.entries()) {
      const bought = `sale_id = ${writer.number} and user_id = '${user}' and n in (${place + 1}, ${place + 4})`;
      assert.equal(await count(`select count(*)::integer from purchases where ${bought}`), 2, user);
    }
    assert.equal(await count(`select count(*)::integer from purchases where sale_id = ${writer.number}`), 6);
    const told = [...writer.answers.values()].flatMap((answer) => answer.kind === "purchased" ? [answer.userId] : []);
    assert.deepEqual(told, codes.map((_, place) => users[place % 3]).toReversed());
  });

  test("recall() gives no answer where the id is another command's", async ({ store }) => {
    const writer = await Writer.make(store, 10);
    const held = checkout("ann", 1, { keyed: true });
    const edited = editSale({ paused: false });
    await writer.tell([held, edited], NOW);
    assert.equal((await writer.recall([held, edited])).size, 2);
    const { id } = held;
    const reused = [checkout("ann", 2, { id, keyed: true }), checkout("bob", 1, { id, keyed: true })];
    for (const command of [...reused, editSale({ paused: true }, { id: edited.id })]) {
      assert.equal((await writer.recall([command])).size, 0, command.kind);
    }
  });

  test("activate() brings the key of an edit, a release or a void for 48 hours, those of holds and purchases for ever", async ({ store }) => {
    const writer = await Writer.make(store, 10);
    const keyed = { keyed: true };
    const codes = [newCode(), newCode(), newCode()] as const;
    const held = codes.map((code, place) => checkout("ann", place + 1, { ...keyed, code }));
    const [bought, voided] = [purchase(codes[0], keyed), purchase(codes[1], keyed)];
    const acts = [editSale({ paused: false }, keyed), release(codes[2], keyed), voidPurchase(codes[1], keyed)];
    for (const command of [...held, bought, voided, ...acts]) {
      assert.deepEqual(await writer.tell([command], NOW), ["accepted"], command.kind);
    }
    const known = async (ms: number) => {
      const { keys } = (await store.activate(saleKeyOf(writer.number), NOW + ms))!.state;
      return [...held, bought, voided, ...acts].map(({ id }) => keys.get(id) !== undefined);
    };
    const all = [true, true, true, true, true, true, true, true];
    assert.deepEqual(await known(0), all);
    assert.deepEqual(await known(48 * HOUR_MS - 1), all);
    const left = [true, true, true, true, false, false, false, false];
    assert.deepEqual(await known(48 * HOUR_MS), left);
    assert.deepEqual(await known(365 * 24 * HOUR_MS), left);
  });

  test("holderOf() names whoever made or activated the sale last", async ({ store }) => {
    const { number } = await Writer.make(store, 1);
    assert.equal(typeof await store.holderOf!(saleKeyOf(number)), "string");
    assert.equal(await store.holderOf!("2026-11-21T03Z"), undefined);
  });

  test("append() of a stale owner stores nothing, neither holds nor attempts", async ({ store, count }) => {
    const stale = await Writer.make(store, 10);
    const live = new Writer(store, stale.number, SETTINGS);
    await live.activate();
    await assert.rejects(stale.tell([checkout("ann", 1)], NOW), Fenced);
    await live.tell([checkout("bob", 1)], NOW);
    assert.equal((await live.activate()).attempts, 1);
    assert.equal(await count(`select count(*)::integer from holds where sale_id = ${live.number}`), 1);
    assert.equal(await count(`select count(*)::integer from attempts where sale_id = ${live.number}`), 1);
    await assert.rejects(confirm(store, stale.active.handle), Fenced);
    await confirm(store, live.active.handle);
  });

  test("activate() reads a sale of many pages", async ({ store }) => {
    const writer = await Writer.make(store, 12_001, { ...SETTINGS, limit: 12_000 });
    for (let turn = 0; turn < 4; turn++) {
      const commands = Array.from({ length: 3_000 }, (_, place) => {
        const code = newCode();
        return [checkout("ann", turn * 3_000 + place + 1, { code }), purchase(code)];
      });
      await writer.tell(commands.flat(), NOW);
    }
    const state = await writer.activate();
    assert.deepEqual([state.sold, state.attempts], [12_000, 12_000]);
    assert.deepEqual(await writer.tell([checkout("bob", 7)], NOW), ["item_unavailable"]);
  });
}
