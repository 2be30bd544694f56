import assert from "node:assert/strict";
import { decide } from "../../src/domain/coupon.ts";
import { storeContract } from "../contracts/store_contract.ts";
import { create, terms } from "../support/commands.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../support/storage.ts";

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
      const { holders, keys } = (await storage.coupons.activate("big"))!.state;
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
