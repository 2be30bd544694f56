/** Who is told what, where one commit is stored in part: of its actors some have another owner by then. */
import assert from "node:assert/strict";
import type { Handle, LoadedActor, Rules, Store } from "../../../src/ports/mod.ts";
import type { Kind } from "../../../src/domain/decision.ts";
import { couponRules } from "../../../src/domain/coupon.ts";
import { saleRules } from "../../../src/domain/sale.ts";
import { saleKeyOf } from "../../../src/domain/sale_ids.ts";
import type { Storage } from "../../../src/storage/mod.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { claim, create, edit, terms } from "../../support/commands.ts";
import { checkout, editSale, NUMBER, open, settingsOf, START } from "../../support/sale_commands.ts";
import { NO_EVENTS, openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { append, confirm } from "../../support/stored.ts";

/** How one kind of actor is driven. */
interface Drive<K extends Kind> {
  readonly store: (storage: Storage) => Store<K>;
  readonly rules: Rules<K>;
  /** Makes the nth actor; its key. */
  readonly make: (nth: number) => { key: string; command: K["Command"] };
  /** A command of the hot way, and one that the mixed statement stores. */
  readonly hot: () => K["Command"];
  readonly mixed: () => K["Command"];
}

/** Parts, confirmations, and which of both have another owner: one letter each. */
const COMMITS: readonly (readonly [parts: string, confirmations: string, stale: string])[] = [
  ["b", "", "b"],
  ["abcd", "", ""],
  ["abcd", "", "b"],
  ["abcd", "", "ad"],
  ["abcd", "", "abcd"],
  ["", "f", "f"],
  ["", "efgh", "f"],
  ["", "efgh", "efgh"],
  ["b", "efgh", "b"],
  ["abcd", "f", "f"],
  ["abcd", "efgh", "bf"],
  ["abcd", "efgh", "abcd"],
  ["abcd", "efgh", "efgh"],
  ["abcd", "efgh", "adefg"],
  ["abcd", "efgh", "abcdefgh"],
];

async function assertToldApart<K extends Kind>(
  drive: Drive<K>,
  database: Database,
  commandOf: (place: number) => K["Command"],
): Promise<void> {
  const sizes: number[] = [];
  const events = { ...NO_EVENTS, committed: (_seconds: number, parts: number) => void sizes.push(parts) };
  const storage = await openTestStorage(database, { lanes: 1, events });
  const store = drive.store(storage);
  let nth = 0;
  try {
    for (const [parts, confirmations, stale] of COMMITS) {
      const actors = new Map<string, LoadedActor<K["State"]>>();
      for (const name of parts + confirmations) {
        const { key, command } = drive.make(nth++);
        const made = drive.rules.decide(undefined, command, START);
        assert(made.kind === "accepted" && made.event !== undefined);
        assert(await store.create(key, made.event));
        actors.set(name, (await store.activate(key, START))!);
        if (stale.includes(name)) await store.activate(key, START);
      }
      sizes.length = 0;
      const partOf = (name: string, place: number): Promise<void> => {
        const { handle, turn, state } = actors.get(name)!;
        const decided = drive.rules.decide(state, commandOf(place), START + 1);
        assert(decided.kind === "accepted" && decided.event !== undefined);
        return append(store, { handle, turn: turn + 1, events: [decided.event] });
      };
      const handleOf = (name: string): Handle => actors.get(name)!.handle;
      const names = [...[...parts].reverse(), ...confirmations]; // as they come, not as their rows are locked
      const told = await Promise.allSettled(names.map((name, place) => {
        return parts.includes(name) ? partOf(name, place) : confirm(store, handleOf(name));
      }));
      assert.deepEqual(sizes, [parts.length], "one commit");
      const expected = names.map((name) => [name, stale.includes(name) ? "rejected" : "fulfilled"]);
      const what = `parts ${parts}, confirmations ${confirmations}, stale ${stale}`;
      assert.deepEqual(told.map(({ status }, place) => [names[place], status]), expected, what);
    }
  } finally {
    await storage.close();
  }
}

function test<K extends Kind>(what: string, drive: Drive<K>): void {
  for (const [name, openDatabase] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
    Deno.test(`${name}: of a commit that is stored in part each of its ${what} is told its own fate`, async () => {
      await assertToldApart(drive, await openDatabase(), drive.hot);
      const everyOther = (place: number) => place % 2 === 0 ? drive.mixed() : drive.hot();
      await assertToldApart(drive, await openDatabase(), everyOther);
    });
  }
}

test("coupons", {
  store: ({ coupons }) => coupons,
  rules: couponRules,
  make: (nth) => ({ key: `c${nth}`, command: create(terms(`c${nth}`, 10)) }),
  hot: () => claim("user"),
  mixed: () => edit({ amount: 20 }),
});

test("sales", {
  store: ({ sales }) => sales,
  rules: saleRules(settingsOf()),
  make: (nth) => {
    const number = NUMBER - nth;
    return { key: saleKeyOf(number), command: { ...open(5), number } };
  },
  hot: () => checkout("user", 1),
  mixed: () => editSale({ paused: true }),
});
