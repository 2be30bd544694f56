import { membershipsContract } from "../../contracts/memberships_contract.ts";
import { MemoryUsers } from "../../support/memory_users.ts";

membershipsContract("MemoryUsers", () => {
  let now = 0;
  const clock = { now: () => now, set: (ms: number) => void (now = ms) };
  const users = new MemoryUsers(clock);
  return Promise.resolve({ memberships: users, views: users, clock, close: () => Promise.resolve() });
}, 50);
