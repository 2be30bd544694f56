/** Which answers can be had of coupons and claims? */
import type { Driver } from "./drive.ts";

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });
const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

/** Coupons. */
export async function coupons(driver: Driver): Promise<void> {
  const create = (expected: string, body: unknown, more = {}) =>
    driver.ask("createCoupon", expected, { body, ...more });
  await create("201", { name: "PROMO_SUPER", amount: 2 });
  await create("409 coupon_exists", { name: "promo_super", amount: 2 });
  await create("201", { name: "KEYED", amount: 1 }, keyed("create"));
  await create("422 idempotency_key_reused", { name: "KEYED", amount: 2 }, keyed("create"));
  await create("201", { name: "LATER", amount: 1, starts_at: hour(1), ends_at: hour(2) });
  await create("201", { name: "OVER", amount: 1, starts_at: hour(-2), ends_at: hour(-1) });
  await driver.ask("listCoupons", "200", { query: { search: "promo" } });
  await driver.ask("getCoupon", "404 coupon_not_found", { segments: { name: "none" } });
  for (const edit of ["putCoupon", "patchCoupon"]) {
    const segments = { name: "promo_super" };
    await driver.ask(edit, "200", { segments });
    await driver.ask(edit, "200", { segments, body: { amount: 3, ends_at: hour(1) }, ...keyed(edit) });
    await driver.ask(edit, "422 idempotency_key_reused", { segments, body: { amount: 4 }, ...keyed(edit) });
    await driver.ask(edit, "400 invalid_period", { segments, body: { starts_at: hour(2) } });
    await driver.ask(edit, "200", { segments, body: { ends_at: null } });
    await driver.ask(edit, "404 coupon_not_found", { segments: { name: "none" } });
  }
}

/** Claims, on the coupons that were made. */
export async function claims(driver: Driver): Promise<void> {
  const body = (user_id: string, coupon_name = "promo_super") => ({ user_id, coupon_name });
  const segments = (user_id: string, name = "promo_super") => ({ segments: { name, user_id } });
  for (const id of ["validateClaim", "claimCoupon"]) {
    await driver.ask(id, "200", { body: body("a") });
    await driver.ask(id, "404 coupon_not_found", { body: body("a", "none") });
    await driver.ask(id, "409 not_started", { body: body("a", "later") });
    await driver.ask(id, "410 ended", { body: body("a", "over") });
    await driver.ask("patchCoupon", "200", { segments: { name: "keyed" }, body: { paused: true } });
    await driver.ask(id, "409 paused", { body: body("a", "keyed") });
    await driver.ask("patchCoupon", "200", { segments: { name: "keyed" }, body: { paused: false } });
  }
  await driver.ask("claimCoupon", "200", { body: body("a", "keyed"), ...keyed("claim") });
  for (const id of ["validateClaim", "claimCoupon"]) {
    await driver.ask(id, "409 already_claimed", { body: body("a") });
    await driver.ask(id, "400 sold_out", { body: body("b", "keyed") });
    await driver.ask(id, "422 idempotency_key_reused", { body: body("b", "keyed"), ...keyed("claim") });
  }
  await driver.ask("getCoupon", "200", { segments: { name: "promo_super" } });
  await driver.ask("listClaims", "200", { segments: { name: "promo_super" }, query: { limit: 1 } });
  await driver.ask("listClaims", "404 coupon_not_found", { segments: { name: "none" } });
  await driver.ask("getClaim", "200", segments("a"));
  await driver.ask("getClaim", "404 claim_not_found", segments("b"));
  await driver.ask("getClaim", "404 coupon_not_found", segments("a", "none"));
  for (const id of ["putCoupon", "patchCoupon"]) {
    await driver.ask("claimCoupon", "200", { body: body(id) });
    await driver.ask(id, "409 amount_below_claimed", { segments: { name: "promo_super" }, body: { amount: 1 } });
  }
  await driver.ask("voidClaim", "200", { ...segments("a"), ...keyed("void") });
  await driver.ask("voidClaim", "422 idempotency_key_reused", { ...segments("b"), ...keyed("void") });
  await driver.ask("voidClaim", "404 claim_not_found", segments("a"));
  await driver.ask("voidClaim", "404 coupon_not_found", segments("a", "none"));
}

/** Kinds, and coupons for members. */
export async function kinds(driver: Driver): Promise<void> {
  const discount = { kind: "discount", percent_off: "15", max_discount: "20.00", min_order: 50 };
  await driver.ask("createCoupon", "201", { body: { name: "DISCOUNT", amount: 5, ...discount } });
  await driver.ask("createCoupon", "201", { body: { name: "CHARGE", amount: 5, kind: "charge", credit: 25 } });
  await driver.ask("createCoupon", "201", { body: { name: "GOLD", amount: 5, segment: "gold" } });
  await driver.ask("getCoupon", "200", { segments: { name: "discount" } });
  for (const id of ["validateClaim", "claimCoupon"]) {
    const ask = (expected: string, coupon_name: string, more = {}) =>
      driver.ask(id, expected, { body: { user_id: "a", coupon_name, ...more } });
    await ask("400 below_minimum", "discount");
    await ask("200", "discount", { order_amount: "99.99" });
    await ask("200", "charge");
    await ask("403 not_eligible", "gold");
  }
  for (const name of ["discount", "charge"]) {
    await driver.ask("getClaim", "200", { segments: { name, user_id: "a" } });
    await driver.ask("listClaims", "200", { segments: { name } });
  }
  for (const id of ["putCoupon", "patchCoupon"]) {
    await driver.ask(id, "400 invalid_terms", { segments: { name: "discount" }, body: { credit: "5.00" } });
    await driver.ask(id, "200", { segments: { name: "discount" }, body: { max_discount: null } });
  }
}
