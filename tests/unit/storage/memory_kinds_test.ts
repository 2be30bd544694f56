import { kindsContract } from "../../contracts/kinds_contract.ts";
import { MemoryStore } from "../../support/memory_store.ts";

kindsContract("MemoryStore", () => {
  const store = new MemoryStore();
  return Promise.resolve({
    store,
    entries: (id) => Promise.resolve(store.entries(id)),
    close: () => Promise.resolve(),
  });
});
