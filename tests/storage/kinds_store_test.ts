import { kindsContract } from "../contracts/kinds_contract.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../support/storage.ts";

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
}
