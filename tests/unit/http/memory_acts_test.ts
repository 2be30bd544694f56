import { adminActsContract } from "../../contracts/admin_acts_contract.ts";
import { MemoryActs } from "../../support/memory_acts.ts";

adminActsContract("in memory", () => Promise.resolve({ acts: new MemoryActs(Date), close: () => Promise.resolve() }));
