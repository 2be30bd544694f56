import { storeContract } from "../contracts/store_contract.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../support/storage.ts";

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  storeContract(name, async () => {
    const storage = await openTestStorage(await open());
    return { store: storage.coupons, close: () => storage.close() };
  });
}
