import assert from "node:assert/strict";
import { decide, evolve } from "../../../src/domain/coupon.ts";
import { kindsContract } from "../../contracts/kinds_contract.ts";
import { claim, create, terms, voidClaim } from "../../support/commands.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";
import { append } from "../../support/stored.ts";

const NOW = Date.UTC(2026, 10, 21, 14);

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  kindsContract(name, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    return {
      store: storage.coupons,
      async entries(id) {
        const rows = await database.views.query(
          "select user_id, claim_id, is_void, amount::text from wallet_entries where coupon_id = $1 order by id",
          [id],
        );
        return rows.map(([userId, claimId, isVoid, amount]) => ({
          userId: userId as string,
          claimId: claimId as string,
          isVoid: isVoid as boolean,
          amount: amount as string,
        }));
      },
      close: () => storage.close(),
    };
  });

  Deno.test(`${name}: activate() never forgets a charge's keys: the ledger does not either`, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    try {
      for (const [key, more] of [["plain", {}], ["gift", { kind: "charge", credit: "1.00" }]] as const) {
        const who = { id: crypto.randomUUID(), keyed: true };
        const made = decide(undefined, create(terms(key, 2, more)), NOW);
        assert(made.kind === "accepted");
        const handle = (await storage.coupons.create(key, made.event))!;
        const coupon = evolve(undefined, made.event);
        for (const [place, command] of [claim("a", who), voidClaim("a")].entries()) {
          const decision = decide(coupon, command, NOW);
          assert(decision.kind === "accepted");
          evolve(coupon, decision.event);
          await append(storage.coupons, { handle, turn: place + 1, events: [decision.event] });
        }
        const { state } = (await storage.coupons.activate(key, NOW + 3 * 24 * 3_600_000))!;
        assert.equal(state.keys.has(who.id), key === "gift", key);
      }
    } finally {
      await storage.close();
    }
  });
}
