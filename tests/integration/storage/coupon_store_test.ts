import assert from "node:assert/strict";
import { decide } from "../../../src/domain/coupon.ts";
import { storeContract } from "../../contracts/store_contract.ts";
import { create, terms } from "../../support/commands.ts";
import { freshDatabase } from "../../support/database.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { until } from "../../support/until.ts";

const NOW = Date.UTC(2026, 10, 21, 14);
/** Of three whole pages and a part. */
const CLAIMS = 12_250;

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  storeContract(name, async () => {
    const storage = await openTestStorage(await open());
    return { store: storage.coupons, close: () => storage.close() };
  });

  Deno.test(`${name}: activate() brings every claim and every key of a coupon of many pages`, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    try {
      const decision = decide(undefined, create(terms("big", CLAIMS)), 0);
      assert(decision.kind === "accepted");
      await storage.coupons.create("big", decision.event);
      await database.activations.query(`with c as (update coupons set remaining = 0, seq = amount returning id)
        insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
        select id, n, ${CLAIMS} - n, n % 50 = 0, now(), lpad(n::text, 32, '0')::uuid, 'u' || n
        from c, generate_series(1, ${CLAIMS}) n`);
      const { holders, keys } = (await storage.coupons.activate("big", NOW))!.state;
      assert.equal(holders.size, CLAIMS);
      for (let n = 1; n <= CLAIMS; n++) {
        const id = `${n}`.padStart(32, "0").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
        assert(holders.has(`u${n}`), `u${n}`);
        assert.equal(keys.has(id), n % 50 === 0, id);
      }
    } finally {
      await storage.close();
    }
  });
}

Deno.test("pages of claims are read once each, though nothing of a table that grew fast was analyzed", async () => {
  const url = await freshDatabase();
  const database = await openTestPostgres(url);
  const storage = await openTestStorage(database);
  try {
    const decision = decide(undefined, create(terms("big", 40_000)), 0);
    assert(decision.kind === "accepted");
    await storage.coupons.create("big", decision.event);
    await database.activations.query("alter table claims set (autovacuum_enabled = off)");
    await database.activations.query(`with c as (update coupons set remaining = 0, seq = amount returning id)
      insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
      select id, n, 40000 - n, false, now(), gen_random_uuid(), 'u' || n from c, generate_series(1, 40000) n`);
    assert.equal((await storage.coupons.activate("big", NOW))!.state.holders.size, 40_000);
    for (let page = 0; page < 10; page++) {
      assert.equal((await storage.views.claims("big", 0, 100))!.data.length, 100);
      assert.equal((await storage.views.coupon("big", 1_000))!.claimedBy.length, 1_000);
    }
  } finally {
    await storage.close(); // its sessions tell what they read
  }
  const after = await openTestPostgres(url);
  try {
    const read = async () => {
      const rows = await after.views.query(
        "select coalesce(idx_tup_fetch, 0) + seq_tup_read from pg_stat_user_tables where relname = 'claims'",
      );
      return Number(rows[0]![0]);
    };
    await until(async () => await read() >= 51_000, { what: "the statistics" });
    assert((await read()) < 60_000, `${await read()} claims were read`);
  } finally {
    await after.close();
  }
});
