/** What must everyone who stores and counts memberships do? One suite; each implementation passes it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Memberships, UserViews } from "../../src/ports/mod.ts";
import { normalizeTitle } from "../../src/domain/name_key.ts";
import { EXPIRY_MAX_S, type Membership, membershipKey } from "../../src/domain/membership.ts";

/** Who stores, counts and sweeps, by one clock. */
export interface MembershipWorld {
  readonly memberships: Memberships & { sweep(now: number): Promise<boolean> };
  readonly views: UserViews;
  /** Milliseconds since the epoch; long past for Postgres's own clock, which no sweep may run ahead of. */
  readonly clock: { now(): number; set(ms: number): void };
  close(): Promise<void>;
}

/** When the tests begin, in seconds. */
export const START_S = 1_000_000_000;

type Step =
  | { readonly kind: "put"; readonly all: readonly Membership[] }
  | { readonly kind: "import"; readonly all: readonly Membership[] }
  | { readonly kind: "sweep" }
  | { readonly kind: "pass"; readonly ms: number };

const membership: fc.Arbitrary<Membership> = fc.record({
  userId: fc.constantFrom("ann", "bob", "ünï 🎉", `o"'{},\\`, "NULL"),
  segment: fc.constantFrom("s1", " S1\t", "ｓ1", "s2", "null", "{s}"),
  expiresAt: fc.oneof(
    fc.integer({ min: START_S - 3, max: START_S + 12 }),
    fc.constantFrom(0, EXPIRY_MAX_S, START_S - 1_000_000),
  ),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("put" as const), all: fc.array(membership, { minLength: 1, maxLength: 4 }) }),
    fc.record({ kind: fc.constant("import" as const), all: fc.array(membership, { maxLength: 10 }) }),
    fc.record({ kind: fc.constant("sweep" as const) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 3_500 }) }),
  ),
  { maxLength: 25 },
);

/** Live memberships by their segments' keys. */
async function counts({ views }: MembershipWorld): Promise<Record<string, number>> {
  return Object.fromEntries((await views.segments()).map(({ title, users }) => [normalizeTitle(title)!, users]));
}

/** Live ones by their segments' keys. */
function liveOf(all: Iterable<Membership>, now: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { segment, expiresAt } of all) {
    const key = normalizeTitle(segment)!;
    if (now < expiresAt * 1_000) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** Registers the suite. `open` gives a world without memberships; `runs` of the property. */
export function membershipsContract(name: string, open: () => Promise<MembershipWorld>, runs: number): void {
  const test = (behaviour: string, body: (world: MembershipWorld) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      const world = await open();
      try {
        world.clock.set(START_S * 1_000);
        await body(world);
      } finally {
        await world.close();
      }
    });
  const one = (userId: string, expiresIn: number, segment = "s") => {
    return { userId, segment, expiresAt: START_S + expiresIn };
  };

  test("put() tells whether there was none before, and the last one counts", async (world) => {
    const { memberships } = world;
    assert.equal(await memberships.put(one("ann", 10)), true);
    assert.equal(await memberships.put(one("ann", 20)), false);
    assert.equal(await memberships.put(one("ann", 20, "t")), true);
    assert.deepEqual(await counts(world), { s: 1, t: 1 });
    assert.equal(await memberships.put(one("ann", -1)), false);
    assert.deepEqual(await counts(world), { t: 1 });
  });

  test("segments() counts a membership until the second in which it expires, swept or not", async (world) => {
    await world.memberships.putAll([one("ann", 5), one("bob", 6)]);
    for (const sweeps of [false, true]) {
      for (const [ms, users] of sweeps ? [[5_000, 1], [6_000, 0]] as const : [[4_999, 2], [5_000, 1]] as const) {
        world.clock.set(START_S * 1_000 + ms);
        if (sweeps) assert.equal(await world.memberships.sweep(world.clock.now()), false);
        assert.deepEqual(await counts(world), users === 0 ? {} : { s: users }, `${ms} ms, swept: ${sweeps}`);
      }
    }
  });

  test("an expired membership that was swept counts again once it is stored anew", async (world) => {
    await world.memberships.putAll([one("ann", 1), one("bob", 1), one("eve", 2)]);
    world.clock.set((START_S + 3) * 1_000);
    await world.memberships.sweep(world.clock.now());
    await world.memberships.put(one("ann", 2));
    assert.deepEqual(await counts(world), {}, "it is expired still");
    await world.memberships.put(one("ann", 10));
    await world.memberships.put(one("bob", 1));
    assert.deepEqual(await counts(world), { s: 1 });
  });

  test("putAll() takes the last of several of one user and segment, and counts those that are new", async (world) => {
    await world.memberships.put(one("bob", 5));
    const all = [one("ann", 10), one("bob", 10), one("ann", -10), one("ann", 10, "t"), one("ann", -20)];
    assert.equal(await world.memberships.putAll(all), 2);
    assert.deepEqual(await counts(world), { s: 1, t: 1 });
    assert.equal(await world.memberships.putAll([]), 0);
  });

  test("put() of one user many times at once stores one, and tells one that it is new", async (world) => {
    const all = Array.from({ length: 20 }, (_, place) => world.memberships.put(one("ann", place - 10)));
    assert.equal((await Promise.all(all)).filter((isNew) => isNew).length, 1);
    assert.deepEqual(await counts(world), { s: 1 }, "the last one, which is live, counts");
  });

  test("the greatest and the least expiry are stored as they are", async (world) => {
    await world.memberships.putAll([
      { userId: "ann", segment: "for ever", expiresAt: EXPIRY_MAX_S },
      { userId: "ann", segment: "never", expiresAt: 0 },
    ]);
    assert.deepEqual(await counts(world), { "for ever": 1 });
    const { segments } = (await world.views.user("ann", 10))!;
    assert.deepEqual(segments, [{ title: "for ever", expiresAt: EXPIRY_MAX_S * 1_000 }]);
  });

  test("user() shows the first live segments by title, and none where nothing is known of the user", async (world) => {
    const { memberships, views } = world;
    assert.equal(await views.user("ann", 10), undefined);
    await memberships.putAll([one("ann", 9, "b"), one("ann", 8, "a"), one("ann", 7, "c"), one("ann", 0, "dead")]);
    const [a, b] = [8, 9].map((seconds) => (START_S + seconds) * 1_000);
    const first = [{ title: "a", expiresAt: a }, { title: "b", expiresAt: b }];
    assert.deepEqual(await views.user("ann", 2), { id: "ann", segments: first, balance: "0.00" });
    world.clock.set((START_S + 100) * 1_000);
    assert.deepEqual(await views.user("ann", 2), { id: "ann", segments: [], balance: "0.00" });
    assert.equal(await views.user("ANN", 2), undefined);
  });

  test("titles with one key are one segment, shown as it was first written", async (world) => {
    const { memberships, views } = world;
    assert.equal(await memberships.put(one("ann", 9, "Straße – Gold")), true);
    assert.equal(await memberships.put(one("ann", 8, "STRASSE - GOLD")), false, "it replaces the other");
    const spellings = ["strasse - gold", " straße\t-\u200b gold ", "ＳＴＲＡＳＳＥ − gold"];
    assert.equal(await memberships.putAll(spellings.map((title) => one("bob", 9, title))), 1);
    assert.equal(await memberships.putAll([one("eve", 9, "New"), one("eve", 9, "NEW"), one("joe", 9, "new")]), 2);
    assert.deepEqual(await views.segments(), [{ title: "Straße – Gold", users: 2 }, { title: "New", users: 2 }]);
    const { segments } = (await views.user("bob", 10))!;
    assert.deepEqual(segments, [{ title: "Straße – Gold", expiresAt: (START_S + 9) * 1_000 }]);
    assert.deepEqual((await views.user("eve", 10))!.segments.map(({ title }) => title), ["New"]);
  });

  test("register() makes users once, who are known without anything else", async (world) => {
    const { memberships, views } = world;
    assert.equal(await memberships.register(["user_0", "user_1"]), 2);
    assert.equal(await memberships.register(["user_1", "user_2"]), 1);
    assert.deepEqual(await views.user("user_2", 1), { id: "user_2", segments: [], balance: "0.00" });
    for (const list of ["wallet", "claims", "purchases"] as const) {
      assert.deepEqual(await views[list]("user_2", 0, 10), { data: [], next: undefined });
      assert.equal(await views[list]("user_3", 0, 10), undefined);
    }
  });

  test("property: after any puts, imports, sweeps and time, the counts are those of the live memberships", async (world) => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        // Segments of its own, and time that begins anew for them.
        const prefix = `${round++}.`;
        const model = new Map<string, Membership>();
        world.clock.set(START_S * 1_000);
        for (const step of steps) {
          if (step.kind === "pass") world.clock.set(world.clock.now() + step.ms);
          else if (step.kind === "sweep") { while (await world.memberships.sweep(world.clock.now())); }
          else {
            const all = step.all.map((one) => ({ ...one, segment: prefix + one.segment }));
            if (step.kind === "put") await Promise.all(all.map((one) => world.memberships.put(one)));
            else await world.memberships.putAll(all);
            for (const one of all) model.set(membershipKey(one), one);
          }
          const told = Object.entries(await counts(world)).filter(([title]) => title.startsWith(prefix));
          assert.deepEqual(Object.fromEntries(told), liveOf(model.values(), world.clock.now()), JSON.stringify(step));
        }
      }),
      { numRuns: runs },
    );
  });
}
