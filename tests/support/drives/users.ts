/** Which answers can be had of users, of their wallets, and of files? */
import assert from "node:assert/strict";
import type { Driver } from "./drive.ts";

/** Users and segments; one of them has claims, purchases and a wallet by now. */
export async function users(driver: Driver): Promise<void> {
  const put = (expected: string) =>
    driver.ask("putMembership", expected, { body: { ID: "a", segment: "gold", expiredSegment: 4_000_000_000 } });
  await put("201");
  await put("200");
  await driver.ask("countSegments", "200");
  await driver.ask("claimCoupon", "200", { body: { user_id: "a", coupon_name: "gold" } });
  for (const id of ["registerUsers", "registerUsersByGet"]) await driver.ask(id, "200");
  const { body: user } = await driver.ask("getUser", "200", { segments: { user_id: "a" } });
  assert.deepEqual([user.segments.length, user.balance], [1, "25.00"]);
  await driver.ask("voidClaim", "200", { segments: { name: "charge", user_id: "a" } });
  for (const id of ["listWallet", "listUserClaims", "listUserPurchases"]) {
    const { body } = await driver.ask(id, "200", { segments: { user_id: "a" } });
    assert(body.data.length > 0, `${id} has entries`);
  }
  for (const id of ["getUser", "listWallet", "listUserClaims", "listUserPurchases"]) {
    await driver.ask(id, "404 user_not_found", { segments: { user_id: "nobody" } });
  }
}

/** Files, and the trail of what was done until now. */
export async function files(driver: Driver): Promise<void> {
  for (
    const [id, segments, none, code] of [
      ["getCouponClaimsFile", { name: "charge" }, { name: "none" }, "coupon_not_found"],
      ["getSalePurchasesFile", { id: "current" }, { id: "2026-01-01T00Z" }, "sale_not_found"],
      ["getWalletFile", { user_id: "a" }, { user_id: "nobody" }, "user_not_found"],
    ] as const
  ) {
    await driver.ask(id, "200", { segments });
    await driver.ask(id, `404 ${code}`, { segments: none });
  }
  for (const id of ["getClaimsFile", "getPurchasesFile", "getWalletsFile"]) {
    const { body } = await driver.ask(id, "200");
    assert(body.split("\r\n").length > 2, `${id} has lines`);
  }
  const { body } = await driver.ask("listActs", "200", { query: { limit: 1_000 } });
  assert(body.data.length > 10);
}
