/** Are promises kept behind a connection pooler, and in a session whose commits do not wait for the disk? */
import assert from "node:assert/strict";
import { startPgBouncer } from "../../../tools/pgbouncer.ts";
import type { Handle } from "../../../src/ports/mod.ts";
import { decide } from "../../../src/domain/coupon.ts";
import type { Storage } from "../../../src/storage/mod.ts";
import { type Connection, type Database, SessionRefused } from "../../../src/storage/sql.ts";
import { create, terms } from "../../support/commands.ts";
import { freshDatabase } from "../../support/database.ts";
import { NO_EVENTS, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { append } from "../../support/stored.ts";

const NOW = Date.UTC(2026, 10, 21, 14);
const POOLER = /no transaction pooler may stand between/;

async function make({ coupons }: Storage, key: string): Promise<Handle> {
  const decision = decide(undefined, create(terms(key, 10)), NOW);
  assert(decision.kind === "accepted");
  return (await coupons.create(key, decision.event))!;
}

function claim({ coupons }: Storage, handle: Handle, turn: number): Promise<void> {
  const id = crypto.randomUUID();
  const event = {
    kind: "claimed",
    id,
    keyed: false,
    userId: `u${turn}`,
    seq: turn,
    remaining: 10 - turn,
    at: NOW,
  } as const;
  return append(coupons, { handle, turn, events: [event] });
}

async function count(database: Database, table: string): Promise<unknown> {
  return (await database.views.query(`select count(*)::integer from ${table}`))[0]![0];
}

/** Lends a PgBouncer before the test run's PostgreSQL. */
async function behind(settings: Record<string, string>, body: (url: string) => Promise<void>): Promise<void> {
  const url = await freshDatabase();
  const pooler = await startPgBouncer(url, settings);
  try {
    await body(pooler.urlOf(url));
  } finally {
    await pooler.stop();
  }
}

for (
  const [what, more] of [["", {}], [", which ignores what a connection asks for", {
    ignore_startup_parameters: "options",
  }]] as const
) {
  Deno.test(`behind a pooler in session mode${what}, claims are stored, and every session is as it is to be`, async () => {
    await behind({ pool_mode: "session", ...more }, async (url) => {
      const database = await openTestPostgres(url, { statementTimeoutMs: 5_000 });
      await database.views.query(`alter database "${new URL(url).pathname.slice(1)}" set synchronous_commit = off`);
      const storage = await openTestStorage(database);
      try {
        const handle = await make(storage, "k");
        await claim(storage, handle, 1);
        assert.equal(await count(database, "claims"), 1);
        const lane = await database.connect();
        for (const sql of [lane, database.activations, database.views]) {
          const names = ["synchronous_commit", "statement_timeout", "lock_timeout", "timezone"];
          const [row] = await sql.query(`select ${names.map((name) => `current_setting('${name}')`).join()}`);
          assert.deepEqual(row, ["on", "5s", "1s", "UTC"]);
        }
        lane.destroy();
      } finally {
        await storage.close();
      }
    });
  });
}

for (const mode of ["transaction", "statement"]) {
  for (const settings of [{}, { server_round_robin: "1", min_pool_size: "3" }] as Record<string, string>[]) {
    const how = Object.entries(settings).map(([name, value]) => `, ${name}=${value}`).join("");
    Deno.test(`a pooler in ${mode} mode${how} is refused, by the first session or the next ones`, async () => {
      await behind({ pool_mode: mode, ...settings }, async (url) => {
        const database = await openTestPostgres(url);
        const kept: Connection[] = [];
        const open = async () => {
          for (let sessions = 0; sessions < 4; sessions++) kept.push(await database.connect());
        };
        await assert.rejects(open, (error) => error instanceof SessionRefused && POOLER.test(error.message));
        for (const session of kept) session.destroy();
        await database.close();
      });
    });
  }
}

/** Opens storage whose lanes' sessions are known, the newest last. */
async function openWatched() {
  const url = await freshDatabase();
  const database = await openTestPostgres(url, { activations: 1 });
  const sessions: Connection[] = [];
  const spoil = { next: 0 };
  const watched: Database = {
    ...database,
    async connect() {
      const session = await database.connect();
      sessions.push(session);
      if (spoil.next-- > 0) await session.script("set synchronous_commit = off");
      return session;
    },
  };
  const told: Error[] = [];
  const storage = await openTestStorage(watched, {
    lanes: 1,
    timeoutMs: 500,
    events: { ...NO_EVENTS, disconnected: (error) => void told.push(error) },
  });
  return { storage, database, sessions, spoil, told };
}

for (const value of ["off", "local", "remote_write"]) {
  Deno.test(`a commit in a session with synchronous_commit=${value} stores nothing, and is stored by the next session`, async () => {
    const { storage, database, sessions, told } = await openWatched();
    try {
      const handle = await make(storage, "k");
      const lanes = sessions.slice(-2);
      for (const lane of lanes) await lane.script(`set synchronous_commit = ${value}`);
      await claim(storage, handle, 1);
      assert.equal(lanes.filter(({ lost }) => lost).length, 1, "the session is dropped");
      assert.deepEqual([await count(database, "claims"), told.length], [1, 1]);
      assert.match(told[0]!.message, POOLER);
      assert(told[0] instanceof SessionRefused);
    } finally {
      await storage.close();
    }
  });
}

Deno.test("while every session lacks synchronous_commit nothing is stored, and ten sessions a second are tried", async () => {
  const { storage, database, sessions, spoil, told } = await openWatched();
  try {
    const handle = await make(storage, "k");
    for (const lane of sessions.slice(-2)) await lane.script("set synchronous_commit = off");
    spoil.next = Infinity;
    const before = sessions.length;
    const since = performance.now();
    await assert.rejects(claim(storage, handle, 1), { code: "storage_unavailable" });
    const tenths = (performance.now() - since) / 100;
    assert.equal(await count(database, "claims"), 0);
    assert(
      sessions.length - before <= tenths + 2,
      `${sessions.length - before} sessions in ${tenths} tenths of a second`,
    );
    assert(told.length >= 2 && told.every((error) => POOLER.test(error.message)));
    spoil.next = 0;
    await claim(storage, handle, 1);
    assert.equal(await count(database, "claims"), 1);
  } finally {
    await storage.close();
  }
});

Deno.test("what else is acknowledged is stored by a session with synchronous_commit alone", async () => {
  const { storage, database } = await openWatched();
  const { memberships, acts, bulkJobs, coupons } = storage;
  const act = { caller: "admin", act: "coupon.edit", target: ["x"], address: "127.0.0.1", requestId: "r" };
  const job = { id: crypto.randomUUID(), count: 1, pattern: "##", terms: { amount: 1 } };
  const writes: Record<string, () => Promise<unknown>> = {
    coupons: () => make(storage, "other"),
    users: () => memberships.register(["user_0"]),
    memberships: () => memberships.put({ userId: "u", segment: "s", expiresAt: NOW }),
    admin_acts: () => acts.begin(act),
    bulk_jobs: () => bulkJobs.add(job as never),
  };
  try {
    await make(storage, "k");
    for (const [table, write] of Object.entries(writes)) {
      const before = await count(database, table);
      await database.activations.query("set synchronous_commit = off");
      await assert.rejects(write, { code: "storage_unavailable", message: POOLER }, table);
      assert.equal(await count(database, table), before, table);
      await write();
      assert.notEqual(await count(database, table), before, table);
    }
    await database.activations.query("set synchronous_commit = off");
    await assert.rejects(coupons.activate("k", NOW), { code: "storage_unavailable" });
    assert.equal((await coupons.activate("k", NOW))!.handle.epoch, 2, "the epoch is raised once");
  } finally {
    await storage.close();
  }
});
