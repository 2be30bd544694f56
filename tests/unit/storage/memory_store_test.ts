import { storeContract } from "../../contracts/store_contract.ts";
import { MemoryStore } from "../../support/memory_store.ts";

storeContract("MemoryStore", () => Promise.resolve({ store: new MemoryStore(), close: () => Promise.resolve() }));
