/** Does the journal hold against a real PostgreSQL, where its simpler forms did not? */
import assert from "node:assert/strict";
import type { Handle, Store } from "../../../src/ports/mod.ts";
import { Fault, Fenced } from "../../../src/ports/mod.ts";
import { type Coupon, type CouponEvent, type CouponKind, decide } from "../../../src/domain/coupon.ts";
import { STATEMENTS } from "../../../src/storage/coupon_sql.ts";
import { SALE_STATEMENTS } from "../../../src/storage/sale_sql.ts";
import { migrateDatabase, type Storage } from "../../../src/storage/mod.ts";
import type { Database } from "../../../src/storage/sql.ts";
import { create, terms } from "../../support/commands.ts";
import { openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { append } from "../../support/stored.ts";

const NOW = Date.UTC(2026, 10, 21, 14);

async function withStorage(body: (storage: Storage, database: Database) => Promise<void>): Promise<void> {
  const database = await openTestPostgres();
  const storage = await openTestStorage(database);
  try {
    await body(storage, database);
  } finally {
    await storage.close();
  }
}

async function make(store: Store<CouponKind>, key: string, amount: number): Promise<Handle> {
  const decision = decide(undefined, create(terms(key, amount)), NOW);
  assert(decision.kind === "accepted");
  return (await store.create(key, decision.event))!;
}

function claimed(userId: string, seq: number, remaining: number): CouponEvent {
  return { kind: "claimed", id: crypto.randomUUID(), keyed: false, userId, seq, remaining, at: NOW };
}

/** Counters against rows, over all coupons. */
async function wrongCoupons(database: Database): Promise<number> {
  const [row] = await database.views.query(`select count(*)::integer from coupons c
    where c.amount - c.remaining <> (select count(*) from claims k where k.coupon_id = c.id)`);
  return row![0] as number;
}

Deno.test("a row that is refused takes its own actor's turn with it, no one else's", async () => {
  await withStorage(async ({ coupons }, database) => {
    const handles = await Promise.all(["a", "b", "c", "d"].map((key) => make(coupons, key, 10)));
    await append(coupons, { handle: handles[1]!, turn: 1, events: [claimed("u", 1, 9)] });
    const told = await Promise.allSettled(handles.map((handle, place) => {
      const turn = place === 1 ? 2 : 1;
      return append(coupons, { handle, turn, events: [claimed("u", turn, 10 - turn)] }); // b's user holds a claim already
    }));
    assert.deepEqual(told.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    const { reason } = told[1] as PromiseRejectedResult;
    assert(reason instanceof Fault && reason.code === "data_error");
    assert.equal(await wrongCoupons(database), 0);
  });
});

Deno.test("activations and commits of the same actors, from two nodes, deadlock never and count right", async () => {
  await withStorage(async (one, database) => {
    const two = await openTestStorage(await openTestPostgres(databaseUrl(database)));
    const keys = Array.from({ length: 60 }, (_, place) => `k${place}`);
    await Promise.all(keys.map((key) => make(one.coupons, key, 1_000)));
    let stored = 0;
    let fenced = 0;
    const tenure = async ({ coupons }: Storage, name: string, key: string) => {
      const { handle, turn, state } = (await coupons.activate(key, NOW))!;
      for (let next = 1; next <= 4; next++) {
        const event = claimed(`${name}-${next}`, state.seq + next, state.remaining - next);
        await append(coupons, { handle, turn: turn + next, events: [event] });
        stored++;
      }
    };
    const owner = async (storage: Storage, name: string, key: string) => {
      for (let round = 0; round < 12; round++) {
        try {
          await tenure(storage, `${name}${round}`, key);
        } catch (error) { // the other took it: while it was read, or later
          assert(error instanceof Fenced, String((error as Error).cause ?? error));
          fenced++;
        }
      }
    };
    try {
      await Promise.all(keys.flatMap((key) => [owner(one, "a", key), owner(two, "b", key)]));
      assert(stored > 0 && fenced > 0, `${stored} stored, ${fenced} fenced`);
      assert.equal(await wrongCoupons(database), 0);
      const [row] = await database.views.query("select count(*)::integer from claims");
      assert.equal(row![0], stored, "every part that was accepted is stored, no other");
      const [deadlocks] = await database.views.query(
        "select deadlocks::integer from pg_stat_database where datname = current_database()",
      );
      assert.equal(deadlocks![0], 0);
    } finally {
      await two.close();
    }
  });
});

function databaseUrl(database: Database): string {
  return `postgres://doorbuster@${database.description.split(" at ")[1]}`;
}

Deno.test("a take-over waits for the commit in flight and sees its claims", async () => {
  await withStorage(async ({ coupons }) => {
    let handle = await make(coupons, "k", 100_000);
    let turn = 0;
    let seq = 0;
    for (let round = 0; round < 30; round++) {
      const events = Array.from({ length: 50 }, () => claimed(`u${++seq}`, seq, 100_000 - seq));
      const appended = append(coupons, { handle, turn: turn + 1, events }).then(() => true, () => false);
      const activation = (await coupons.activate("k", NOW))!;
      const stored = await appended;
      if (!stored) seq -= 50;
      assert.equal(activation.state.holders.size, seq, stored ? "its claims are seen" : "nothing of it is seen");
      assert.equal(activation.state.remaining, 100_000 - seq);
      ({ handle, turn } = activation);
    }
  });
});

Deno.test("an activation that another overtook leaves what it read to the next one", async () => {
  await withStorage(async (one, database) => {
    const two = await openTestStorage(await openTestPostgres(databaseUrl(database)));
    try {
      const handle = await make(one.coupons, "k", 100_000);
      for (let turn = 1; turn <= 6; turn++) {
        const events = Array.from({ length: 8_000 }, (_, user) => {
          const seq = (turn - 1) * 8_000 + user + 1;
          return claimed(`u${seq}`, seq, 100_000 - seq);
        });
        await append(one.coupons, { handle, turn, events });
      }
      let remnants = 0;
      for (let round = 0; round < 5; round++) {
        const both = await Promise.allSettled([one.coupons.activate("k", NOW), two.coupons.activate("k", NOW)]);
        for (const told of both) {
          if (told.status === "fulfilled") continue;
          assert(told.reason instanceof Fenced, String(told.reason));
          remnants++;
          const { state } = (await two.coupons.activate("k", NOW, told.reason.staleState as Coupon))!;
          assert.deepEqual([state.holders.size, state.remaining, state.seq], [48_000, 52_000, 48_000]);
          for (let user = 1; user <= 48_000; user++) assert(state.holders.has(`u${user}`));
        }
      }
      assert(remnants > 0, "no activation was overtaken");
    } finally {
      await two.close();
    }
  });
});

Deno.test("a lane whose session ended makes another and goes on", async () => {
  await withStorage(async ({ coupons }, database) => {
    let { handle, turn } = { handle: await make(coupons, "k", 100), turn: 0 };
    await database.views.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    for (let seq = 1; seq <= 20; seq++) {
      try {
        await append(coupons, { handle, turn: turn + 1, events: [claimed(`u${seq}`, seq, 100 - seq)] });
        turn++;
      } catch {
        ({ handle, turn } = (await coupons.activate("k", NOW))!);
      }
    }
    await append(coupons, { handle, turn: turn + 1, events: [claimed("last", 50, 100 - turn - 1)] });
    assert.equal(await wrongCoupons(database), 0);
  });
});

Deno.test("the journal's statements, planned on empty tables, reach the large ones by their keys alone", async () => {
  const database = await openTestPostgres();
  await migrateDatabase(database);
  const lane = await database.connect();
  const one = (columns: number) => Array(columns).fill("{1}");
  const none = (columns: number) => Array(columns).fill("{}");
  const json = (...names: string[]) => JSON.stringify(Object.fromEntries(names.map((name) => [name, []])));
  const claims = [...one(6), ...none(5), ""];
  const sales = [...one(6), ...none(4), "", ...none(7), "", ...none(4), ...none(7), "", ...one(1)];
  const given: Record<string, string[]> = {
    claims,
    confirming: [...claims, ...one(2)],
    turns: [...claims, ...one(2), json("edits", "detailed", "updates", "deletes", "receipts", "entries")],
    sales,
    sale_turns: [...sales, ...one(2), json("edits", "ended", "voided", "receipts")],
  };
  try {
    for (const [name, text] of Object.entries({ ...STATEMENTS, ...SALE_STATEMENTS })) {
      const params = given[name]!;
      await lane.query(text, params, name);
      const values = params.map((value) => `'${value}'`).join();
      const plan = (await lane.query(`explain execute ${name}(${values})`)).map(([line]) => String(line));
      const reads = plan.filter((line) => /Scan.* on (coupons|claims|sales|items|holds|purchases)\b/.test(line));
      assert(reads.length > 0);
      for (const line of reads) {
        assert.match(line, /Index (Only )?Scan using|Bitmap Heap Scan/);
        assert.match(plan[plan.indexOf(line) + 1]!, /(Index|Recheck) Cond: .*= ANY/, line);
      }
    }
  } finally {
    lane.destroy();
    await database.close();
  }
});
