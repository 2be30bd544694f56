/**
 * Do two nodes, by mistake both owners of one coupon, with commits and answers that fail at random, ever hand out one
 * unit too many or lose one, or credit a wallet with what no held claim is worth? All in one process, on a clock that
 * stands still; a failing run prints its seed.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { CouponAnswer, CouponCommand, CouponEvent, CouponTerms } from "../../src/domain/coupon.ts";
import { claim, create, edit, terms, voidClaim } from "../support/commands.ts";
import type { Failure } from "../support/memory_store.ts";
import { fate, gate, makeWorld, type World } from "../support/world.ts";

const KEY = "promo";
const USERS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const RUNS = 1_000;

type Step =
  | { readonly do: "ask"; readonly node: 0 | 1; readonly command: CouponCommand }
  | { readonly do: "again"; readonly node: 0 | 1; readonly nth: number }
  | { readonly do: "fail"; readonly node: 0 | 1; readonly how: Failure }
  | { readonly do: "hold"; readonly node: 0 | 1 }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "tick"; readonly ticks: number };

/** A command, and what became of each time that it was asked. */
interface Asked {
  readonly command: CouponCommand;
  readonly fates: Promise<CouponAnswer | string>[];
}

const node = fc.constantFrom(0 as const, 1 as const);
const user = fc.constantFrom(...USERS);
const order = fc.constantFrom("0.01", "49.99", "1000.00");
const voids = { weight: 2, arbitrary: user.map((userId) => voidClaim(userId)) };
const amounts = { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((amount) => edit({ amount })) };
const plain = { weight: 6, arbitrary: fc.tuple(user, fc.boolean()).map(([user, keyed]) => claim(user, { keyed })) };
const ordered = fc.tuple(user, fc.boolean(), order).map(([user, keyed, orderAmount]) =>
  claim(user, { keyed }, { orderAmount })
);
const credits = fc.integer({ min: 1, max: 99 }).map((cents) => edit({ credit: `3.${String(cents).padStart(2, "0")}` }));
const chargeCommand = fc.oneof(
  { ...plain, weight: 2 },
  { weight: 4, arbitrary: ordered },
  { ...voids, weight: 4 },
  amounts,
  { weight: 2, arbitrary: credits },
);
const failure = fc.constantFrom<Failure>("lost before", "lost after", "unavailable", "data error", "fenced");

function stepsOf(command: fc.Arbitrary<CouponCommand>): fc.Arbitrary<Step[]> {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant("ask" as const), node, command }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("again" as const), node, nth: fc.nat(30) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), node, how: failure }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("hold" as const), node }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 1, 60, 250, 700) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("tick" as const), ticks: fc.integer({ min: 1, max: 12 }) }) },
  );
  return fc.array(step, { maxLength: 60, size: "max" }); // else hardly ten, and nothing comes together
}

async function told({ actors }: World, command: CouponCommand): Promise<CouponAnswer | string> {
  const asking = actors.ask(KEY, command);
  const became = await fate(asking);
  const outcome = became === "done" ? await asking : undefined;
  return outcome?.kind === "done" ? outcome.answer : became;
}

async function take(steps: readonly Step[], nodes: readonly World[]): Promise<Asked[]> {
  const asked: Asked[] = [];
  const held: (ReturnType<typeof gate> | undefined)[] = [];
  const release = (node: 0 | 1) => {
    held[node]?.open();
    held[node] = undefined;
  };
  for (const one of steps) {
    if (one.do === "ask") {
      // A property shrinks by running its values again: each run gives its commands ids of its own.
      const command = { ...one.command, id: crypto.randomUUID() };
      asked.push({ command, fates: [told(nodes[one.node]!, command)] });
    } else if (one.do === "again") {
      const former = asked[one.nth];
      const mayBeSent = former !== undefined && (former.command.kind !== "claim" || former.command.keyed);
      if (mayBeSent) former.fates.push(told(nodes[one.node]!, former.command));
    } else if (one.do === "fail") {
      nodes[one.node]!.store.failures.push(one.how);
    } else if (one.do === "hold") { // a second time lets it go on
      const isHeld = held[one.node] !== undefined;
      release(one.node);
      if (!isHeld) nodes[one.node]!.store.gate = (held[one.node] = gate()).promise;
    } else if (one.do === "tick") {
      for (let tick = 0; tick < one.ticks; tick++) await undefined;
    } else {
      await nodes[0]!.clock.advance(one.ms);
    }
  }
  release(0);
  release(1);
  return asked;
}

/** What was told is what is stored, and is told again. Returns each stored command's answer. */
async function assertTold(asked: readonly Asked[], stored: ReadonlySet<string>, { store }: World) {
  const answers = new Map<string, CouponAnswer>();
  const { handle } = (await store.activate(KEY, 0))!;
  for (const { command, fates } of asked) {
    for (const became of await Promise.all(fates)) {
      if (typeof became === "string") continue;
      assert(stored.has(command.id), `an acknowledged ${command.kind} is stored`);
      assert.deepEqual(became, answers.get(command.id) ?? became, `a ${command.kind} asked again has one answer`);
      answers.set(command.id, became);
    }
    const recalled = (await store.recall(handle, [command])).get(command.id);
    const why = `a ${command.kind} answered ${await Promise.all(fates.map(async (one) => JSON.stringify(await one)))}`;
    assert.deepEqual(recalled, answers.get(command.id), `${why} is found later as it was told`);
  }
  return answers;
}

/** One claim a user, each void once, each credit as the terms had it; returns what each holder's claim is worth. */
function replayed(events: readonly CouponEvent[], answers: ReadonlyMap<string, CouponAnswer>): Map<string, number> {
  const held = new Map<string, number>();
  let credit: string | null | undefined;
  for (const event of events) {
    if (event.kind === "claimed") {
      const answer = answers.get(event.id);
      assert(answer?.kind === "claimed");
      assert(!held.has(event.userId), "one claim a user");
      assert.equal(answer.details?.credit, credit ?? undefined, "the credit is that of its time");
      held.set(event.userId, cents(answer.details?.credit ?? "0"));
    } else if (event.kind === "voided") {
      assert(held.delete(event.userId), "a void returns one unit once");
    } else if (event.answer.kind === "created" || event.answer.kind === "edited") {
      credit = event.answer.coupon.credit;
    }
  }
  return held;
}

async function assertPromises(amount: number, more: Partial<CouponTerms>, steps: readonly Step[]): Promise<void> {
  const first = makeWorld();
  const second = makeWorld({ clock: first.clock, rows: first.store.rows });
  const nodes = [first, second];
  for (const { store } of nodes) store.ticks = 20;
  await first.actors.ask(KEY, create(terms("Promo", amount, more)));
  const asked = await take(steps, nodes);
  for (const { store } of nodes) store.failures.length = 0;
  await first.clock.advance(20_000);

  const { events, id } = first.store.rows.byKey.get(KEY)!;
  const stored = new Set(events.map(({ id }) => id));
  assert.equal(stored.size, events.length, "no command acts twice");
  const held = replayed(events, await assertTold(asked, stored, first));
  const { amount: now, remaining } = first.store.state(KEY);
  assert(remaining >= 0);
  assert.equal(held.size + remaining, now);
  const balances = new Map(USERS.map((user) => [user, 0]));
  for (const { userId, amount } of first.store.entries(id)) {
    balances.set(userId, balances.get(userId)! + cents(amount));
  }
  for (const [user, balance] of balances) assert.equal(balance, held.get(user) ?? 0, `the wallet of ${user}`);

  const last = USERS.map((userId) => fate(second.actors.ask(KEY, claim(userId))));
  await first.clock.advance(5_000);
  const fates = await Promise.all(last);
  assert.equal(fates.filter((one) => one === "done").length, Math.min(remaining, USERS.length - held.size));
  for (const { actors } of nodes) {
    const stopped = actors.stop();
    await first.clock.advance(100);
    await stopped;
  }
}

function cents(amount: string): number {
  return Math.round(Number(amount) * 100);
}

for (
  const [kind, more, command] of [
    ["plain", {}, fc.oneof(plain, voids, amounts)],
    ["charge", { kind: "charge", credit: "3.00" }, chargeCommand],
  ] as const
) {
  Deno.test(`two owners of a ${kind} coupon under random failures keep every promise`, async () => {
    const property = (amount: number, steps: Step[]) => assertPromises(amount, more, steps);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), stepsOf(command), property),
      { numRuns: RUNS },
    );
  });
}
