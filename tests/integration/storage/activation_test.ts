/** Does an activation read all that was stored before its epoch, and nothing that is another's? */
import assert from "node:assert/strict";
import { Fenced } from "../../../src/ports/mod.ts";
import { decide } from "../../../src/domain/coupon.ts";
import { saleRules } from "../../../src/domain/sale.ts";
import { CouponActivator } from "../../../src/storage/coupon_activator.ts";
import type { Storage } from "../../../src/storage/mod.ts";
import { SaleActivator } from "../../../src/storage/sale_activator.ts";
import type { Connection, Database, Sql } from "../../../src/storage/sql.ts";
import { create, terms } from "../../support/commands.ts";
import { KEY, NUMBER, open, settingsOf, START } from "../../support/sale_commands.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage, patientSession } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

async function makeCoupon({ coupons }: Storage, key: string): Promise<number> {
  const decision = decide(undefined, create(terms(key, 10)), START);
  assert(decision.kind === "accepted");
  return (await coupons.create(key, decision.event))!.id;
}

async function makeSale({ sales }: Storage): Promise<void> {
  const decision = saleRules(settingsOf()).decide(undefined, open(5), START);
  assert(decision.kind === "accepted" && decision.event !== undefined);
  await sales.create(KEY, decision.event);
}

/** What a commit of another owner comes to: a claim by `late`. */
const claimed = (id: number, seq: number) =>
  `update coupons set remaining = remaining - 1, seq = ${seq}, turn = turn + 1 where id = ${id};
  insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
    values (${id}, ${seq}, 9, false, now(), gen_random_uuid(), 'late ${seq}')`;

/** A hold of item 1 by `late`. */
const HELD = `update sales set attempts = 1, turn = turn + 1 where id = ${NUMBER};
  insert into attempts values (${NUMBER}, 1, 1, now(), 'ok', 'late');
  insert into holds (sale_id, n, keyed, created_at, expires_at, code, id, user_id)
    values (${NUMBER}, 1, false, now(), now() + interval '1 hour', gen_random_uuid(), gen_random_uuid(), 'late')`;

/** Storage whose activations wait for as long as it takes, and another owner's session. */
async function withOwner(body: (storage: Storage, owner: Connection, database: Database) => Promise<void>) {
  const database = await openTestPostgres(undefined, { activations: 1 });
  const storage = await openTestStorage(database);
  const owner = await patientSession(database);
  try {
    await database.activations.query("set lock_timeout = 0");
    await body(storage, owner, database);
  } finally {
    owner.destroy();
    await storage.close();
  }
}

/** Commits what the owner has under way, once something waits for it. */
async function commitOnceAwaited(owner: Connection, { views }: Database): Promise<void> {
  const waiting = `select count(*)::integer from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  await until(async () => (await views.query(waiting))[0]![0] === 1, { what: "the activation to wait", everyMs: 5 });
  await owner.script("commit");
}

Deno.test("coupons that wake together while a commit is under way wake with what it stored", async () => {
  await withOwner(async (storage, owner, database) => {
    const ids = [await makeCoupon(storage, "a"), await makeCoupon(storage, "b"), await makeCoupon(storage, "c")];
    await owner.script(`begin; ${claimed(ids[0]!, 1)}; ${claimed(ids[2]!, 1)}; ${claimed(ids[2]!, 2)}`);
    const awake = Promise.all(["a", "b", "c"].map((key) => storage.coupons.activate(key, START)));
    await commitOnceAwaited(owner, database);
    const told = (await awake).map((activation) => {
      const { turn, state: { remaining, seq, holders } } = activation!;
      return [turn, remaining, seq, ["late 1", "late 2"].filter((user) => holders.has(user))];
    });
    assert.deepEqual(told, [[1, 9, 1, ["late 1"]], [0, 10, 0, []], [2, 8, 2, ["late 1", "late 2"]]]);
  });
});

Deno.test("a sale that wakes while a commit is under way wakes with what it stored", async () => {
  await withOwner(async (storage, owner, database) => {
    await makeSale(storage);
    await owner.script(`begin; ${HELD}`);
    const awake = storage.sales.activate(KEY, START);
    await commitOnceAwaited(owner, database);
    const { turn, state } = (await awake)!;
    assert.deepEqual([turn, state.attempts, state.stock[1] !== undefined], [1, 1, true]);
  });
});

for (const [name, openDatabase] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  Deno.test(`${name}: an activation that another overtakes between any two of its statements is fenced`, async () => {
    const database = await openDatabase();
    const storage = await openTestStorage(database);
    /** A database on which another owner takes the actors after so many statements, once, and then stores something. */
    const overtaken = (after: number, take: () => Promise<unknown>): Sql => {
      let statements = 0;
      return {
        async query(text, params, name) {
          if (statements++ === after) await take();
          return await database.activations.query(text, params, name);
        },
      };
    };
    try {
      const id = await makeCoupon(storage, "a");
      for (let seq = 1; seq <= 2; seq++) {
        for (const statement of claimed(id, seq).split(";\n")) await database.views.query(statement);
      }
      await makeSale(storage);
      const takeCoupon = async () => {
        assert(await storage.coupons.activate("a", START));
        await database.views.query("delete from claims where user_id = 'late 1'");
      };
      const coupons = new CouponActivator(overtaken(1, takeCoupon), "slow");
      await assert.rejects(coupons.activate("a", START), Fenced);
      assert(!(await coupons.activate("a", START))!.state.holders.has("late 1"));
      const takeSale = async () => assert(await storage.sales.activate(KEY, START));
      const sales = new SaleActivator(overtaken(1, takeSale), "slow");
      await assert.rejects(sales.activate(NUMBER, START), Fenced);
      assert.equal((await sales.activate(NUMBER, START))!.state.items, 5);
    } finally {
      await storage.close();
    }
  });
}
