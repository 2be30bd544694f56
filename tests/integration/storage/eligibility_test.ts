import assert from "node:assert/strict";
import type { Database, Sql } from "../../../src/storage/sql.ts";
import { PostgresEligibility } from "../../../src/storage/eligibility.ts";
import { create, terms } from "../../support/commands.ts";
import { decide } from "../../../src/domain/coupon.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { gate } from "../../support/world.ts";

const NOW = Date.UTC(2026, 10, 21, 14);

async function withCoupons(
  open: () => Promise<Database>,
  body: (sql: Sql, edit: (statements: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const database = await open();
  const storage = await openTestStorage(database);
  try {
    for (const [key, segment] of [["all", null], ["gold", 'g, {old} "1"'], ["silver", "silver"]] as const) {
      const decision = decide(undefined, create(terms(key, 1, { segment })), NOW);
      assert(decision.kind === "accepted");
      await storage.coupons.create(key, decision.event);
    }
    await body(database.views, (statement) => database.views.query(statement));
  } finally {
    await storage.close();
  }
}

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  Deno.test(`membership() on ${name} tells until when a user is a member of a coupon's segment`, async () => {
    await withCoupons(open, async (sql, edit) => {
      await edit(`insert into memberships (segment, user_id, expires_at) values
        ('g, {old} "1"', 'a, {b} "c"', to_timestamp(1655209411)), ('silver', 'a, {b} "c"', 'infinity'),
        ('silver', 'old', '-infinity'), ('silver', 'odd', '2026-11-21T14:00:00.0019Z')`);
      const memberships = new PostgresEligibility(sql);
      const told = await Promise.all([
        memberships.membership("all", "a"),
        memberships.membership("none", "a"),
        memberships.membership("gold", 'a, {b} "c"'),
        memberships.membership("gold", "nobody"),
        memberships.membership("silver", 'a, {b} "c"'),
        memberships.membership("silver", "old"),
        memberships.membership("silver", "odd"),
      ]);
      assert.deepEqual(told.slice(0, 2), [undefined, undefined]);
      assert.deepEqual(told[2], { segment: 'g, {old} "1"', until: 1_655_209_411_000 });
      assert.deepEqual(told[3], { segment: 'g, {old} "1"', until: 0 });
      assert(told[4]!.until > Date.UTC(9999, 0));
      assert.deepEqual(told.slice(5), [{ segment: "silver", until: 0 }, { segment: "silver", until: NOW + 1 }]);
    });
  });
}

Deno.test("membership() is read after it was asked for, many by one statement", async () => {
  await withCoupons(openTestPostgres, async (sql, edit) => {
    const { promise, open: release } = gate();
    const asked: number[] = [];
    const slow: Sql = {
      async query(text, params, name) {
        asked.push((params![0] as string[]).length);
        await promise;
        return await sql.query(text, params, name);
      },
    };
    const memberships = new PostgresEligibility(slow);
    const users = Array.from({ length: 2_500 }, (_, user) => `u${user}`);
    const first = users.slice(0, 10).map((user) => memberships.membership("silver", user));
    await undefined;
    const more = users.slice(10).map((user) => memberships.membership("silver", user));
    await edit("insert into memberships select 'silver', 'u' || n, to_timestamp(n) from generate_series(0, 2499) n");
    release();
    const told = await Promise.all([...first, ...more]);
    for (const [user, membership] of told.entries()) assert.equal(membership!.until, user * 1_000);
    assert(asked.length <= 6, asked.join());
    assert(Math.max(...asked) <= 1_000);
  });
});

Deno.test("membership() that cannot be read is a fault for those who asked, and the next one is read", async () => {
  await withCoupons(openTestPostgres, async (sql) => {
    let failures = 1;
    const memberships = new PostgresEligibility({
      query: (...of) => failures-- > 0 ? Promise.reject(new Error("no")) : sql.query(...of),
    });
    const told = await Promise.allSettled([memberships.membership("silver", "a"), memberships.membership("all", "b")]);
    for (const { reason } of told as PromiseRejectedResult[]) assert.equal(reason.code, "storage_unavailable");
    assert.deepEqual(await memberships.membership("silver", "a"), { segment: "silver", until: 0 });
  });
});

Deno.test("membership() is refused where too many wait, and those that wait are read all the same", async () => {
  await withCoupons(openTestPostgres, async (sql) => {
    const { promise, open: release } = gate();
    const memberships = new PostgresEligibility({ query: (...of) => promise.then(() => sql.query(...of)) });
    const asked = Array.from({ length: 10_000 }, (_, user) => memberships.membership("silver", `u${user}`));
    const told = Promise.allSettled(asked);
    release();
    const outcomes = await told;
    const refused = outcomes.flatMap((one) => one.status === "rejected" ? [one.reason.code] : []);
    assert(refused.length >= 10_000 - 4_096 - 2_000 && refused.length <= 10_000 - 4_096, `${refused.length}`);
    assert.deepEqual(new Set(refused), new Set(["overloaded"]));
  });
});

Deno.test("membership(), and an act's beginning and end, wait for no session that lists take", async () => {
  const database = await openTestPostgres(undefined, { views: 1 });
  const storage = await openTestStorage(database);
  try {
    // A list that takes as long as it may, and others behind it.
    const lists = ["select pg_sleep(60)", "select 1", "select 2"].map((list) => database.views.query(list));
    let listed = false;
    const ended = Promise.allSettled(lists).then(() => listed = true);
    assert.equal(await storage.eligibility.membership("none", "a"), undefined);
    const act = { caller: "admin", act: "coupon.edit", target: ["C"], address: "127.0.0.1", requestId: "r" };
    await storage.acts.complete(await storage.acts.begin(act), 200, null);
    assert.equal(listed, false);
    await database.close();
    await ended;
  } finally {
    await storage.close();
  }
});
