import { saleStoreContract } from "../../contracts/sale_store_contract.ts";
import { openTestEmbedded, openTestPostgres, openTestStorage } from "../../support/storage.ts";

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  saleStoreContract(name, async () => {
    const database = await open();
    const storage = await openTestStorage(database);
    return {
      store: storage.sales,
      count: async (sql) => (await database.views.query(sql))[0]![0] as number,
      close: () => storage.close(),
    };
  });
}
