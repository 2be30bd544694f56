/** What must every Store of coupons do? One suite; each implementation passes it. */
import assert from "node:assert/strict";
import { Fenced, type LoadedActor, type Store } from "../../src/ports/mod.ts";
import {
  claimContent,
  type Coupon,
  type CouponCommand,
  type CouponEvent,
  type CouponKind,
  decide,
  evolve,
  undo,
} from "../../src/domain/coupon.ts";
import { claim, create, edit, terms, voidClaim } from "../support/commands.ts";
import { append, confirm } from "../support/stored.ts";

type Stores = { readonly store: Store<CouponKind>; close(): Promise<void> };
const NOW = Date.UTC(2026, 10, 21, 14);
const HOUR_MS = 3_600_000;
const KEYED = () => ({ id: crypto.randomUUID(), keyed: true });

/** A coupon under a writer of its own: decides like an actor and stores turn by turn. */
class Writer {
  constructor(readonly store: Store<CouponKind>, readonly key: string, public active: LoadedActor<Coupon>) {}

  static async open(store: Store<CouponKind>, key: string): Promise<Writer> {
    return new Writer(store, key, (await store.activate(key, NOW))!);
  }

  static async make(store: Store<CouponKind>, amount: number): Promise<Writer> {
    const key = `c-${crypto.randomUUID()}`;
    const decision = decide(undefined, create(terms(key, amount)), NOW);
    assert(decision.kind === "accepted");
    assert(await store.create(key, decision.event) !== undefined);
    return await Writer.open(store, key);
  }

  /** Decides without storing. */
  decide(...commands: CouponCommand[]): CouponEvent[] {
    return commands.map((command, place) => {
      const decision = decide(this.active.state, command, NOW + place);
      assert(decision.kind === "accepted", JSON.stringify([command, decision]));
      evolve(this.active.state, decision.event);
      return decision.event;
    });
  }

  async append(events: readonly CouponEvent[], turn: number = this.active.turn + 1): Promise<void> {
    await append(this.store, { handle: this.active.handle, turn, events });
    this.active = { ...this.active, turn };
  }

  async tell(...commands: CouponCommand[]): Promise<void> {
    await this.append(this.decide(...commands));
  }

  async fresh(): Promise<Coupon> {
    this.active = (await this.store.activate(this.key, NOW))!;
    return this.active.state;
  }
}

function shown(coupon: Coupon): unknown {
  const { holders: _holders, keys, ...rest } = coupon;
  return { ...rest, holders: coupon.holders.size, keys: keys.size > 0 };
}

/** Registers the suite. `open` gives a store of its own. */
export function storeContract(name: string, open: () => Promise<Stores>): void {
  const test = (behaviour: string, body: (store: Store<CouponKind>) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      const { store, close } = await open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });

  test("activate() answers undefined where there is no such coupon", async (store) => {
    assert.equal(await store.activate("nobody", NOW), undefined);
  });

  test("create() makes a coupon once, whoever asks", async (store) => {
    const decisions = Array.from({ length: 10 }, () => decide(undefined, create(terms("Once", 3)), NOW));
    const handles = await Promise.all(decisions.map((decision) => {
      assert(decision.kind === "accepted");
      return store.create("once", decision.event);
    }));
    assert.equal(handles.filter((handle) => handle !== undefined).length, 1);
    const { state } = (await store.activate("once", NOW))!;
    assert.equal(state.name, "Once");
    assert.equal(state.remaining, 3);
    assert.equal(state.createdAt, NOW);
  });

  test("activate() brings what was stored: counters, holders, keys, terms", async (store) => {
    const writer = await Writer.make(store, 10);
    const keyed = KEYED();
    await writer.tell(claim("a"), claim("ünï 🎉"), claim("c", keyed));
    await writer.tell(edit({ amount: 12, startsAt: NOW - 1, endsAt: NOW + 3_600_000, paused: true }));
    await writer.tell(voidClaim("a"), edit({ startsAt: null, paused: false }));
    assert.equal((await writer.fresh()).endsAt, NOW + 3_600_000);
    await writer.tell(edit({ startsAt: NOW + 5, endsAt: null, paused: true }));
    const draft = writer.active.state;
    const stored = await writer.fresh();
    assert.deepEqual(shown(stored), shown(draft));
    for (const [id, content] of draft.keys) assert.equal(stored.keys.get(id), content);
    assert(writer.active.state.holders.has("ünï 🎉") && !writer.active.state.holders.has("a"));
    assert.equal(writer.active.state.keys.get(keyed.id), claimContent("c"));
  });

  test("activate() brings the key of an edit or a void for 48 hours, that of a claim as long as the claim", async (store) => {
    const writer = await Writer.make(store, 10);
    const [held, voided] = [claim("a", KEYED()), claim("b", KEYED())];
    const acts = [edit({ amount: 12 }), voidClaim("b")];
    await writer.tell(held, voided);
    await writer.append(writer.decide(...acts)); // both at the time of the turn's first event
    const known = async (ms: number) => {
      const { keys } = (await store.activate(writer.key, NOW + ms))!.state;
      return [held, voided, ...acts].map(({ id }) => keys.has(id));
    };
    assert.deepEqual(await known(0), [true, true, true, true]);
    assert.deepEqual(await known(48 * HOUR_MS - 1), [true, true, true, true]);
    assert.deepEqual(await known(48 * HOUR_MS + 1), [true, false, false, false]);
    assert.deepEqual(await known(365 * 24 * HOUR_MS), [true, false, false, false]);
  });

  const meanwhile: [string, (other: Writer) => Promise<void>][] = [
    ["nothing", async () => {}],
    ["claims", (other) => other.tell(claim("x"), claim("lost"), claim("y", { id: crypto.randomUUID(), keyed: true }))],
    ["more claims than a page", (other) => other.tell(...Array.from({ length: 250 }, (_, user) => claim(`m${user}`)))],
    ["a void", (other) => other.tell(voidClaim("a"))],
    ["a void and a claim", (other) => other.tell(voidClaim("a"), claim("x"))],
    ["a void and a new claim of the user", (other) => other.tell(voidClaim("a"), claim("x"), claim("a"))],
    ["a void of a new claim", (other) => other.tell(claim("x"), claim("y"), voidClaim("x"))],
    ["an edit", (other) => other.tell(edit({ amount: 900, paused: true }))],
  ];
  for (const [what, act] of meanwhile) {
    test(`activate() with a stale state brings what it brings without one, after ${what}`, async (store) => {
      const writer = await Writer.make(store, 1_000);
      await writer.tell(claim("a"), claim("b", { id: crypto.randomUUID(), keyed: true }), claim("c"));
      const first = writer.decide(claim("lost"));
      const second = writer.decide(claim("lost too"));
      await act(await Writer.open(store, writer.key));
      const staleState = undo(undo(writer.active.state, first)!, second)!;
      const brought = (await store.activate(writer.key, NOW, staleState))!.state;
      const whole = (await store.activate(writer.key, NOW))!.state;
      assert.deepEqual(shown(brought), shown(whole));
      for (const user of ["a", "b", "c", "x", "y", "m0", "m249", "lost", "lost too"]) {
        assert.equal(brought.holders.has(user), whole.holders.has(user), user);
      }
      for (const [id, content] of whole.keys) assert.equal(brought.keys.get(id), content);
    });
  }

  test("append() of a turn with a void and a new claim of one user is one row", async (store) => {
    const writer = await Writer.make(store, 10);
    const [first, second, third] = [claim("a"), claim("a"), claim("a")];
    await writer.tell(first, claim("b"));
    await writer.tell(voidClaim("a"), second, voidClaim("a"), third, voidClaim("b"), claim("d"), voidClaim("d"));
    const state = await writer.fresh();
    assert.equal(state.remaining, 9);
    assert.equal(state.holders.size, 1);
    const wanted = [first, second, third];
    const answers = await store.recall(writer.active.handle, wanted);
    assert.deepEqual([...answers.keys()].sort(), wanted.map(({ id }) => id).sort(), "voided claims keep their answers");
  });

  test("recall() gives each accepted command's own answer, and nothing for others", async (store) => {
    const writer = await Writer.make(store, 10);
    const commands = [claim("a"), edit({ amount: 11 }), voidClaim("a"), claim("b")];
    const answers = commands.map((command) => {
      const decision = decide(writer.active.state, command, NOW);
      assert(decision.kind === "accepted");
      evolve(writer.active.state, decision.event);
      return { event: decision.event, answer: decision.answer };
    });
    await writer.append(answers.map(({ event }) => event));
    const wanted = [...commands, claim("b")];
    const recalled = await store.recall(writer.active.handle, wanted);
    assert.equal(recalled.size, commands.length);
    for (const [place, { answer }] of answers.entries()) assert.deepEqual(recalled.get(commands[place]!.id), answer);
  });

  test("recall() gives no answer where the id is another command's", async (store) => {
    const writer = await Writer.make(store, 10);
    const [claimed, edited] = [claim("a"), edit({ amount: 11 })];
    await writer.tell(claimed, edited);
    const reused = [
      claim("b", { id: claimed.id }),
      claim("a", { id: edited.id }),
      edit({ amount: 12 }, { id: edited.id }),
    ];
    for (const command of reused) assert.equal((await store.recall(writer.active.handle, [command])).size, 0);
  });

  test("holderOf() names whoever made or activated the coupon last", async (store) => {
    assert.equal(await store.holderOf!("nobody"), undefined);
    const { key } = await Writer.make(store, 1);
    assert.equal(typeof await store.holderOf!(key), "string");
  });

  test("append() of a part sent twice stores it once and calls the second fenced", async (store) => {
    const writer = await Writer.make(store, 10);
    const events = writer.decide(claim("a"));
    await writer.append(events, 1);
    await assert.rejects(writer.append(events, 1), Fenced);
    assert.equal((await writer.fresh()).remaining, 9);
  });

  test("append() of a second turn whose first was not stored stores nothing", async (store) => {
    const writer = await Writer.make(store, 10);
    await assert.rejects(writer.append(writer.decide(claim("a")), 2), Fenced);
    assert.equal((await writer.fresh()).remaining, 10);
  });

  test("append() of a stale owner beside the live one's stores the live one's rows alone", async (store) => {
    const stale = await Writer.make(store, 100);
    const live = await Writer.open(store, stale.key);
    const [staleEvents, liveEvents] = [stale.decide(claim("s1"), claim("s2")), live.decide(claim("l1"))];
    const told = await Promise.allSettled([stale.append(staleEvents), live.append(liveEvents)]);
    assert.deepEqual(told.map(({ status }) => status), ["rejected", "fulfilled"]);
    const state = await live.fresh();
    assert.equal(state.remaining, 99);
    assert.deepEqual([state.holders.has("l1"), state.holders.has("s1")], [true, false]);
  });

  test("confirm() holds for the last activation alone", async (store) => {
    const first = await Writer.make(store, 1);
    await confirm(store, first.active.handle);
    const second = await Writer.open(store, first.key);
    await assert.rejects(confirm(store, first.active.handle), Fenced);
    await confirm(store, second.active.handle);
  });

  test("appends of many actors together store each its own", async (store) => {
    const writers = await Promise.all(Array.from({ length: 30 }, () => Writer.make(store, 50)));
    for (let turn = 0; turn < 5; turn++) {
      await Promise.all(writers.map((writer, place) => {
        const users = Array.from({ length: place % 4 + 1 }, (_, user) => claim(`u${turn}-${user}`));
        return writer.tell(...users);
      }));
    }
    for (const [place, writer] of writers.entries()) {
      const state = await writer.fresh();
      assert.equal(state.remaining, 50 - 5 * (place % 4 + 1));
      assert.equal(state.holders.size, 50 - state.remaining);
    }
  });
}
