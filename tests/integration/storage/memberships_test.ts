/** Are memberships stored and counted exactly on real databases, whoever changes them at once? */
import assert from "node:assert/strict";
import pg from "pg";
import { MembershipStore } from "../../../src/storage/membership_store.ts";
import { migrateDatabase } from "../../../src/storage/mod.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { PostgresUserViews } from "../../../src/storage/user_views.ts";
import { randomFrom } from "../../../tools/random.ts";
import { membershipsContract, type MembershipWorld, START_S } from "../../contracts/memberships_contract.ts";
import { freshDatabase } from "../../support/database.ts";
import { openTestEmbedded, openTestPostgres } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

const HOUR_S = 3_600;

async function openWorld(database: Database): Promise<MembershipWorld> {
  await migrateDatabase(database);
  let now = 0;
  const clock = { now: () => now, set: (ms: number) => void (now = ms) };
  return {
    memberships: new MembershipStore(database.activations),
    views: new PostgresUserViews(database.views, clock),
    clock,
    close: () => database.close(),
  };
}

/** Segments whose total is not the sum of their expiries, and seconds to come whose memberships are not as many. */
async function wrongCounts(database: Database, nowS: number): Promise<unknown[]> {
  return await database.views.query(
    `
    select s.title, s.total, e.n from segments s
    cross join lateral (select coalesce(sum(n), 0)::integer n from segment_expiries where segment_id = s.id) e
    where s.total <> e.n
    union all
    select s.title || ' at ' || coalesce(e.at, m.at), e.n, m.n from segments s join (
      select segment_id, at, n from segment_expiries where n <> 0 and at > to_timestamp($1)
    ) e on e.segment_id = s.id full join (
      select segment, expires_at at, count(*)::integer n from memberships where expires_at > to_timestamp($1) group by 1, 2
    ) m on m.segment = s.title and m.at = e.at
    where e.n is distinct from m.n`,
    [nowS],
  );
}

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  membershipsContract(name, async () => openWorld(await open()), 25);

  Deno.test(`sweep() on ${name} by a clock that runs ahead takes out nothing that is live`, async () => {
    const database = await open();
    const world = await openWorld(database);
    try {
      const [row] = await database.views.query("select extract(epoch from now())::integer");
      const [now, expiresAt] = [row![0] as number, (row![0] as number) + HOUR_S];
      await world.memberships.putAll(["ann", "bob"].map((userId) => ({ userId, segment: "s", expiresAt })));
      await world.memberships.sweep((now + 2 * HOUR_S) * 1_000);
      world.clock.set(now * 1_000);
      assert.deepEqual(await world.views.segments(), [{ title: "s", users: 2 }]);
      world.clock.set((now + 2 * HOUR_S) * 1_000);
      assert.deepEqual(await world.views.segments(), [], "and who counts goes by the clock that it is given");
    } finally {
      await world.close();
    }
  });

  Deno.test(`sweep() on ${name} takes a bounded number out at once, and says that there is more`, async () => {
    const database = await open();
    const world = await openWorld(database);
    try {
      const all = Array.from({ length: 12_000 }, (_, place) => {
        return { userId: `u${place}`, segment: `s${place % 3}`, expiresAt: START_S + place };
      });
      await world.memberships.putAll(all);
      const now = (START_S + 12_000) * 1_000;
      const more = [await world.memberships.sweep(now), await world.memberships.sweep(now)];
      assert.deepEqual([...more, await world.memberships.sweep(now)], [true, true, false]);
      const [row] = await database.views.query("select sum(total)::integer, count(*)::integer from segments");
      assert.deepEqual(row, [0, 3]);
      assert.deepEqual(await database.views.query("select * from segment_expiries"), []);
    } finally {
      await world.close();
    }
  });
}

Deno.test("memberships that several nodes change, import and sweep at once are counted exactly, without deadlock", async () => {
  const database = await openTestPostgres(undefined, { activations: 6 });
  try {
    await migrateDatabase(database);
    const stores = Array.from({ length: 4 }, () => new MembershipStore(database.activations));
    const random = randomFrom(7);
    const any = () => ({ userId: `u${random(200)}`, segment: `s${random(8)}`, expiresAt: START_S + random(40) });
    for (let round = 0; round < 20; round++) {
      await Promise.all(stores.flatMap((store) => [
        ...Array.from({ length: 25 }, () => store.put(any())),
        store.putAll(Array.from({ length: 50 }, any)),
        store.sweep((START_S + round) * 1_000),
      ]));
    }
    assert.deepEqual(await wrongCounts(database, START_S + 20), []);
    for (const second of [20, 25, 39, 40]) {
      const now = (START_S + second) * 1_000;
      const told = await new PostgresUserViews(database.views, { now: () => now }).segments();
      const live = await database.views.query(
        `select segment, count(*)::integer from memberships where expires_at > to_timestamp($1) group by segment`,
        [START_S + second],
      );
      const sorted = (rows: readonly (readonly unknown[])[]) => rows.map(String).sort();
      assert.deepEqual(sorted(told.map(({ title, users }) => [title, users])), sorted(live), `second ${second}`);
    }
  } finally {
    await database.close();
  }
});

Deno.test("memberships of new segments that two sessions make in opposite order are all stored", async () => {
  const database = await openTestPostgres(undefined, { activations: 2 });
  try {
    await migrateDatabase(database);
    const stores = [0, 1].map(() => new MembershipStore(database.activations));
    for (let round = 0; round < 30; round++) {
      const all = Array.from({ length: 20 }, (_, place) => {
        return { userId: "ann", segment: `${round}.${place}`, expiresAt: START_S };
      });
      const told = await Promise.all([stores[0]!.putAll(all), stores[1]!.putAll(all.toReversed())]);
      assert.equal(told[0]! + told[1]!, 20, "each is new to one of them");
    }
    assert.deepEqual(await wrongCounts(database, START_S - 1), []);
    const [row] = await database.views.query("select sum(total)::integer from segments");
    assert.deepEqual(row, [600]);
  } finally {
    await database.close();
  }
});

Deno.test("sweep() waits its turn where a segment is being changed, and lets none of it by", async () => {
  const url = await freshDatabase();
  const database = await openTestPostgres(url, { activations: 3 });
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await migrateDatabase(database);
    const store = new MembershipStore(database.activations);
    await store.putAll(["a", "b"].map((segment) => ({ userId: "ann", segment, expiresAt: START_S })));
    await client.query("begin");
    await client.query("select from segments where title = 'a' for no key update");
    const swept = store.sweep(START_S * 1_000);
    const waits = "select count(*)::integer n from pg_stat_activity where wait_event_type = 'Lock' and " +
      "datname = current_database()";
    const isWaiting = async () => (await client.query(waits)).rows[0].n > 0;
    await until(isWaiting, { what: "the sweep to wait for the segment" });
    await client.query("commit");
    await swept;
    assert.deepEqual(await database.views.query("select * from segment_expiries"), []);
    assert.deepEqual(await wrongCounts(database, START_S), []);
  } finally {
    await client.end();
    await database.close();
  }
});
