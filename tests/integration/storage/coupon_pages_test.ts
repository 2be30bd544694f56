/** In which pages is a coupon read, and in which order are the rows of coupons that wake together locked? */
import assert from "node:assert/strict";
import { Fault, Fenced } from "../../../src/ports/mod.ts";
import { decide } from "../../../src/domain/coupon.ts";
import { CouponActivator } from "../../../src/storage/coupon_activator.ts";
import { NotConnected, type Row, SEPARATOR, type Sql, SqlError } from "../../../src/storage/sql.ts";
import { create, terms } from "../../support/commands.ts";
import { openTestPostgres, openTestStorage, patientSession } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

const NOW = Date.UTC(2026, 10, 21, 14);

/** A database of one coupon with so many claims, numbered from 1. */
class Claims implements Sql {
  /** After which number each page was read; the first page comes with the coupon. */
  readonly pages: number[] = [];
  /** Names of the statements so far. */
  readonly sent: (string | undefined)[] = [];
  epoch = 1;
  isGone = false;
  onPage: (row: Row) => Row | Promise<Row> = (row) => row;

  constructor(readonly count: number) {}

  async query(_text: string, params: readonly unknown[] = [], name?: string): Promise<Row[]> {
    this.sent.push(name);
    if (name === "raise") {
      const coupon = ["C", this.count + 1, 1, false, null, null, 0, 0, ...Array(7).fill(null)];
      return [[0, 1, 0, "c", this.count, 1, ...coupon]];
    }
    if (name === "read" && this.isGone) return [];
    if (name === "read") return [[...this.#page((params[1] as number[])[0]!, 100), null, 0]];
    this.pages.push(params[1] as number);
    return [await this.onPage(this.#page(params[1] as number, 4_000))];
  }

  #page(after: number, size: number): Row {
    const numbers = Array.from({ length: Math.min(size, this.count - after) }, (_, at) => after + at + 1);
    const users = numbers.length === 0 ? null : numbers.map((n) => `u${n}`).join(SEPARATOR);
    return [this.epoch, users, null, numbers.at(-1) ?? null, numbers.length];
  }
}

Deno.test("activate() reads all claims, and no page more than tells that there is none", async () => {
  const cases: [claims: number, pages: number[]][] = [
    [0, []],
    [99, []],
    [100, [100]],
    [4_099, [100]],
    [4_100, [100, 4_100]],
    [8_099, [100, 4_100]],
    [8_100, [100, 4_100, 8_100]],
  ];
  for (const [count, pages] of cases) {
    const sql = new Claims(count);
    const { state } = (await new CouponActivator(sql, "a").activate("c", NOW))!;
    assert.deepEqual([state.holders.size, sql.pages], [count, pages], `${count} claims`);
  }
});

Deno.test("activate() asks for the next page, and that leaves, before it adds one", async () => {
  const sql = new Claims(8_000);
  let isUnderWay = false;
  const added: boolean[] = [];
  sql.onPage = (row) => {
    isUnderWay = false;
    setImmediate(() => isUnderWay = true);
    const users = row[1];
    return Object.defineProperty(row, 1, {
      get() {
        added.push(isUnderWay && sql.pages.length === 2);
        return users;
      },
    });
  };
  await new CouponActivator(sql, "a").activate("c", NOW);
  assert.equal(added[1], true, "it is looked at first for its size, then added");
});

Deno.test("activate() tells of a page that could not be read, though the one before it is still being added", async () => {
  const sql = new Claims(8_000);
  sql.onPage = (row) => {
    if (sql.pages.length === 2) throw new NotConnected("nobody listens");
    return row;
  };
  await assert.rejects(new CouponActivator(sql, "a").activate("c", NOW), (error) => {
    return error instanceof Fault && error.code === "storage_unavailable";
  });
});

Deno.test("activate() reads no further once another owner has raised the epoch, and tells what it knows by then", async () => {
  for (const raisedAt of [0, 1, 2]) {
    const sql = new Claims(20_000);
    if (raisedAt === 0) sql.epoch = 2; // before any page, the coupon's own row is the first that tells
    sql.onPage = ([, ...rest]) => [sql.pages.length >= raisedAt ? 2 : 1, ...rest];
    await assert.rejects(new CouponActivator(sql, "a").activate("c", NOW), (error) => {
      assert(error instanceof Fenced);
      const { seq, holders } = error.staleState as { seq: number; holders: { size: number } };
      assert.deepEqual([seq, holders.size], [100 + 4_000 * raisedAt, 100 + 4_000 * raisedAt]);
      return true;
    });
    assert.equal(sql.pages.length, raisedAt);
  }
});

Deno.test("activate() of a coupon that is gone once it is to be read is fenced, as by another owner", async () => {
  const sql = new Claims(200);
  sql.isGone = true;
  await assert.rejects(new CouponActivator(sql, "a").activate("c", NOW), Fenced);
});

Deno.test("activate() with what was known before reads all claims since then before it raises the epoch", async () => {
  const sql = new Claims(8_000);
  const { state } = (await new CouponActivator(sql, "a").activate("c", NOW))!;
  const later = new Claims(20_000);
  const { state: { holders, seq } } = (await new CouponActivator(later, "a").activate("c", NOW, state))!;
  assert.deepEqual([holders.size, seq], [20_000, 20_000]);
  assert.deepEqual(later.sent, [...Array(4).fill("read_page"), "raise", "read"]);
  assert.deepEqual(later.pages, [8_000, 12_000, 16_000, 20_000]);
});

/** Planner settings by which a statement meets rows in another order than that of their ids. */
const PLANS = {
  "an index by name": "set enable_seqscan = off",
  "a scan of the table": "set enable_seqscan = on; set enable_indexscan = off; set enable_indexonlyscan = off",
};

for (const [plan, settings] of Object.entries(PLANS)) {
  Deno.test(`coupons that wake together are locked in the order of their ids, as commits lock them, be it by ${plan}`, async () => {
    const database = await openTestPostgres(undefined, { activations: 1 });
    const storage = await openTestStorage(database);
    const [first, second] = [await patientSession(database), await patientSession(database)];
    try {
      const keys = ["z", "m", "a"];
      const ids: number[] = [];
      for (const key of keys) {
        const decision = decide(undefined, create(terms(key, 1)), 0);
        assert(decision.kind === "accepted");
        ids.push((await storage.coupons.create(key, decision.event))!.id);
      }
      await second.query("update coupons set paused = false where id = $1", [ids[0]]); // now the table's last row
      for (const setting of `${settings}; set lock_timeout = 0`.split("; ")) await database.activations.query(setting);
      await first.script(`begin; select from coupons where id = ${ids[0]} for update`);
      const awake = Promise.all(keys.map((key) => storage.coupons.activate(key, NOW)));
      awake.catch(() => {});
      const waiting = `select count(*)::integer from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      await until(async () => (await second.query(waiting))[0]![0] === 1, { what: "them to wait", everyMs: 5 });
      for (const id of ids.slice(1)) await second.query(`select from coupons where id = ${id} for update nowait`);
      await assert.rejects(second.query(`select from coupons where id = ${ids[0]} for update nowait`), SqlError);
      await first.script("rollback");
      assert.deepEqual((await awake).map((each) => each!.handle.id), ids);
    } finally {
      first.destroy();
      second.destroy();
      await storage.close();
    }
  });
}
